/**
 * `netfile shell` as a batch: requests from a pipe or a file.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { netfileBinary, type NetfileServer, runNetfile, startNetfile } from "../support/netfile-binary.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { makeTestSite, PHOTO } from "../support/test-site.ts";

setDefaultTimeout(60_000);

const site = makeTestSite();
let server: NetfileServer;

beforeAll(async () => {
  server = await startNetfile(["0", site.path, "--upload"], { cwd: site.path });
});
afterAll(async () => {
  await server.stop();
  site[Symbol.dispose]();
});

function shell(folder: ScratchFolder, lines: string, ...words: readonly string[]) {
  return runNetfile(["shell", "127.0.0.1", String(server.port), ...words], {
    cwd: folder.path,
    stdin: lines,
  });
}

describe("netfile shell, from a pipe", () => {
  test("knows every verb", async () => {
    using folder = new ScratchFolder({ "mine.txt": "mine\n" });
    folder.folder("here");
    const lines = [
      "# a comment, then an empty line",
      "",
      "ls",
      "cd sub",
      "get inner.txt   # what stands in the folder we went to",
      "cd /",
      'get "two words.txt" renamed.txt',
      "lcd here",
      "GET photo.jpg",
      "lcd ..",
      "put mine.txt",
      "post mine.txt inbox/theirs.txt",
      "get notes.txt -",
      "info",
      "help",
      "quit",
      "get never-asked.txt",
    ];
    const { code, stdout, stderr } = await shell(folder, lines.join("\n"));
    expect(stderr).toContain("0 failed");
    expect(code).toBe(0);
    expect(folder.names()).toEqual(["here", "inner.txt", "mine.txt", "renamed.txt"]);
    expect(folder.text("renamed.txt")).toBe("I am two words.txt\n");
    expect(folder.bytes("here/photo.jpg").equals(PHOTO)).toBe(true);
    expect([site.text("mine.txt"), site.text("inbox/theirs.txt")]).toEqual(["mine\n", "mine\n"]);
    expect(stdout).toMatch(/photo\.jpg[^]*Some notes\./);
    expect(`${stdout}${stderr}`).toMatch(/family\s+IPv4/);
  });

  test("ends at the first failure, with its exit code", async () => {
    using folder = new ScratchFolder();
    const { code, stderr } = await shell(folder, "get absent.txt\nget notes.txt\n");
    expect({ code, names: folder.names() }).toEqual({ code: 3, names: [] });
    expect(stderr).toContain("1 request: 0 done, 1 failed");
  });

  test("--keep-going goes on, and still tells of the first failure", async () => {
    using folder = new ScratchFolder();
    const { code, stderr } = await shell(folder, "get absent.txt\nfetch x\nget notes.txt\n", "--keep-going");
    expect({ code, names: folder.names() }).toEqual({ code: 3, names: ["notes.txt"] });
    expect(stderr).toContain("3 requests: 1 done, 2 failed");
    expect(stderr).toContain('There is no command "fetch"');
  });

  test("reads lines with CRLF and a last one without an end", async () => {
    using folder = new ScratchFolder();
    const { code } = await shell(folder, "get notes.txt one.txt\r\nget notes.txt two.txt");
    expect({ code, names: folder.names() }).toEqual({ code: 0, names: ["one.txt", "two.txt"] });
  });

  test("--quiet says nothing that went well", async () => {
    using folder = new ScratchFolder();
    expect(await shell(folder, "get notes.txt\n", "--quiet")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });

  test("an empty input is no failure", async () => {
    using folder = new ScratchFolder();
    expect((await shell(folder, "")).code).toBe(0);
  });
});

describe("the connection", () => {
  test("is opened again unseen when the server has closed it in between", async () => {
    using folder = new ScratchFolder();
    await using hasty = await startNetfile(["0", "--timeout-max", "1", "--timeout-min", "1", "-v"], {
      cwd: site.path,
    });
    const client = Bun.spawn([await netfileBinary(), "shell", "127.0.0.1", String(hasty.port)], {
      cwd: folder.path,
      stdin: "pipe",
      stdout: "ignore",
      stderr: "pipe",
    });
    await client.stdin.write("get notes.txt one.txt\n");
    await client.stdin.flush();
    await hasty.waitFor(/GET \/notes\.txt 200/);
    await hasty.waitFor(/#1 closed/);
    await client.stdin.write("get notes.txt two.txt\n");
    await client.stdin.end();
    expect(await client.exited).toBe(0);
    expect(folder.names()).toEqual(["one.txt", "two.txt"]);
    expect(await client.stderr.text()).toContain("2 requests: 2 done, 0 failed");
  });
});
