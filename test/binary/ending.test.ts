/**
 * How a server ends: by signals, by idleness, and never in the middle of an answer.
 */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type NetfileServer, startNetfile } from "../support/netfile-binary.ts";
import { sha256 } from "../support/scratch-folder.ts";
import { LARGE, makeTestSite } from "../support/test-site.ts";

setDefaultTimeout(60_000);

const site = makeTestSite();
afterAll(() => site[Symbol.dispose]());

/** A client that has asked for the large file, has its head, and reads on only when it is told to. */
async function beginDownload(server: NetfileServer) {
  const chunks: Buffer[] = [];
  const begun = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: server.port,
    socket: {
      data(self, chunk) {
        chunks.push(chunk);
        if (chunks.length === 1) {
          self.pause();
          begun.resolve();
        }
      },
      close: () => closed.resolve(),
      error: () => closed.resolve(),
    },
  });
  socket.write("GET /large.png HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await begun.promise;
  return {
    /** Reads to the end and gives the content. */
    async finish(): Promise<Buffer> {
      socket.resume();
      await closed.promise;
      const all = Buffer.concat(chunks);
      return all.subarray(all.indexOf("\r\n\r\n") + 4);
    },
    closed: closed.promise,
    resume: () => socket.resume(),
  };
}

describe.each([["SIGTERM"], ["SIGINT"]] as const)("%s", (signal) => {
  test("ends an idle server with exit 0", async () => {
    await using server = await startNetfile(["0"], { cwd: site.path });
    await (await fetch(`${server.url}/notes.txt`)).text();
    server.kill(signal);
    expect(await server.ended()).toMatchObject({ code: 0, signal: null });
  });

  test("lets the answer under way end whole, takes no new connection, exit 0", async () => {
    await using server = await startNetfile(["0"], { cwd: site.path });
    const download = await beginDownload(server);
    server.kill(signal);
    await untilRefused(server.port);
    const content = await download.finish();
    expect(sha256(content)).toBe(sha256(LARGE));
    expect(await server.ended()).toMatchObject({ code: 0, signal: null });
  });

  test("a second one ends at once", async () => {
    await using server = await startNetfile(["0"], { cwd: site.path });
    const download = await beginDownload(server);
    server.kill(signal);
    await untilRefused(server.port);
    server.kill(signal);
    const { code, signal: by } = await server.ended();
    expect(code === 0 && by === null).toBe(false);
    download.resume();
    await download.closed;
  });
});

describe("--idle-exit", () => {
  test("ends with exit 0 when no request comes at all", async () => {
    await using server = await startNetfile(["0", "--idle-exit", "0.5"], { cwd: site.path });
    expect(await server.ended()).toMatchObject({ code: 0, signal: null });
  });

  test("counts a running transfer as activity", async () => {
    await using server = await startNetfile(["0", "--idle-exit", "0.5"], { cwd: site.path });
    const download = await beginDownload(server);
    const early = await Promise.race([server.ended(), Bun.sleep(1500)]);
    expect(early).toBeUndefined();
    download.resume();
    expect(await server.ended()).toMatchObject({ code: 0 });
    expect(sha256(await download.finish())).toBe(sha256(LARGE));
  });

  test("an open connection without a request does not keep it", async () => {
    await using server = await startNetfile(["0", "--idle-exit", "0.5"], { cwd: site.path });
    const socket = await Bun.connect({ hostname: "127.0.0.1", port: server.port, socket: { data() {} } });
    expect(await server.ended()).toMatchObject({ code: 0 });
    socket.end();
  });
});

/** Waits until the port takes no connection any more. */
async function untilRefused(port: number): Promise<void> {
  for (;;) {
    try {
      (await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {}, error() {} } })).end();
    } catch {
      return;
    }
  }
}
