import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Answer } from "../../src/client/answer.ts";
import type { Session } from "../../src/client/session.ts";
import { upload, type UploadOptions } from "../../src/client/upload.ts";
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
  reset,
  say,
  startScriptedServer,
  type ScriptedServer,
  type Step,
} from "../support/scripted-server.ts";

let folder: TemporaryFolder;
let session: Session;
let server: ScriptedServer;
let answers: number[];
let notices: string[];
beforeEach(() => {
  folder = makeTemporaryFolder();
  session = makeSession();
  writeFileSync(folder.at("small"), "hello");
  [answers, notices] = [[], []];
});
afterEach(() => {
  session.close();
  server.stop();
  folder.remove();
});

const answer = (status: string, fields = "") =>
  say(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n${fields}\r\n`);
const created = answer("201 Created");
const busy = answer("503 Service Unavailable", "Retry-After: 0\r\n");

const taken = [hear, hearBody(5), answer("409 Conflict")];
const digestOf = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest("base64");
const head = (text: string) =>
  `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nRepr-Digest: sha-256=:${digestOf(text)}:\r\n\r\n`;

function put(scripts: readonly (readonly Step[])[], options: Partial<UploadOptions> = {}) {
  server = startScriptedServer(scripts);
  return upload(session, {
    path: folder.at("small"),
    url: urlOn(server, "/small"),
    method: "PUT",
    onAnswer: ({ status }: Answer) => answers.push(status),
    onNotice: (text) => notices.push(text),
    ...options,
  });
}

/** What the server got, request by request. */
const requests = () => server.received.join("").match(/(?:PUT|POST) [^]*?\r\n\r\nhello/g) ?? [];

describe("sendPlainly()", () => {
  test.each([
    ["tells the server what must arrive (RFC 9530 §3)", {}, `sha-256=:${digestOf("hello")}:`],
    ["leaves that to the user", { "repr-digest": "sha-256=:AA==:" }, "sha-256=:AA==:"],
    ["and leaves it out when he does", { "Repr-Digest": "" }, undefined],
  ])("%s", async (_name, own, expected) => {
    session.close();
    session = makeSession({ ownFieldsFor: () => Object.entries(own) });
    await put([[hear, hearBody(5), created]]);
    expect(/^repr-digest: (.*)\r$/im.exec(requests()[0] ?? "")?.[1]).toBe(expected);
  });

  test("sends again when the server asks for it (RFC 9110 §10.2.3)", async () => {
    const result = await put([
      [hear, hearBody(5), busy, hear, hearBody(5), busy, hear, hearBody(5), created],
    ]);
    expect(result).toMatchObject({ bodyBytes: 5, answer: { status: 201 } });
    expect([requests().length, answers]).toEqual([3, [201]]);
    expect(notices).toHaveLength(2);
    expect(notices[0]).toEndWith(
      "/small: the server answered 503 Service Unavailable; the server is overloaded or under maintenance; sending it again",
    );
  });

  test.each([
    ["cuts", cut],
    ["resets", reset],
  ])("sends a PUT again when the server %s the connection without an answer", async (_name, end) => {
    await put([
      [hear, hearBody(5), end],
      [hear, hearBody(5), created],
    ]);
    expect([requests().length, answers, notices.length]).toEqual([2, [201], 1]);
  });

  test("is content with a taken name that has the file, when only the answer was lost", async () => {
    const result = await put([[hear, hearBody(5), cut], taken, [hear, say(head("hello"))]]);
    expect(result).toMatchObject({ savedAs: "/small", bodyBytes: 5, answer: { status: 200 } });
    expect(server.received[2]).toContain("HEAD /small HTTP/1.1");
  });

  test("so also over a connection that was kept", async () => {
    const scripts = [[hear, hearBody(5), created, hear, hearBody(5), cut], taken, [hear, say(head("hello"))]];
    await put(scripts);
    const { port } = server;
    const options = { path: folder.at("small"), url: urlOn({ port }, "/small"), method: "PUT" } as const;
    expect((await upload(session, options)).answer.status).toBe(200);
  });

  test.each<[string, Step[]]>([
    ["has another file", [hear, say(head("other"))]],
    ["tells no digest", [hear, answer("200 OK")]],
    ["is silent", [cut]],
  ])("is not when the server %s", async (_name, steps) => {
    const scripts = [[hear, hearBody(5), cut], taken, steps];
    expect(await transferErrorOf(put(scripts))).toMatchObject({ phase: "answer", status: 409 });
  });

  test("is not when nothing was sent before", async () => {
    expect(await transferErrorOf(put([taken]))).toMatchObject({ phase: "answer", status: 409 });
    expect(server.received[0]).not.toContain("HEAD");
  });

  test("gives up after so many tries, with the last answer", async () => {
    const scripts = [[hear, hearBody(5), busy, hear, hearBody(5), busy, hear, hearBody(5), created]];
    expect(await transferErrorOf(put(scripts, { retries: 1 }))).toMatchObject({ status: 503 });
    expect([requests().length, answers]).toEqual([2, [503]]);
  });

  test.each<[string, Step, Partial<UploadOptions>]>([
    ["a server that wants it much later", answer("503 Busy", "Retry-After: 3600\r\n"), {}],
    ["a server that refuses", answer("403 Forbidden"), {}],
    ["whom no retry is wanted", busy, { retries: 0 }],
    ["a POST that the server may have acted upon", busy, { method: "POST" }],
    ["a POST that was cut", cut, { method: "POST" }],
  ])("does not send again to %s", async (_name, step, options) => {
    const error = await transferErrorOf(
      put([[hear, hearBody(5), step, hear, hearBody(5), created]], options),
    );
    expect(["answer", "receive"]).toContain(error.phase);
    expect([requests().length, notices]).toEqual([1, []]);
  });

  test("waits no longer when it is ended", async () => {
    const ending = new AbortController();
    const later = answer("503 Busy", "Retry-After: 100\r\n");
    const options = { signal: ending.signal, onNotice: () => ending.abort() };
    const error = await transferErrorOf(put([[hear, hearBody(5), later]], options));
    expect(error.message).toBe("The transfer was interrupted");
  });
});
