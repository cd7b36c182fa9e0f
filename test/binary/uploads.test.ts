/**
 * Uploads as people make them: `netfile put`, `curl -T`, a browser's form.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { netfileBinary, runNetfile, runProgram, startNetfile } from "../support/netfile-binary.ts";
import { hasProgram } from "../support/program.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { CAREFUL_NAMES, LARGE, PHOTO } from "../support/test-site.ts";

setDefaultTimeout(60_000);

/** A server that takes uploads into a folder of its own. */
async function startInbox(
  words: readonly string[] = [],
  files: Readonly<Record<string, string | Uint8Array>> = {},
) {
  const inbox = new ScratchFolder(files);
  const server = await startNetfile(["0", inbox.path, "--upload", ...words], { cwd: inbox.path });
  return {
    inbox,
    server,
    put: (cwd: string, ...rest: readonly string[]) =>
      runNetfile(["put", "127.0.0.1", String(server.port), ...rest], { cwd }),
    async [Symbol.asyncDispose]() {
      await server.stop();
      inbox[Symbol.dispose]();
    },
  };
}

describe("netfile put", () => {
  test.each([["PUT"], ["POST"]])("sends a photo with %s", async (method) => {
    await using target = await startInbox();
    using folder = new ScratchFolder({ "photo.jpg": PHOTO });
    const { code, stderr } = await target.put(
      folder.path,
      "photo.jpg",
      ...(method === "POST" ? ["--post"] : []),
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /status\s+201 Created[^]*Sent photo\.jpg — 518 kB in .*, saved as \/photo\.jpg\n$/,
    );
    expect(target.inbox.bytes("photo.jpg").equals(PHOTO)).toBe(true);
    await target.server.waitFor(new RegExp(`${method} /photo\\.jpg 201`));
  });

  test("creates the folders on the way, and leaves nothing else behind", async () => {
    await using target = await startInbox();
    using folder = new ScratchFolder({ "large.png": LARGE });
    expect((await target.put(folder.path, "large.png", "a/b/large.png")).code).toBe(0);
    expect(target.inbox.bytes("a/b/large.png").equals(LARGE)).toBe(true);
    expect(target.inbox.tree()).toEqual(["a", "a/b", "a/b/large.png"]);
  });

  test.each(CAREFUL_NAMES)("keeps the name %p", async (name) => {
    await using target = await startInbox();
    using folder = new ScratchFolder({ [name]: "careful\n" });
    expect((await target.put(folder.path, name)).code).toBe(0);
    expect(target.inbox.names()).toEqual([name]);
  });

  test("a URL that names a folder gets the file's name", async () => {
    await using target = await startInbox();
    using folder = new ScratchFolder({ "notes.txt": "notes\n" });
    const words = ["put", "notes.txt", `${target.server.url}/work/`];
    expect((await runNetfile(words, { cwd: folder.path })).code).toBe(0);
    expect(target.inbox.text("work/notes.txt")).toBe("notes\n");
  });
});

describe("netfile put -", () => {
  test.each([["PUT"], ["POST"]])("sends standard input with %s under the name of the URL", async (method) => {
    await using target = await startInbox();
    const words = ["put", "-", `${target.server.url}/work/a.txt`, ...(method === "POST" ? ["--post"] : [])];
    const { code, stdout, stderr } = await runNetfile(words, { cwd: target.inbox.path, stdin: "piped\n" });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toMatch(
      /status\s+201 Created[^]*Sent standard input — 6 B in .*, saved as \/work\/a\.txt\n$/,
    );
    expect(target.inbox.text("work/a.txt")).toBe("piped\n");
    await target.server.waitFor(new RegExp(`${method} /work/a\\.txt 201`));
  });

  test("sends much and nothing, and tells programs of it", async () => {
    await using target = await startInbox();
    for (const [name, content] of [
      ["large.png", LARGE],
      ["empty.txt", Buffer.alloc(0)],
    ] as const) {
      const words = ["put", "127.0.0.1", String(target.server.port), "-", name, "--json"];
      const { code, stdout } = await runNetfile(words, { cwd: target.inbox.path, stdin: content });
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ bytes: content.length, savedAs: `/${name}`, exitCode: 0 });
      expect(target.inbox.bytes(name).equals(content)).toBe(true);
    }
  });

  test("is refused by the name, and by the size when that is known at last", async () => {
    await using target = await startInbox(["--max-upload", "1M"]);
    const put = (name: string) =>
      runNetfile(["put", "-", `${target.server.url}/${name}`, "-q"], {
        cwd: target.inbox.path,
        stdin: LARGE,
      });
    expect(await put("a.php")).toMatchObject({ code: 3, stderr: expect.stringContaining("403 Forbidden") });
    expect(await put("a.png")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("413 Content Too Large"),
    });
    expect(target.inbox.names()).toEqual([]);
  });

  test("saves nothing when it is ended before the pipe is", async () => {
    await using target = await startInbox();
    const child = Bun.spawn([await netfileBinary(), "put", "-", `${target.server.url}/a.txt`], {
      cwd: target.inbox.path,
      stdin: "pipe",
      stdout: "ignore",
      stderr: "pipe",
    });
    void child.stdin.write(Buffer.alloc(300 * 1024, "half a file"));
    await child.stdin.flush();
    await target.server.waitFor(/#1 /);
    child.kill("SIGINT");
    expect(await child.stderr.text()).toContain("Interrupted; nothing was saved");
    expect(await child.exited).toBe(130);
    expect((await fetch(`${target.server.url}/a.txt`)).status).toBe(404);
    expect(target.inbox.names()).toEqual([]);
  });
});

