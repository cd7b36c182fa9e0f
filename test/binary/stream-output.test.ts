/**
 * `netfile get -o` with places that are no files: they are written to, and never replaced.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { lstatSync, readlinkSync, symlinkSync } from "node:fs";
import {
  netfileBinary,
  type NetfileServer,
  runNetfile,
  runProgram,
  startNetfile,
} from "../support/netfile-binary.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

setDefaultTimeout(60_000);

/** More than any pipe holds. */
const LARGE_BYTES = 8 * 1024 * 1024;
const site = new ScratchFolder({ "a.txt": "content\n", "large.txt": "x".repeat(LARGE_BYTES) });
let server: NetfileServer;

beforeAll(async () => {
  server = await startNetfile(["0", site.path], { cwd: site.path });
});
afterAll(async () => {
  await server.stop();
  site[Symbol.dispose]();
});

/** Runs a line of the shell's in which `$get` fetches the file, and `$getLarge` a large one. */
async function run(folder: ScratchFolder, line: string) {
  const binary = await netfileBinary();
  const get = (name: string) => `"${binary} get ${server.url}/${name} -q"`;
  const script = `get=${get("a.txt")}; getLarge=${get("large.txt")}; ${line}`;
  return runProgram(["sh", "-c", script], { cwd: folder.path });
}

describe.skipIf(process.platform === "win32")("get -o", () => {
  test("writes to a device, without a word of force, and leaves it as it is", async () => {
    using folder = new ScratchFolder();
    expect((await run(folder, "$get -o /dev/null")).code).toBe(0);
    expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
    const absent = ["get", `${server.url}/absent.txt`, "-q", "-o", "/dev/null"];
    expect((await runNetfile(absent, { cwd: folder.path })).code).toBe(3);
  });

  test.each([
    ["a pipe", "$get -o out -f | cat"],
    ["a file", "$get -o out -f > file; cat file"],
  ])("writes through a link to standard output that is %s", async (_name, line) => {
    using folder = new ScratchFolder();
    symlinkSync("/proc/self/fd/1", folder.at("out"));
    const { code, stdout } = await run(folder, line);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "content\n" });
    expect(readlinkSync(folder.at("out"))).toBe("/proc/self/fd/1");
  });

  test("writes behind what others have written to the same file", async () => {
    using folder = new ScratchFolder();
    const { stdout } = await run(
      folder,
      "{ echo before; $get -o /dev/stdout; echo after; } > file; cat file",
    );
    expect(stdout).toBe("before\ncontent\nafter\n");
  });

  test.each([
    ["--require-digest", 5, /went away before all had come, so that its digest could not be verified/],
    [`--checksum sha-256:${"0".repeat(64)}`, 5, /could not be verified/],
    ["", 0, /^$/],
  ])("ends when the reader has enough; with %p that is a failure", async (flag, expected, message) => {
    using folder = new ScratchFolder();
    const line = `{ $getLarge -o - ${flag}; echo $? > code; } | head -c 1`;
    const { stderr } = await run(folder, line);
    expect({ code: Number(folder.text("code")), stderr }).toEqual({
      code: expected,
      stderr: expect.stringMatching(message),
    });
  });

  test("writes to a pipe with a name, when its reader comes", async () => {
    using folder = new ScratchFolder();
    const { code, stdout } = await run(folder, "mkfifo pipe; $get -o pipe & sleep 0.2; cat pipe; wait $!");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "content\n" });
    expect(lstatSync(folder.at("pipe")).isFIFO()).toBe(true);
  });

  test("shows a folder's page to whom nobody sees it, as it prints one", async () => {
    using folder = new ScratchFolder();
    expect(
      (await runNetfile(["get", `${server.url}/`, "-q", "-o", "/dev/null"], { cwd: folder.path })).code,
    ).toBe(0);
  });

  test("replaces a link to a file, with force only, and what it led to stays", async () => {
    using folder = new ScratchFolder({ "old.txt": "old\n" });
    symlinkSync("old.txt", folder.at("out"));
    expect((await run(folder, "$get -o out")).code).not.toBe(0);
    expect((await run(folder, "$get -o out -f")).code).toBe(0);
    expect([folder.text("out"), folder.text("old.txt")]).toEqual(["content\n", "old\n"]);
    expect(lstatSync(folder.at("out")).isFile()).toBe(true);
  });
});
