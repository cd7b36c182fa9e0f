/**
 * Nothing waits for ever: connecting, silence, interruption, at every stage of a transfer.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { download, type DownloadOptions } from "../../src/client/download.ts";
import { readFolderListing } from "../../src/client/folder-listing.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";
import type { Session } from "../../src/client/session.ts";
import { upload } from "../../src/client/upload.ts";
import {
  makeSession,
  makeTemporaryFolder,
  transferErrorOf,
  urlOn,
  type TemporaryFolder,
} from "../support/client-session.ts";
import { hasPeer } from "../support/peers.ts";
import { cut, hear, hearEnd, say, startScriptedServer, type Step } from "../support/scripted-server.ts";

setDefaultTimeout(60_000);

let folder: TemporaryFolder;
let session: Session;
beforeEach(() => {
  folder = makeTemporaryFolder();
  session = makeSession({ silenceMs: 100, connectTimeoutMs: 300 });
});
afterEach(() => {
  session.close();
  folder.remove();
});

function get(server: { readonly port: number }, options: Partial<DownloadOptions> = {}) {
  return download(session, {
    url: urlOn(server),
    destination: { kind: "path", path: folder.path },
    force: false,
    ...options,
  });
}

async function freePort(): Promise<number> {
  const server = startScriptedServer([]);
  server.stop();
  return Promise.resolve(server.port);
}

/** A listener whose backlog is full: the kernel drops further handshakes, as a firewall would. */
async function startSilentHost(): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const program = `
import socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
clients = [socket.socket() for _ in range(3)]
for client in clients:
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
`;
  const child = Bun.spawn(["python3", "-c", program], { stdin: "pipe", stdout: "pipe", stderr: "ignore" });
  const { value } = await child.stdout.getReader().read();
  return {
    port: Number(Buffer.from(value ?? []).toString()),
    stop: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

describe("connecting", () => {
  test("to a port where nothing listens is refused at once", async () => {
    const error = await transferErrorOf(get({ port: await freePort() }));
    expect(error).toMatchObject({ phase: "connect", isRetryable: true });
    expect(error.message).toContain("nothing listens there");
  });

  test("to a name that doesn't exist fails to resolve (RFC 6761 §6.4)", async () => {
    session = makeSession();
    const url = parseRemoteUrl("http://no-such-host.invalid/a.txt");
    const error = await transferErrorOf(get({ port: 1 }, { url }));
    expect(error.phase).toBe("resolve");
    expect(error.message).toContain('"no-such-host.invalid"');
  });

  test("resolves a name, and reports it as it was given", async () => {
    const server = startScriptedServer([[hear, say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]]);
    try {
      const { connection } = (await get(server, { url: urlOn(server, "/x", "localhost") })).answer;
      expect(connection.hostName).toBe("localhost");
      expect(connection.endpoint.peerAddress).toBe("127.0.0.1");
    } finally {
      server.stop();
    }
  });

  test("over IPv6", async () => {
    const script = [hear, say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")];
    const server = startScriptedServer([script], "::1");
    try {
      const result = await get(server, { url: urlOn(server, "/x", "[::1]") });
      expect(result.answer.connection.endpoint).toMatchObject({ peerAddress: "::1", family: "IPv6" });
      expect(server.received[0]).toContain(`\r\nHost: [::1]:${server.port}\r\n`);
    } finally {
      server.stop();
    }
  });

  describe.skipIf(!hasPeer("python") || process.platform !== "linux")(
    "to a host that doesn't answer (python)",
    () => {
      let silent: { readonly port: number; readonly stop: () => Promise<void> };
      beforeEach(async () => {
        silent = await startSilentHost();
      });
      afterEach(() => silent.stop());

      test("ends at the time limit", async () => {
        const error = await transferErrorOf(get(silent));
        expect(error).toMatchObject({ phase: "connect", isRetryable: true });
        expect(error.message).toContain("no answer in time");
      });

      test("can be interrupted", async () => {
        session = makeSession();
        const controller = new AbortController();
        const running = transferErrorOf(get(silent, { signal: controller.signal }));
        setImmediate(() => controller.abort());
        expect(await running).toMatchObject({ phase: "connect", message: "The transfer was interrupted" });
      });
    },
  );

  test("can be interrupted before it begins", async () => {
    const error = await transferErrorOf(get({ port: await freePort() }, { signal: AbortSignal.abort() }));
    expect(error.message).toBe("The transfer was interrupted");
  });
});

describe("a server that goes silent", () => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
  const dripHead = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 900\r\n\r\n";
  test.each([
    ["after the request", [hear]],
    ["in the status line", [hear, say("HTTP/1.1 2")]],
    ["in the head", [hear, say("HTTP/1.1 200 OK\r\nContent-")]],
    ["after a 1xx", [hear, say("HTTP/1.1 103 Early Hints\r\n\r\n")]],
    ["before the body", [hear, say(head)]],
    ["in the body", [hear, say(`${head}hello`)]],
    ["in a chunk", [hear, say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello")]],
    ["in a close-delimited body", [hear, say("HTTP/1.1 200 OK\r\n\r\nhello")]],
  ] satisfies [string, Step[]][])("%s is given up, and hung up on", async (_name, script) => {
    const server = startScriptedServer([[...script, hearEnd]]);
    try {
      const error = await transferErrorOf(get(server));
      expect(error).toMatchObject({ phase: "receive", isRetryable: true });
      expect(error.message).toContain("silent");
      expect(folder.names()).toEqual([]);
      await server.ended(0);
    } finally {
      server.stop();
    }
  });

  test("in the body of an error is not waited for: the error is told", async () => {
    session = makeSession();
    const server = startScriptedServer([
      [hear, say("HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n"), hearEnd],
    ]);
    try {
      expect(await transferErrorOf(get(server))).toMatchObject({ phase: "answer", status: 404 });
      await server.ended(0);
    } finally {
      server.stop();
    }
  });

  test("is one that does not read an upload, too", async () => {
    writeFileSync(folder.at("big"), Buffer.alloc(64 * 1024 * 1024));
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => socket.pause(), data() {}, error() {} },
    });
    try {
      session = makeSession({ silenceMs: 1200 });
      const url = urlOn(listener, "/big");
      const error = await transferErrorOf(
        upload(session, { path: folder.at("big"), url, method: "PUT", retries: 0 }),
      );
      expect(error).toMatchObject({ phase: "send", isRetryable: true });
    } finally {
      listener.stop(true);
    }
  });

  test("may be slow as long as it says something", async () => {
    // All of it takes longer than the longest silence, and a busy machine may add to each pause.
    session = makeSession({ silenceMs: 500 });
    const server = startScriptedServer([
      [hear, say(head), ...Array.from("slow body", (letter) => [pause(70), say(letter)]).flat()],
    ]);
    try {
      expect((await get(server)).bodyBytes).toBe(9);
    } finally {
      server.stop();
    }
  });

  test.each([
    [
      "drips the head of its answer",
      Array.from({ length: 500 }, () => "X-Abc: d\r\n")
        .join("")
        .split(""),
    ],
    ["sends one 103 after the other", Array.from({ length: 500 }, () => "HTTP/1.1 103 Early Hints\r\n\r\n")],
  ])("and one that %s is given up, and may be tried again", async (_what, pieces) => {
    session = makeSession({ silenceMs: 60_000, stallWindowMs: 300 });
    const isHead = pieces[0]?.length === 1;
    const script = [hear, ...(isHead ? [say("HTTP/1.1 200 OK\r\n")] : [])];
    const server = startScriptedServer([[...script, ...pieces.flatMap((piece) => [pause(20), say(piece)])]]);
    try {
      const error = await transferErrorOf(get(server));
      expect([error.phase, error.isRetryable]).toEqual(["receive", true]);
      expect(error.message).toContain("has not ended the head of its answer within 1 s");
    } finally {
      server.stop();
    }
  });

  test("and one that drips what is printed, or a listing, is given up too", async () => {
    session = makeSession({ silenceMs: 60_000, stallWindowMs: 300 });
    const drip = [hear, say(dripHead), ...Array.from({ length: 500 }, () => [pause(20), say("x")]).flat()];
    const server = startScriptedServer([drip, drip]);
    try {
      const printed = get(server, { destination: { kind: "consumer", consume: () => undefined } });
      const printing = await transferErrorOf(printed);
      const listing = await transferErrorOf(readFolderListing(session, urlOn(server, "/")));
      for (const { phase, message } of [printing, listing]) {
        expect([phase, message]).toEqual(["receive", expect.stringContaining("has sent next to nothing")]);
      }
    } finally {
      server.stop();
    }
  });

  test("is at work as long as it says so (RFC 2518 §10.1)", async () => {
    session = makeSession({ silenceMs: 60_000, stallWindowMs: 1000 });
    const working = Array.from({ length: 20 }, () => [say("HTTP/1.1 102 Processing\r\n\r\n"), pause(70)]);
    const server = startScriptedServer([[hear, ...working.flat(), say(`${head}slow body`)]]);
    try {
      expect((await get(server)).bodyBytes).toBe(9);
    } finally {
      server.stop();
    }
  });

  test("is not blamed while the consumer takes its time", async () => {
    session = makeSession({ silenceMs: 100, stallWindowMs: 100 });
    const server = startScriptedServer([[hear, say(`${head}slow `), say("body")]]);
    try {
      const destination = { kind: "consumer", consume: () => Bun.sleep(250) } as const;
      expect((await get(server, { destination })).bodyBytes).toBe(9);
    } finally {
      server.stop();
    }
  });
});

