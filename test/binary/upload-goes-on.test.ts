/** `netfile put` of a large file that is ended in the middle, and begun again. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type CuttingProxy, startCuttingProxy } from "../support/cutting-proxy.ts";
import {
  cleanEnvironment,
  netfileBinary,
  type NetfileServer,
  runNetfile,
  runProgram,
  startNetfile,
} from "../support/netfile-binary.ts";
import { noise, ScratchFolder } from "../support/scratch-folder.ts";

setDefaultTimeout(60_000);

const MIB = 1024 * 1024;
const SIZE = 24 * MIB + 7;
const HELD_AFTER = 10 * MIB;
const CONTENT = noise(SIZE);
const UPLOADS = ".local/state/netfile/uploads";

/** The first upload comes to a standstill in the middle, as one over a line that is dead. */
const holdFirst = (index: number) => (index === 0 ? HELD_AFTER : undefined);

let served: ScratchFolder;
let folder: ScratchFolder;
let server: NetfileServer;
let proxy: CuttingProxy;
beforeEach(async () => {
  served = new ScratchFolder();
  folder = new ScratchFolder({ "big.bin": CONTENT });
  server = await startNetfile(["0", "--upload", "--allow", "all"], { cwd: served.path });
  proxy = await startCuttingProxy({ targetPort: server.port, cutAfter: holdFirst, how: "hold" });
});
afterEach(async () => {
  proxy.stop();
  await server.stop();
  served[Symbol.dispose]();
  folder[Symbol.dispose]();
});

const url = () => `http://127.0.0.1:${proxy.port}/up/big.bin`;
const records = () =>
  (folder.has(UPLOADS) ? readdirSync(folder.at(UPLOADS)) : []).filter((name) => name.endsWith(".json"));
const put = (...words: string[]) => runNetfile(["put", ...words], { cwd: folder.path });
const saved = () => served.bytes("up/big.bin");
/** Names of what an upload that isn't over has left on the server. */
const unfinished = () => served.tree().filter((name) => name.includes(".netfile-upload-"));

/** Begins an upload, and ends it by `signal` when it has come to a standstill and the next run could go on. */
async function endInTheMiddle(signal: NodeJS.Signals, words: readonly string[]) {
  const child = Bun.spawn([await netfileBinary(), "put", ...words], {
    cwd: folder.path,
    env: cleanEnvironment(folder.path),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  while (child.exitCode === null && (records().length === 0 || proxy.passedBytes() < HELD_AFTER)) {
    await Bun.sleep(5);
  }
  child.kill(signal);
  const stderr = await child.stderr.text();
  return { code: await child.exited, stderr };
}

describe("netfile put that was ended in the middle", () => {
  test("goes on with what the server has, to the right bytes, and forgets it then", async () => {
    await endInTheMiddle("SIGKILL", ["big.bin", url()]);
    expect(served.has("up/big.bin")).toBe(false);
    const [name = ""] = records();
    expect(folder.text(`${UPLOADS}/${name}`)).toContain("/.netfile-upload/");
    const again = await put("big.bin", url());
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("Going on with the upload that was ended: the server has ");
    expect(again.stderr).toMatch(
      /Sent big\.bin — 25 MB in .*, [\d.]+ MB of it before, saved as \/up\/big\.bin/,
    );
    expect(saved().equals(CONTENT)).toBe(true);
    expect(proxy.passedBytes()).toBeLessThan(SIZE + MIB);
    expect([records(), unfinished()]).toEqual([[], []]);
  });

  test("tells at Ctrl-C how to go on, and that goes on", async () => {
    const { code, stderr } = await endInTheMiddle("SIGINT", ["big.bin", url()]);
    expect(code).toBe(130);
    const [, kept, command = ""] = /Interrupted; (\S+) MB are kept, go on with: (.*)\n/.exec(stderr) ?? [];
    expect(Number(kept)).toBeGreaterThan(5);
    expect(command).toBe(`netfile put big.bin ${url()}`);
    const path = `${dirname(await netfileBinary())}:${process.env["PATH"] ?? ""}`;
    const again = await runProgram(["sh", "-c", command], { cwd: folder.path, env: { PATH: path } });
    expect([again.code, saved().equals(CONTENT), proxy.passedBytes() < SIZE + MIB]).toEqual([0, true, true]);
  });

  test("goes on in a folder that is sent whole, and tells how much of it was there", async () => {
    folder.folder("in");
    writeFileSync(folder.at("in/big.bin"), CONTENT);
    const words = ["-r", "in", `http://127.0.0.1:${proxy.port}/up/`];
    // The first connection lists the folder, and is then used for the upload.
    await endInTheMiddle("SIGKILL", words);
    const again = await put(...words, "--json");
    const [, finished] = again.stdout
      .split("\n")
      .flatMap((line) => (line.includes('"progress"') ? [] : [line]));
    const { event, resumedBytes, exitCode } = JSON.parse(finished ?? "") as Record<string, unknown>;
    expect({ event, exitCode }).toEqual({ event: "finished", exitCode: 0 });
    expect(resumedBytes).toBeGreaterThan(5 * MIB);
    expect(saved().equals(CONTENT)).toBe(true);
  });

  test("begins anew with a file that has changed, says so, and leaves nothing of the old one", async () => {
    await endInTheMiddle("SIGKILL", ["big.bin", url()]);
    appendFileSync(folder.at("big.bin"), "more");
    const again = await put("big.bin", url());
    expect(again.code).toBe(0);
    expect(again.stderr).toContain(
      "The file has changed since its upload was ended; sending it from its beginning",
    );
    expect(saved().equals(readFileSync(folder.at("big.bin")))).toBe(true);
    expect([records(), unfinished()]).toEqual([[], []]);
  });

  test("begins anew where the server has dropped what it had, and says so", async () => {
    await endInTheMiddle("SIGKILL", ["big.bin", url()]);
    for (const name of unfinished()) served.remove(name);
    const again = await put("big.bin", url());
    expect([again.code, saved().equals(CONTENT), records()]).toEqual([0, true, []]);
    expect(again.stderr).toContain("the server has dropped what it had. Sending the file from its beginning");
  });

  test("saves nothing when what the server has is not the file, and begins anew after that", async () => {
    await endInTheMiddle("SIGKILL", ["big.bin", url()]);
    const data = unfinished().find((name) => name.endsWith(".data")) ?? "";
    const changed = served.bytes(data);
    changed.writeUInt8(changed.readUInt8(5 * MIB) ^ 1, 5 * MIB);
    writeFileSync(served.at(data), changed);
    const again = await put("big.bin", url());
    expect(again.code).toBe(3);
    expect(served.has("up/big.bin")).toBe(false);
    expect((await put("big.bin", url())).code).toBe(0);
    expect(saved().equals(CONTENT)).toBe(true);
  });
});
