/** The whole program as its users start it, from the sources: words in; output, files and exit codes out. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { makeTemporaryFolder } from "../support/client-session.ts";
import type { TemporaryFolder } from "../support/client-session.ts";
import { hear, say, startScriptedServer, waitFor } from "../support/scripted-server.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");
const ENVIRONMENT = { PATH: process.env["PATH"] ?? "" };

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
});
afterEach(() => folder.remove());

/** Reads on until the end. */
const NEVER = /(?!)/;

type Ended = { readonly code: number; readonly out: string; readonly err: string };

function spawn(words: readonly string[], stdin = "", environment: Record<string, string> = {}) {
  return Bun.spawn([process.execPath, MAIN, ...words], {
    cwd: folder.path,
    env: { ...ENVIRONMENT, ...environment },
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function run(
  words: readonly string[],
  stdin = "",
  environment: Record<string, string> = {},
): Promise<Ended> {
  const child = spawn(words, stdin, environment);
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out, err };
}

/** Reads a stream until `pattern` is in it. */
async function readUntil(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!pattern.test(text)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text;
}

describe("netfile", () => {
  test("tells its version and its help on standard output", async () => {
    expect(await run(["--version"])).toEqual({
      code: 0,
      out: expect.stringMatching(/^netfile \d+\.\d+\.\d+\n$/),
      err: "",
    });
    expect(await run(["--help"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("netfile COMMAND"),
      err: "",
    });
    expect((await run(["help", "get"])).out).toBe((await run(["get", "--help"])).out);
  });

  test("shows the help on standard error when no command is given", async () => {
    expect(await run([])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("netfile COMMAND"),
    });
  });

  test.each<[string[], string]>([
    [["srve"], 'There is no command "srve"; did you mean "netfile serve"?'],
    [["constructor"], 'There is no command "constructor"'],
    [["--verison"], 'There is no flag "--verison"; did you mean "netfile --version"?'],
    [["--version", "x"], "--version stands alone"],
    [["help", "gte"], 'did you mean "netfile get"?'],
    [["serve", "--prot", "9000"], 'There is no flag "--prot"; did you mean "--port"?'],
    [["serve", "70000"], 'The port "70000" is not a port'],
    [["serve", "8080", "nowhere"], "There is no folder"],
    [["get", "localhost", "80", "a", "b", "c"], 'The word "c" is one too many'],
    [["get", "http://h/", "a", "-o", "b"], "The destination is given twice"],
    [["get", "--json", "-o", "-"], '--json and "-o -" both want standard output'],
    [["get", "https://h/"], "https is not supported yet"],
    [["put"], "The file to send is missing"],
    [["completion"], "Name the shell"],
    [["completion", "tcsh"], "Name the shell"],
    [["man", "get"], 'The word "get" is one too many'],
  ])("ends %j with one sentence and exit code 2", async (words, message) => {
    const { code, out, err } = await run(words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
    expect(err.trimEnd().split("\n")[0]).toStartWith("netfile: error: ");
    expect(err).not.toContain("    at ");
  });

  test("prints its man page and its completion scripts", async () => {
    expect(await run(["man"])).toMatchObject({
      code: 0,
      out: expect.stringContaining(".TH NETFILE 1"),
      err: "",
    });
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, out } = await run(["completion", shell]);
      expect([code, out]).toEqual([0, expect.stringContaining(`netfile completion ${shell}`)]);
    }
  });

  test("colours when told to, and not when told not to", async () => {
    expect((await run(["srve"], "", { FORCE_COLOR: "1" })).err).toContain("\u001b[31merror:");
    expect((await run(["srve"], "", { FORCE_COLOR: "1", NO_COLOR: "1" })).err).not.toContain("\u001b");
  });
});

describe("an error that nobody caught", () => {
  const script = `
    import { runProgram } from ${JSON.stringify(resolve(import.meta.dir, "../../src/cli/root.ts"))};
    void runProgram(["serve", "0", "--quiet"]);
    const fail = () => { throw new Error("boom\\nwith more"); };
    setTimeout(process.argv.includes("late") ? async () => fail() : fail, 50);
  `;

  test.each<[string, string]>([
    ["thrown", "now"],
    ["rejected", "late"],
  ])("%s ends the program with one sentence, its stack only when asked for", async (_kind, word) => {
    writeFileSync(folder.at("fail.ts"), script);
    for (const environment of [ENVIRONMENT, { ...ENVIRONMENT, NETFILE_DEBUG: "1" }]) {
      const child = Bun.spawn([process.execPath, folder.at("fail.ts"), word], {
        env: environment,
        stderr: "pipe",
      });
      expect(await child.exited).toBe(1);
      const [first, ...rest] = (await child.stderr.text()).split("\n");
      expect(first).toBe("netfile: error: Unexpected error: boom");
      expect(rest.some((line) => line.includes("    at "))).toBe("NETFILE_DEBUG" in environment);
    }
  });
});

describe("netfile serve", () => {
  test("says where it is reached, tells of each request, and ends at SIGINT with 0", async () => {
    writeFileSync(folder.at("a.txt"), "hello\n");
    const child = spawn(["serve", "0", ".", "--log-file", "log.json", "--log-format", "json"]);
    const banner = await readUntil(child.stdout, /Ctrl-C ends/);
    const port = Number(/http:\/\/127\.0\.0\.1:(\d+)\//.exec(banner)?.[1]);
    expect(banner).toContain(`netfile get 127.0.0.1 ${port} a.txt`);
    expect(await (await fetch(`http://127.0.0.1:${port}/a.txt`)).text()).toBe("hello\n");
    child.kill("SIGINT");
    const rest = await readUntil(child.stdout, NEVER);
    expect(rest).toMatch(
      /#1 127\.0\.0\.1:\d+ localhost · IPv4 · stream \(SOCK_STREAM\) · TCP · timeout \d+ s · RTT /,
    );
    expect(rest).toMatch(/\d\d:\d\d:\d\d 127\.0\.0\.1:\d+ GET \/a\.txt 200 6 B /);
    expect(await child.exited).toBe(0);
    expect(JSON.parse(readFileSync(folder.at("log.json"), "utf8"))).toMatchObject({
      target: "/a.txt",
      status: 200,
    });
  });

  test("prints only the address when quiet, and ends by itself when idle", async () => {
    const { code, out, err } = await run(["serve", "0", "--quiet", "--idle-exit", "0.3"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\n$/);
  });

  test("ends at once at a second signal, with its code", async () => {
    writeFileSync(folder.at("big.txt"), new Uint8Array(50_000_000));
    const child = spawn(["serve", "0", "--quiet"]);
    const port = Number(/:(\d+)\//.exec(await readUntil(child.stdout, /\n/))?.[1]);
    const { promise: isSending, resolve: seen } = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data(reader) {
          // A client that reads no more: the answer never ends by itself.
          reader.pause();
          seen();
        },
      },
    });
    socket.write("GET /big.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    await isSending;
    child.kill("SIGTERM");
    while (await isListening(port)) await Bun.sleep(5);
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
    socket.terminate();
  });

  test("warns of a log that clients can fetch", async () => {
    const words = ["serve", "0", "--quiet", "--idle-exit", "0.1", "--log-file"];
    expect((await run([...words, "log.txt"])).err).toContain(
      "netfile: warning: Clients can fetch the log file",
    );
    expect((await run([...words, "access.log"])).err).toBe("");
  });

  test("tells of a port in use, exit code 1", async () => {
    const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    const { code, err } = await run(["serve", String(taken.port)]);
    taken.stop();
    expect(code).toBe(1);
    expect(err).toStartWith(`netfile: error: Cannot listen on 127.0.0.1:${taken.port}: the port is in use`);
  });

  test("goes on when nobody reads its output any more", async () => {
    const child = spawn(["serve", "0"]);
    const port = Number(/:(\d+)\//.exec(await readUntil(child.stdout, /Ctrl-C/))?.[1]);
    await child.stdout.cancel();
    for (let count = 0; count < 3; count++) {
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    }
    child.kill("SIGINT");
    expect(await child.exited).toBe(0);
    expect(await child.stderr.text()).toBe("");
  });
});

async function isListening(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => undefined } });
    socket.terminate();
    return true;
  } catch {
    return false;
  }
}

