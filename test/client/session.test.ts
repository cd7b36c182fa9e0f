import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { download, type DownloadResult } from "../../src/client/download.ts";
import type { Session } from "../../src/client/session.ts";
import { upload } from "../../src/client/upload.ts";
import {
  makeSession,
  makeTemporaryFolder,
  transferErrorOf,
  urlOn,
  type TemporaryFolder,
} from "../support/client-session.ts";
import {
  cut,
  hear,
  hearBody,
  hearEnd,
  reset,
  say,
  startScriptedServer,
  waitFor,
  type ScriptedServer,
  type Step,
} from "../support/scripted-server.ts";

let folder: TemporaryFolder;
let session: Session;
let servers: ScriptedServer[];
beforeEach(() => {
  folder = makeTemporaryFolder();
  session = makeSession();
  servers = [];
});
afterEach(() => {
  session.close();
  for (const server of servers) server.stop();
  folder.remove();
});

function serve(...scripts: (readonly Step[])[]): ScriptedServer {
  const server = startScriptedServer(scripts);
  servers.push(server);
  return server;
}

function get(server: ScriptedServer, signal?: AbortSignal): Promise<DownloadResult> {
  return download(session, {
    url: urlOn(server),
    destination: { kind: "consumer", consume: () => {} },
    force: false,
    ...(signal === undefined ? {} : { signal }),
  });
}

function send(server: ScriptedServer, method: "PUT" | "POST") {
  writeFileSync(folder.at("up.txt"), "hello");
  return upload(session, { path: folder.at("up.txt"), url: urlOn(server, "/up.txt"), method });
}

const file = say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
const created = say("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");

