/**
 * Every exit code of the help, each produced by what it stands for.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { runNetfile, startNetfile, netfileBinary } from "../support/netfile-binary.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { startScriptedServer, say, hear, cut, hearEnd, type Step } from "../support/scripted-server.ts";

setDefaultTimeout(60_000);

/** Runs `netfile get` against a server that says `steps`; nothing may be left in the folder but what was there. */
async function getFrom(steps: readonly Step[], ...words: readonly string[]) {
  using folder = new ScratchFolder({ "there.txt": "old\n" });
  const server = startScriptedServer([steps]);
  const flags = ["--retries", "0"];
  const ran = await runNetfile(["get", "127.0.0.1", String(server.port), ...words, ...flags], {
    cwd: folder.path,
  });
  server.stop();
  return { ...ran, names: folder.names() };
}

const OK = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
const WRONG_DIGEST = `sha-256=:${Buffer.alloc(32).toString("base64")}:`;

describe("netfile get", () => {
  test("0: done", async () => {
    const { code, names } = await getFrom([hear, say(`${OK}Content-Length: 4\r\n\r\nnew\n`)], "new.txt");
    expect({ code, names }).toEqual({ code: 0, names: ["new.txt", "there.txt"] });
  });

  test("0: done, by a server whose lines end with LF alone (RFC 9112 §2.2)", async () => {
    const { code, names } = await getFrom([hear, say("HTTP/1.0 200 OK\n\nnew\n"), cut], "new.txt");
    expect({ code, names }).toEqual({ code: 0, names: ["new.txt", "there.txt"] });
  });

  test.each<[string, number, readonly Step[], string]>([
    ["1: the answer is not HTTP", 1, [hear, say("SSH-2.0-OpenSSH_9.2\r\n\r\n"), cut], "new.txt"],
    [
      "1: redirects lead nowhere",
      1,
      [hear, say("HTTP/1.1 302 Found\r\nLocation: /new.txt\r\nContent-Length: 0\r\n\r\n"), cut],
      "new.txt",
    ],
    [
      "3: refused by the server",
      3,
      [hear, say("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")],
      "new.txt",
    ],
    [
      "4: the connection breaks in the body",
      4,
      [hear, say(`${OK}Content-Length: 10\r\n\r\nhalf`), cut],
      "new.txt",
    ],
    ["4: the connection breaks before the answer", 4, [hear, cut], "new.txt"],
    [
      "5: not what was announced",
      5,
      [hear, say(`${OK}Content-Length: 4\r\nRepr-Digest: ${WRONG_DIGEST}\r\n\r\nnew\n`)],
      "new.txt",
    ],
    ["6: the file is there already", 6, [hear, say(`${OK}Content-Length: 4\r\n\r\nnew\n`)], "there.txt"],
    [
      "7: the server failed",
      7,
      [hear, say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")],
      "new.txt",
    ],
  ])("%s", async (_, code, steps, name) => {
    const ran = await getFrom(steps, name);
    expect({ code: ran.code, names: ran.names }).toEqual({ code, names: ["there.txt"] });
    expect(ran.stderr).not.toMatch(/^\s+at |\$bunfs|Unexpected error/m);
  });

  test("4: the server is silent for too long", async () => {
    const { code, names } = await getFrom([hear, hearEnd], "new.txt", "--timeout", "0.3");
    expect({ code, names }).toEqual({ code: 4, names: ["there.txt"] });
  });

  test("4: nobody listens there", async () => {
    using folder = new ScratchFolder();
    const { port } = closedPort();
    expect((await runNetfile(["get", "127.0.0.1", String(port), "a.txt"], { cwd: folder.path })).code).toBe(
      4,
    );
  });

  test("4: the name is unknown", async () => {
    using folder = new ScratchFolder();
    const ran = await runNetfile(["get", "no.such.host.invalid", "80", "a.txt"], { cwd: folder.path });
    expect(ran.code).toBe(4);
    expect(ran.stderr).toContain("no.such.host.invalid");
  });

  test("6: the destination's folder does not exist", async () => {
    const { code, names } = await getFrom(
      [hear, say(`${OK}Content-Length: 4\r\n\r\nnew\n`)],
      "new.txt",
      "missing/new.txt",
    );
    expect({ code, names }).toEqual({ code: 6, names: ["there.txt"] });
  });

  test("--force replaces what is there", async () => {
    const { code } = await getFrom(
      [hear, say(`${OK}Content-Length: 4\r\n\r\nnew\n`)],
      "there.txt",
      "--force",
    );
    expect(code).toBe(0);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("ended by %s: %i, and nothing is left", async (signal, code) => {
    using folder = new ScratchFolder();
    const server = startScriptedServer([[hear, say(`${OK}Content-Length: 1000000\r\n\r\nbegun`), hearEnd]]);
    const client = Bun.spawn([await netfileBinary(), "get", "127.0.0.1", String(server.port), "new.txt"], {
      cwd: folder.path,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    const reader = client.stderr.getReader();
    // The panel is printed when the head has come: from then on a transfer is under way.
    await reader.read();
    client.kill(signal);
    await client.exited;
    server.stop();
    expect({ code: client.exitCode, names: folder.names() }).toEqual({ code, names: [] });
  });
});

describe("netfile put", () => {
  test("6: there is no such file here", async () => {
    using folder = new ScratchFolder();
    const { port } = closedPort();
    const ran = await runNetfile(["put", "127.0.0.1", String(port), "absent.txt"], { cwd: folder.path });
    expect(ran.code).toBe(6);
    expect(ran.stderr).toContain("absent.txt");
  });

  test("3: the server takes no uploads", async () => {
    using folder = new ScratchFolder({ "a.txt": "a\n" });
    await using server = await startNetfile(["0"], { cwd: folder.path });
    expect(
      (await runNetfile(["put", "127.0.0.1", String(server.port), "a.txt"], { cwd: folder.path })).code,
    ).toBe(3);
  });
});

describe("--json", () => {
  test("tells the exit code and the phase of a failure in one object", async () => {
    const { code, stdout } = await getFrom(
      [hear, say(`${OK}Content-Length: 10\r\n\r\nhalf`), cut],
      "new.txt",
      "--json",
    );
    expect(JSON.parse(stdout)).toMatchObject({
      command: "get",
      status: 200,
      exitCode: 4,
      error: { phase: "receive" },
    });
    expect(code).toBe(4);
  });
});

/** A port of loopback on which nobody listens. */
function closedPort(): { readonly port: number } {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return { port };
}
