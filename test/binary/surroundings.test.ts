/**
 * Where netfile is started must not matter: an empty folder, one that can't be written, one that was laid out to harm.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync } from "node:fs";
import {
  cleanEnvironment,
  netfileBinary,
  NetfileServer,
  runNetfile,
  runProgram,
  startNetfile,
} from "../support/netfile-binary.ts";
import { asUnprivileged, hasProgram } from "../support/program.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { PHOTO } from "../support/test-site.ts";

setDefaultTimeout(60_000);

const ALARM = `
await Bun.write(process.env.ALARM + "/alarm-" + Math.random(), "ran");
console.log("HOSTILE CODE RAN");
`;

/** Everything in a folder that Bun or Node are known to look for. */
function makeHostileFolder(): ScratchFolder {
  const folder = new ScratchFolder({
    "hello.txt": "hello\n",
    "evil.ts": ALARM,
    "bunfig.toml": `preload = ["./evil.ts"]\n[run]\npreload = ["./evil.ts"]\n[test]\npreload = ["./evil.ts"]\nlogLevel = "debug"\n`,
    ".bunfig.toml": `preload = ["./evil.ts"]\n`,
    ".env":
      "NETFILE_DEBUG=1\nFORCE_COLOR=1\nNO_COLOR=\nHTTP_PROXY=http://192.0.2.1:1\nBUN_OPTIONS=--preload ./evil.ts\n",
    ".env.local": "NETFILE_DEBUG=1\nFORCE_COLOR=1\n",
    ".env.production": "NETFILE_DEBUG=1\nFORCE_COLOR=1\n",
    "package.json": `{"name":"evil","type":"module","main":"evil.ts","imports":{"#x":"./evil.ts"},"scripts":{"serve":"bun evil.ts"}}`,
    "tsconfig.json": `{"compilerOptions":{"paths":{"*":["./evil.ts"],"consola":["./evil.ts"]},"jsxImportSource":"./evil"}}`,
    "bun.lock": `{"lockfileVersion":1,"workspaces":{"":{"name":"evil"}},"packages":{}}`,
    "node_modules/.bin/bun": "#!/bin/sh\ntouch $ALARM/alarm-bin\n",
  });
  for (const name of ["citty", "consola", "picocolors", "net"]) {
    folder.write(`node_modules/${name}/package.json`, `{"name":"${name}","main":"index.js","type":"module"}`);
    folder.write(`node_modules/${name}/index.js`, ALARM);
    folder.write(`node_modules/consola/${name}.js`, ALARM);
  }
  folder.chmod("node_modules/.bin/bun", 0o755);
  // What dlopen would load if a library's name were looked up in the current folder.
  for (const name of ["libc.so.6", "libc.so", "libc.musl-x86_64.so.1"])
    folder.write(name, "no library at all");
  return folder;
}

