import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { sweepAbandonedUploads } from "../../src/store/sweep.ts";
import { makeTempRoot, type TempRoot } from "./temp-root.ts";

setDefaultTimeout(60_000);

const KILLS = 25;

describe("a server that is killed in the middle of uploads", () => {
  let temp: TempRoot;
  beforeEach(() => {
    temp = makeTempRoot();
  });
  afterEach(() => temp.remove());

  test(`leaves only whole files under real names, and what else it leaves is swept (${KILLS} kills)`, async () => {
    let swept = 0;
    let whole = 0;
    for (let run = 0; run < KILLS; run += 1) {
      const command = [process.execPath, join(import.meta.dir, "crash-writer.ts"), temp.root, `${run}`];
      const writer = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
      await writer.stdout.getReader().read();
      // Any moment will do, and that is the point.
      await Bun.sleep(Math.random() * 40);
      writer.kill("SIGKILL");
      await writer.exited;
      const left = filesBelow(temp.root);
      for (const path of left.filter((each) => !isPart(each))) {
        expect([path, isWhole(path)]).toEqual([path, true]);
        whole += 1;
      }
      swept += await sweepAbandonedUploads(temp.root);
      expect(filesBelow(temp.root).filter(isPart)).toEqual([]);
    }
    // Otherwise nothing was in the middle of anything, or nothing ever got done.
    expect(swept).toBeGreaterThan(KILLS);
    expect(whole).toBeGreaterThan(0);
  }, 60_000);
});

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((name) => join(root, name))
    .filter((path) => statSync(path).isFile());
}

function isPart(path: string): boolean {
  return path.endsWith(".part");
}

/** Whether the file is as long as it says at its beginning, and filled with one byte. */
function isWhole(path: string): boolean {
  const bytes = readFileSync(path);
  if (bytes.length < 5 || bytes.readUInt32BE(0) !== bytes.length) return false;
  return bytes.subarray(4).equals(Buffer.alloc(bytes.length - 4, bytes[4]));
}