describe("netfile get, put and shell", () => {
  let served: TemporaryFolder;
  let server: ReturnType<typeof spawn>;
  let port = "";

  beforeAll(async () => {
    served = makeTemporaryFolder();
    mkdirSync(served.at("server"));
    writeFileSync(served.at("server/a.txt"), "hello\n");
    writeFileSync(served.at("index.html"), "<p>default</p>\n");
    server = Bun.spawn([process.execPath, MAIN, "serve", "0", served.path, "--upload", "--quiet"], {
      env: ENVIRONMENT,
      stdin: new Blob([""]),
      stdout: "pipe",
      stderr: "pipe",
    });
    port = /:(\d+)\//.exec(await readUntil(server.stdout, /\n/))?.[1] ?? "";
  });

  afterAll(async () => {
    server.kill("SIGINT");
    await server.exited;
    served.remove();
  });

  test("get saves a file and shows panel, phases and one confirmation line", async () => {
    const { code, out, err } = await run([
      "get",
      "127.0.0.1",
      port,
      "server/a.txt",
      "--log-file",
      "client.log",
    ]);
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(readFileSync(folder.at("a.txt"), "utf8")).toBe("hello\n");
    expect(err).toMatch(/ {2}server {4}127\.0\.0\.1 \(127\.0\.0\.1:\d+\)\n/);
    for (const name of ["family", "type", "protocol", "timeout", "RTT", "status"])
      expect(err).toContain(`  ${name} `);
    expect(err).toMatch(/ {2}resolve .* · connect .* · first byte .* · transfer .*\n/);
    expect(err).toMatch(/Saved a\.txt — 6 B in .*\(.*\/s\), sha-256 verified by server\n$/);
    expect(readFileSync(folder.at("client.log"), "utf8")).toMatch(
      /Z GET http:\S+\/server\/a\.txt 200 6 bytes .* saved as /,
    );
  });

  test("get prints the default page, and nothing else with --quiet", async () => {
    expect(await run(["get", "127.0.0.1", port, "--quiet"])).toEqual({
      code: 0,
      out: "<p>default</p>\n",
      err: "",
    });
    expect((await run(["get", "127.0.0.1", port, "server/a.txt", "-o", "-"])).out).toBe("hello\n");
  });

  test("get --json prints one object, also of a failure", async () => {
    const good = await run(["get", `http://127.0.0.1:${port}/server/a.txt`, "b.txt", "--json"]);
    expect(good).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(good.out)).toMatchObject({
      status: 200,
      bytes: 6,
      savedAs: folder.at("b.txt"),
      exitCode: 0,
    });
    const bad = await run(["get", "127.0.0.1", port, "nope.txt", "--json"]);
    expect(bad.code).toBe(3);
    expect(JSON.parse(bad.out)).toMatchObject({ status: 404, error: { phase: "answer" }, exitCode: 3 });
  });

  test("get refuses to overwrite without --force, exit code 6", async () => {
    writeFileSync(folder.at("a.txt"), "mine");
    expect((await run(["get", "127.0.0.1", port, "server/a.txt"])).code).toBe(6);
    expect(readFileSync(folder.at("a.txt"), "utf8")).toBe("mine");
    expect((await run(["get", "127.0.0.1", port, "server/a.txt", "--force"])).code).toBe(0);
    expect(readFileSync(folder.at("a.txt"), "utf8")).toBe("hello\n");
  });

  test("get ends at Ctrl-C with 130 and leaves nothing", async () => {
    const { promise, resolve: goOn } = Promise.withResolvers<void>();
    const slow = startScriptedServer([
      [hear, say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), waitFor(promise)],
    ]);
    const child = spawn(["get", "127.0.0.1", String(slow.port), "a.txt"]);
    await readUntil(child.stderr, /status/);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(folder.names()).toEqual([]);
    goOn();
    slow.stop();
  });

  test("put sends a file, and is refused the second time", async () => {
    writeFileSync(folder.at("notes.txt"), "note");
    const first = await run(["put", "127.0.0.1", port, "notes.txt"]);
    expect(first).toMatchObject({ code: 0, out: "" });
    expect(first.err).toMatch(/Sent notes\.txt — 4 B in .*, saved as \/notes\.txt\n$/);
    expect(readFileSync(served.at("notes.txt"), "utf8")).toBe("note");
    expect((await run(["put", "127.0.0.1", port, "notes.txt", "--post"])).code).toBe(3);
    expect((await run(["put", "127.0.0.1", port, "missing.txt"])).code).toBe(6);
  });

  test("shell does old request files, from a pipe and from a file", async () => {
    mkdirSync(folder.at("client"));
    writeFileSync(folder.at("client/b.txt"), "b");
    const script = "GET server/a.txt\nPOST client/b.txt\n";
    const piped = await run(["shell", "127.0.0.1", port], script);
    expect(piped).toMatchObject({ code: 0, err: expect.stringContaining("2 requests: 2 done, 0 failed") });
    expect(readFileSync(folder.at("a.txt"), "utf8")).toBe("hello\n");
    expect(readFileSync(served.at("b.txt"), "utf8")).toBe("b");
    writeFileSync(folder.at("requests.txt"), `${script}ls server\n`);
    const scripted = await run(["shell", "127.0.0.1", port, "--script", "requests.txt", "--keep-going"]);
    // The file that is there already is no failure; the upload that is refused is the first.
    expect(scripted.code).toBe(3);
    expect(scripted.out).toMatch(/ 6 B {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}a\.txt\n/);
    expect(scripted.err).toContain("3 requests: 2 done, 1 failed");
  });
});