/** The pace of a server is what is tested here, so it takes time. */
function pause(ms: number): Step {
  return {
    kind: "wait",
    get promise() {
      return new Promise((resolve) => setTimeout(resolve, ms));
    },
  };
}

describe("an interruption", () => {
  test.each([
    ["before the head", [hear]],
    ["in the head", [hear, say("HTTP/1.1 200 OK\r\n")]],
    ["in the body", [hear, say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")]],
  ] satisfies [string, Step[]][])(
    "%s ends the transfer at once and leaves nothing",
    async (_name, script) => {
      session = makeSession();
      const controller = new AbortController();
      const abort: Step = {
        kind: "wait",
        get promise() {
          return new Promise<void>((resolve) =>
            setImmediate(() => {
              controller.abort();
              resolve();
            }),
          );
        },
      };
      const server = startScriptedServer([[...script, abort, hearEnd]]);
      try {
        const error = await transferErrorOf(get(server, { signal: controller.signal }));
        expect(error.message).toBe("The transfer was interrupted");
        expect(folder.names()).toEqual([]);
        await server.ended(0);
      } finally {
        server.stop();
      }
    },
  );

  test("ends a transfer whose consumer never comes back", async () => {
    session = makeSession();
    const server = startScriptedServer([
      [hear, say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), hearEnd],
    ]);
    try {
      const controller = new AbortController();
      const consume = () => {
        setImmediate(() => controller.abort());
        return new Promise<void>(() => {});
      };
      const error = await transferErrorOf(
        get(server, { destination: { kind: "consumer", consume }, signal: controller.signal }),
      );
      expect(error.message).toBe("The transfer was interrupted");
      await server.ended(0);
    } finally {
      server.stop();
    }
  });

  test("after the last byte still prevents the name", async () => {
    session = makeSession();
    const server = startScriptedServer([[hear, say("HTTP/1.1 200 OK\r\n\r\nhello"), cut]]);
    try {
      const controller = new AbortController();
      const onAnswer = () => queueMicrotask(() => controller.abort());
      await transferErrorOf(get(server, { onAnswer, signal: controller.signal }));
      expect(folder.names()).toEqual([]);
    } finally {
      server.stop();
    }
  });
});
