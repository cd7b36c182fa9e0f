import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { openDiskStore } from "../../src/store/disk.ts";
import type { Store } from "../../src/store/store.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { allNames, findText, makeTempRoot, SECRET, type TempRoot, urlPath } from "./temp-root.ts";

setDefaultTimeout(60_000);

// Only the way by descriptors is without a race; see reach-portable.ts about the other.
describe.skipIf(process.platform !== "linux")("a folder that is swapped for a link out of the root", () => {
  let temp: TempRoot;
  let store: Store;
  beforeEach(() => {
    temp = makeTempRoot();
    store = openDiskStore(temp.root, { way: "descriptor" });
    temp.file("dir/secret.txt", "inside");
    symlinkSync(temp.outside, temp.at("link"));
  });
  afterEach(() => temp.remove());

  /**
   * Runs `attempt` while another process swaps, until it says that it has seen enough. Returns the number of swaps.
   */
  async function whileSwapping(
    attempt: () => Promise<"enough" | "more"> | "enough" | "more",
  ): Promise<number> {
    const command = [process.execPath, join(import.meta.dir, "swapper.ts"), temp.root];
    const swapper = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    const output = swapper.stdout.getReader();
    const read = async () => Buffer.from((await output.read()).value ?? []).toString();
    expect(await read()).toBe("ready\n");
    try {
      while ((await attempt()) === "more") await new Promise((resolve) => setImmediate(resolve));
    } finally {
      await swapper.stdin.end();
    }
    const swaps = Number(await read());
    await swapper.exited;
    return swaps;
  }

  test("never has find() read a file outside", async () => {
    const counts = new Map<string | undefined, number>();
    const path = urlPath("/dir/secret.txt");
    const started = performance.now();
    const swaps = await whileSwapping(() => {
      for (let count = 0; count < 500; count += 1) {
        const text = findText(store, path);
        counts.set(text, (counts.get(text) ?? 0) + 1);
      }
      const isSeen = (counts.get("file: inside") ?? 0) > 2_000 && (counts.get(undefined) ?? 0) > 2_000;
      return isSeen && performance.now() - started > 1_000 ? "enough" : "more";
    });
    expect(swaps).toBeGreaterThan(2_000);
    expect(new Set(counts.keys())).toEqual(new Set(["file: inside", undefined]));
  });

  test("never has folder() show a folder outside", async () => {
    const seen = new Set<string>();
    const path = urlPath("/dir/");
    temp.file("dir/only-inside.txt");
    let attempts = 0;
    await whileSwapping(async () => {
      const folder = store.folder(path);
      for (const { name } of folder === undefined ? [] : await allNames(folder)) seen.add(name);
      const entry = folder?.measure("secret.txt");
      if (entry?.kind === "file") seen.add(`${entry.sizeBytes} bytes`);
      folder?.close();
      attempts += 1;
      return attempts > 1_500 && seen.size >= 3 ? "enough" : "more";
    });
    expect([...seen].sort()).toEqual([`${"inside".length} bytes`, "only-inside.txt", "secret.txt"]);
    expect(SECRET.length).not.toBe("inside".length);
  });

  test("never has an upload write, make or remove anything outside", async () => {
    const before = statSync(temp.outside, { bigint: true });
    const outcomes = new Map<string, number>();
    const note = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    let attempts = 0;
    await whileSwapping(async () => {
      attempts += 1;
      const path = attempts % 2 === 0 ? `/dir/${attempts}.txt` : `/dir/made-${attempts}/x.txt`;
      try {
        const upload = store.uploads?.begin(urlPath(path), {
          onExist: attempts % 3 === 0 ? "replace" : "refuse",
        });
        upload?.write(Buffer.from("x"));
        if (attempts % 20 === 0) await upload?.commit();
        upload?.discard();
        note("done");
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        note(error.kind);
      }
      return attempts > 3_000 && (outcomes.get("done") ?? 0) > 100 && outcomes.size > 1 ? "enough" : "more";
    });
    // A file that is made and removed again would leave its mark in the folder's times.
    expect(statSync(temp.outside, { bigint: true })).toMatchObject({
      mtimeNs: before.mtimeNs,
      nlink: before.nlink,
    });
    expect(readdirSync(temp.outside)).toEqual(["secret.txt"]);
    expect(readFileSync(join(temp.outside, "secret.txt"), "utf8")).toBe(SECRET);
    expect([...outcomes.keys()]).toContain("denied");
  });
});