describe("Session: one connection is kept (RFC 9112 §9.3)", () => {
  test.each([
    ["Content-Length", file],
    ["chunked", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")],
    [
      "HTTP/1.0 that asks for it",
      say("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"),
    ],
  ])("and used again: %s", async (_name, answer) => {
    const server = serve([hear, answer, hear, answer, hear, answer]);
    expect((await get(server)).answer.connection.isReused).toBe(false);
    const second = await get(server);
    expect(second.answer.connection.isReused).toBe(true);
    expect(second.phases).toMatchObject({ resolveMs: 0, connectMs: 0 });
    await get(server);
    expect(server.received).toHaveLength(1);
  });

  test("also after an error answer with a short body", async () => {
    const server = serve([hear, say("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"), hear, file]);
    await transferErrorOf(get(server));
    await get(server);
    expect(server.received).toHaveLength(1);
  });

  test.each([
    ["Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
    ["a long error body", `HTTP/1.1 404 No\r\nContent-Length: 9000000\r\n\r\n${"x".repeat(100_000)}`],
  ])("but not after %s", async (_name, text) => {
    const server = serve([hear, say(text), hearEnd], [hear, file]);
    await get(server).catch(() => {});
    expect((await get(server)).answer.connection.isReused).toBe(false);
    await server.ended(0);
  });

  test("but not for another port", async () => {
    const one = serve([hear, file]);
    const other = serve([hear, file]);
    await get(one);
    expect((await get(other)).answer.connection.isReused).toBe(false);
  });

  test("two requests at once take two connections; one of them is kept", async () => {
    const gate = Promise.withResolvers<void>();
    const server = serve([hear, waitFor(gate.promise), file, hear, file], [hear, file, hear, file]);
    const first = get(server);
    const second = await get(server);
    gate.resolve();
    await first;
    expect(second.answer.connection.isReused).toBe(false);
    expect((await get(server)).answer.connection.isReused).toBe(true);
    expect(server.received).toHaveLength(2);
  });

  test("as many are kept for one origin as it is told to keep, and used again", async () => {
    session.close();
    session = makeSession({ keptPerOrigin: 2 });
    const gate = Promise.withResolvers<void>();
    const script = [hear, waitFor(gate.promise), file, hear, file];
    const server = serve(script, script, [hear, waitFor(gate.promise), file, hearEnd]);
    const first = [get(server), get(server), get(server)];
    gate.resolve();
    await Promise.all(first);
    const second = await Promise.all([get(server), get(server)]);
    expect(second.map(({ answer }) => answer.connection.isReused)).toEqual([true, true]);
    expect(server.received).toHaveLength(3);
  });

  test("the longest idle is closed when there are more than four", async () => {
    const all = [0, 1, 2, 3, 4].map(() => serve([hear, file, hearEnd]));
    for (const server of all) await get(server);
    await all[0]?.ended(0);
  });
});

describe("Session: it reconnects unseen (RFC 9112 §9.5)", () => {
  test("when the server has closed the idle connection", async () => {
    const server = serve([hear, file, cut], [hear, file]);
    await get(server);
    await server.ended(0);
    expect((await get(server)).answer.connection.isReused).toBe(false);
  });

  test.each([
    ["closes", cut],
    ["resets", reset],
  ])("when the server %s it just as a GET goes out", async (_name, end) => {
    const server = serve([hear, file, hear, end], [hear, file]);
    await get(server);
    expect((await get(server)).bodyBytes).toBe(5);
    expect(server.received).toHaveLength(2);
  });

  test("when that happens to a PUT, body and all: it may be sent twice (RFC 9110 §9.2.2)", async () => {
    const server = serve([hear, file, hear, hearBody(5), cut], [hear, hearBody(5), created]);
    await get(server);
    expect((await send(server, "PUT")).bodyBytes).toBe(5);
    expect(server.received[1]).toEndWith("\r\n\r\nhello");
  });

  test("when that happens to a POST whose body was not sent yet", async () => {
    const server = serve([hear, file, hear, cut], [hear, hearBody(5), created]);
    await get(server);
    expect((await send(server, "POST")).bodyBytes).toBe(5);
    expect(server.received[0]).toContain("Expect: 100-continue");
    expect(server.received[1]).not.toContain("Expect");
  });

  test("but a POST is not sent twice once its body was", async () => {
    const server = serve(
      [hear, file, hear, say("HTTP/1.1 100 Continue\r\n\r\n"), hearBody(5), cut],
      [hear, hearBody(5), created],
    );
    await get(server);
    expect((await transferErrorOf(send(server, "POST"))).phase).toBe("receive");
    expect(server.received).toHaveLength(1);
  });

  test("nor when a silent server ends it after the body", async () => {
    const server = serve([hear, file, hear, hearBody(5), cut], [hear, hearBody(5), created]);
    await get(server);
    expect((await transferErrorOf(send(server, "POST"))).phase).toBe("receive");
    expect(server.received).toHaveLength(1);
  });

  test("but only once, and only on a connection that was used before", async () => {
    const server = serve([hear, file, hear, cut], [hear, cut], [hear, file]);
    await get(server);
    expect((await transferErrorOf(get(server))).phase).toBe("receive");
    expect(server.received).toHaveLength(2);
  });

  test("but not when part of an answer has come", async () => {
    const server = serve([hear, file, hear, say("HTTP/1.1 20"), cut], [hear, file]);
    await get(server);
    expect((await transferErrorOf(get(server))).phase).toBe("receive");
    expect(server.received).toHaveLength(1);
  });
});

describe("Session.close()", () => {
  test("ends the idle connection", async () => {
    const server = serve([hear, file, hearEnd]);
    await get(server);
    session.close();
    await server.ended(0);
  });

  test("ends a request under way", async () => {
    const asked = Promise.withResolvers<void>();
    const step: Step = {
      kind: "wait",
      get promise() {
        asked.resolve();
        return Promise.resolve();
      },
    };
    const server = serve([hear, step, hearEnd]);
    const running = transferErrorOf(get(server));
    await asked.promise;
    session.close();
    expect((await running).message).toBe("The session was closed");
    await server.ended(0);
  });

  test("lets nothing begin after it", async () => {
    const server = serve([hear, file]);
    session.close();
    session.close();
    await transferErrorOf(get(server));
    expect(server.received).toEqual([]);
  });
});

describe("a signal ends a transfer", () => {
  test("before it begins", async () => {
    const server = serve([hear, file]);
    expect((await transferErrorOf(get(server, AbortSignal.abort()))).message).toBe(
      "The transfer was interrupted",
    );
    expect(server.received).toEqual([]);
  });

  test("and leaves the kept connection of an earlier one alone", async () => {
    const server = serve([hear, file, hear, file]);
    const controller = new AbortController();
    await get(server, controller.signal);
    controller.abort();
    expect((await get(server)).answer.connection.isReused).toBe(true);
  });
});
