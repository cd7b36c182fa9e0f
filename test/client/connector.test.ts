import { afterEach, describe, expect, test } from "bun:test";
import { download } from "../../src/client/download.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";
import { probe } from "../../src/client/probe.ts";
import type { Session } from "../../src/client/session.ts";
import { makeSession, transferErrorOf, urlOn } from "../support/client-session.ts";

type Server = { readonly port: number; readonly stop: () => Promise<void> };

let session: Session;
let servers: Server[] = [];
afterEach(async () => {
  session.close();
  for (const server of servers) await server.stop();
  servers = [];
});

/** A server that closes each connection after its answer, so that every request needs a new one. */
function start(port = 0): Server {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port,
    fetch: () => new Response("hello", { headers: { Connection: "close" } }),
  });
  const started = { port: server.port ?? 0, stop: () => server.stop(true) };
  servers.push(started);
  return started;
}

async function freePort(): Promise<number> {
  const server = start();
  await server.stop();
  return server.port;
}

/** Opens the session, and does `then` at its first notice. @returns all notices. */
function open(options: Parameters<typeof makeSession>[0], then = () => {}): string[] {
  const notices: string[] = [];
  session = makeSession(options);
  session.onNotice = (text) => {
    if (notices.push(text) === 1) then();
  };
  return notices;
}

const ask = (server: { readonly port: number }) => probe(session, urlOn(server), { wantsDigest: false });
const get = (server: { readonly port: number }, retries: number, signal?: AbortSignal) =>
  download(session, {
    url: urlOn(server),
    destination: { kind: "consumer", consume: () => {} },
    force: false,
    retries,
    ...(signal === undefined ? {} : { signal }),
  });

describe("Connector: a server that is gone for a moment", () => {
  test("is waited for once it was reached, and all wait together", async () => {
    const server = start();
    const notices = open({ connectRetries: 3 }, () => start(server.port));
    await ask(server);
    await server.stop();
    const probes = await Promise.all(Array.from({ length: 8 }, () => ask(server)));
    expect(probes.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(notices).toEqual([
      expect.stringMatching(
        /^Cannot connect to 127\.0\.0\.1:\d+: nothing listens there\. Trying again in 0\.\d s$/,
      ),
    ]);
  });

  test("is tried so often in a row, and after that once for each request", async () => {
    const server = start();
    const notices = open({ connectRetries: 2 });
    await ask(server);
    await server.stop();
    expect(await transferErrorOf(ask(server))).toMatchObject({ phase: "connect", isFinal: true });
    expect(notices).toHaveLength(2);
    // The transfer's own tries are not added to those.
    expect(await transferErrorOf(get(server, 5))).toMatchObject({ phase: "connect", isFinal: true });
    expect(notices).toHaveLength(2);
    start(server.port);
    await ask(server);
  });

  test("is told at once as long as it was never reached", async () => {
    const port = await freePort();
    const notices = open({ connectRetries: 3 });
    expect(await transferErrorOf(get({ port }, 3))).toMatchObject({ phase: "connect", isFinal: true });
    expect(notices).toEqual([]);
  });

  test("is waited for although it was never reached, if that is wanted", async () => {
    const port = await freePort();
    const notices = open({ connectRetries: 3, waitsForStart: true }, () => start(port));
    expect((await get({ port }, 0)).bodyBytes).toBe(5);
    expect(notices).toHaveLength(1);
  });

  test("another one is not waited for", async () => {
    const server = start();
    const port = await freePort();
    const notices = open({ connectRetries: 3 });
    await ask(server);
    expect(await transferErrorOf(ask({ port }))).toMatchObject({ phase: "connect" });
    expect(notices).toEqual([]);
  });

  test("is waited for no longer when the transfer is ended", async () => {
    const port = await freePort();
    const ending = new AbortController();
    open({ connectRetries: 1000, waitsForStart: true }, () => ending.abort());
    const error = await transferErrorOf(get({ port }, 1000, ending.signal));
    expect(error.message).toBe("The transfer was interrupted");
  });

  test("is not waited for by what can do without it", async () => {
    const server = start();
    const notices = open({ connectRetries: 3 });
    await ask(server);
    await server.stop();
    const { origin } = parseRemoteUrl(`http://127.0.0.1:${server.port}/`);
    const question = { origin, mayRepeat: () => true, signal: undefined, isExtra: true };
    const asking = session.ask({ ...question, converse: () => Promise.reject(new Error("not reached")) });
    expect(await transferErrorOf(asking)).toMatchObject({ phase: "connect", isFinal: false });
    expect(notices).toEqual([]);
  });
});