describe("what exists already", () => {
  test.each([
    ["refuse", 3, ["a.txt"], "old\n"],
    ["replace", 0, ["a.txt"], "new\n"],
  ])("--on-exist %s", async (choice, code, names, text) => {
    await using target = await startInbox(["--on-exist", choice], { "a.txt": "old\n" });
    using folder = new ScratchFolder({ "a.txt": "new\n" });
    expect((await target.put(folder.path, "a.txt")).code).toBe(code);
    expect([target.inbox.names(), target.inbox.text("a.txt")]).toEqual([names, text]);
  });

  test("--on-exist rename saves under another name and tells which", async () => {
    await using target = await startInbox(["--on-exist", "rename"], { "a.txt": "old\n" });
    using folder = new ScratchFolder({ "a.txt": "new\n" });
    const { code, stderr } = await target.put(folder.path, "a.txt");
    expect(code).toBe(0);
    expect(target.inbox.text("a.txt")).toBe("old\n");
    const [other = ""] = target.inbox.names().filter((name) => name !== "a.txt");
    expect(target.inbox.text(other)).toBe("new\n");
    expect(stderr).toContain(`saved as /${other}`);
  });
});

describe("what is refused", () => {
  test.each<[what: string, serve: readonly string[], file: string, status: string]>([
    ["a type that is not on the whitelist", [], "script.php", "403"],
    ["more than --max-upload", ["--max-upload", "1k"], "large.png", "413"],
    ["a hidden name", [], ".htaccess", "403"],
  ])("%s", async (_, words, file, status) => {
    await using target = await startInbox(words);
    using folder = new ScratchFolder({ [file]: LARGE });
    const { code, stderr } = await target.put(folder.path, file);
    expect(code).toBe(3);
    expect(stderr).toContain(status);
    expect(target.inbox.names()).toEqual([]);
    // It was refused by its head: the file itself was not sent.
    await target.server.waitFor(new RegExp(`PUT /${file} ${status}`));
  });

  test("everything, without --upload", async () => {
    using inbox = new ScratchFolder();
    await using server = await startNetfile(["0"], { cwd: inbox.path });
    using folder = new ScratchFolder({ "a.txt": "a\n" });
    const { code, stderr } = await runNetfile(["put", "127.0.0.1", String(server.port), "a.txt"], {
      cwd: folder.path,
    });
    expect({ code, names: inbox.names() }).toEqual({ code: 3, names: [] });
    expect(stderr).toContain("405");
  });
});

describe.skipIf(!hasProgram("curl"))("curl", () => {
  test("-T sends a file with PUT", async () => {
    await using target = await startInbox();
    using folder = new ScratchFolder({ "photo.jpg": PHOTO });
    expect((await curl(folder.path, "-T", "photo.jpg", `${target.server.url}/`)).stdout).toBe("201");
    expect(target.inbox.bytes("photo.jpg").equals(PHOTO)).toBe(true);
  });

  test("-T - sends what it gets from a pipe, in chunks", async () => {
    await using target = await startInbox();
    using folder = new ScratchFolder({ "large.png": LARGE });
    const script = `cat large.png | curl -sS -o answer -w '%{http_code}' -T - ${target.server.url}/piped.png`;
    expect((await runProgram(["sh", "-c", script], { cwd: folder.path })).stdout).toBe("201");
    expect(target.inbox.bytes("piped.png").equals(LARGE)).toBe(true);
  });

  test("-F sends as a browser's form does, several files at once", async () => {
    await using target = await startInbox();
    using folder = new ScratchFolder({ "photo.jpg": PHOTO, "größe 🌲.txt": "text\n" });
    const form = ["-F", "note=hello", "-F", "file=@photo.jpg", "-F", "file=@größe 🌲.txt"];
    expect((await curl(folder.path, ...form, `${target.server.url}/`)).stdout).toMatch(/^20[01]$/);
    expect(target.inbox.names()).toEqual(["größe 🌲.txt", "photo.jpg"]);
    expect(target.inbox.bytes("photo.jpg").equals(PHOTO)).toBe(true);
  });

  test("is told early that a body is too large, and can read the answer", async () => {
    await using target = await startInbox(["--max-upload", "1M"]);
    using folder = new ScratchFolder({ "large.png": LARGE });
    const words = ["-H", "Expect:", "-T", "large.png", `${target.server.url}/`];
    expect((await curl(folder.path, ...words)).stdout).toBe("413");
    expect(target.inbox.names()).toEqual([]);
  });

  test("a file name in a form never leads out of the folder", async () => {
    await using target = await startInbox([], { "in/keep.txt": "" });
    using folder = new ScratchFolder({ "a.txt": "a\n" });
    for (const name of ["../out.txt", "..\\\\out.txt", "/etc/out.txt", "C:out.txt", ".hidden.txt"]) {
      await curl(folder.path, "-F", `file=@a.txt;filename="${name}"`, `${target.server.url}/in/`);
    }
    const names = target.inbox.tree();
    expect(names.filter((name) => name !== "in" && !name.startsWith("in/"))).toEqual([]);
    expect(names.filter((name) => name.includes("hidden"))).toEqual([]);
  });
});

/** Runs curl so that it prints the status alone. */
function curl(cwd: string, ...words: readonly string[]) {
  return runProgram(["curl", "-sS", "-o", "answer", "-w", "%{http_code}", ...words], { cwd });
}