describe("a hostile current folder", () => {
  test.each([
    ["--version"],
    ["serve --help"],
    ["serve 0 missing"],
    ["get 127.0.0.1 1 hello.txt"],
    ["shell --script hello.txt 127.0.0.1 1"],
  ])("nothing in it runs: netfile %s", async (words) => {
    using folder = makeHostileFolder();
    using alarm = new ScratchFolder();
    const ran = await runNetfile(words.split(" "), { cwd: folder.path, env: { ALARM: alarm.path } });
    expect(alarm.names()).toEqual([]);
    expect(`${ran.stdout}${ran.stderr}`).not.toContain("HOSTILE");
    // Neither are settings taken from it: FORCE_COLOR would colour, NETFILE_DEBUG would show stacks.
    expect(`${ran.stdout}${ran.stderr}`).not.toMatch(/\u001b\[|^\s+at /m);
  });

  test("nothing in it runs while it is served and fetched from, and nothing of it is told", async () => {
    using folder = makeHostileFolder();
    using alarm = new ScratchFolder();
    {
      await using server = await startNetfile(["0"], { cwd: folder.path, env: { ALARM: alarm.path } });
      const got = await runNetfile(["get", "127.0.0.1", String(server.port), "hello.txt", "copy.txt"], {
        cwd: folder.path,
        env: { ALARM: alarm.path },
      });
      expect(got.code).toBe(0);
      expect((await fetch(`${server.url}/.env`)).status).toBe(404);
      expect((await fetch(`${server.url}/bunfig.toml`)).status).toBe(403);
      expect(server.output).not.toMatch(/HOSTILE|\u001b\[/);
    }
    expect(alarm.names()).toEqual([]);
    expect(folder.text("copy.txt")).toBe("hello\n");
  });

  test.skipIf(!hasProgram("strace"))("none of its files is even opened at the start", async () => {
    using folder = makeHostileFolder();
    using trace = new ScratchFolder();
    const words = ["strace", "-f", "-qq", "-e", "trace=open,openat,execve", "-o", trace.at("calls")];
    const ran = await runProgram([...words, await netfileBinary(), "serve", "0", "missing"], {
      cwd: folder.path,
    });
    expect(ran.code).toBe(2);
    const opened = [...trace.text("calls").matchAll(/open(?:at)?\((?:AT_FDCWD, )?"([^"]+)"/g)].map(
      ([, path = ""]) => path,
    );
    expect(opened.length).toBeGreaterThan(5);
    const fromHere = opened.filter((path) => !path.startsWith("/") || path.startsWith(folder.path));
    expect(
      fromHere.filter((path) => !/(?:^|\/)missing$/.test(path) && path !== "." && path !== folder.path),
    ).toEqual([]);
  });
});

describe("the executable alone", () => {
  test("works when copied into an empty folder", async () => {
    using folder = new ScratchFolder();
    copyFileSync(await netfileBinary(), folder.at("netfile"));
    const { code, stdout } = await runProgram(["./netfile", "--version"], { cwd: folder.path });
    expect({ code, stdout: stdout.slice(0, 8) }).toEqual({ code: 0, stdout: "netfile " });
    expect(folder.names()).toEqual(["netfile"]);
  });

  test("serves from a folder that it can't write, its pages included, and fetches into another", async () => {
    using folder = new ScratchFolder({ "photo.jpg": PHOTO });
    using target = new ScratchFolder();
    copyFileSync(await netfileBinary(), folder.at("netfile"));
    folder.chmod("photo.jpg", 0o444);
    folder.chmod("netfile", 0o555);
    folder.chmod(".", 0o555);
    target.chmod(".", 0o777);
    await using server = await startUnprivileged([folder.at("netfile"), "serve", "0"], folder.path);
    const listing = await (await fetch(`${server.url}/`)).text();
    expect(listing).toContain("photo.jpg");
    const missing = await fetch(`${server.url}/absent.html`, { headers: { accept: "text/html" } });
    expect(await missing.text()).toContain("netfile");
    expect((await fetch(`${server.url}/favicon.ico`)).status).toBe(200);
    const words = asUnprivileged([
      folder.at("netfile"),
      "get",
      "127.0.0.1",
      String(server.port),
      "photo.jpg",
      target.path,
    ]);
    expect((await runProgram(words, { cwd: folder.path })).code).toBe(0);
    expect(target.bytes("photo.jpg").equals(PHOTO)).toBe(true);
    folder.chmod(".", 0o755);
    expect(folder.names()).toEqual(["netfile", "photo.jpg"]);
  });

  test("a folder that can't be written takes no download: exit 6, one sentence", async () => {
    using folder = new ScratchFolder({ "notes.txt": "notes\n" });
    using closed = new ScratchFolder();
    copyFileSync(await netfileBinary(), folder.at("netfile"));
    folder.chmod(".", 0o755);
    closed.chmod(".", 0o555);
    await using server = await startNetfile(["0"], { cwd: folder.path });
    const words = asUnprivileged([
      folder.at("netfile"),
      "get",
      "127.0.0.1",
      String(server.port),
      "notes.txt",
      "--quiet",
    ]);
    const ran = await runProgram(words, { cwd: closed.path });
    expect(ran.code).toBe(6);
    expect(ran.stderr.trim().split("\n")).toHaveLength(1);
  });

  test("needs no environment at all", async () => {
    using folder = new ScratchFolder();
    const child = Bun.spawn([await netfileBinary(), "--version"], {
      cwd: folder.path,
      env: {},
      stdout: "pipe",
    });
    expect(await child.stdout.text()).toStartWith("netfile ");
    expect(await child.exited).toBe(0);
  });
});

async function startUnprivileged(command: readonly string[], cwd: string): Promise<NetfileServer> {
  const child = Bun.spawn([...asUnprivileged(command)], {
    cwd,
    env: cleanEnvironment(cwd),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  return NetfileServer.of(child);
}
