import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import type { Answer } from "../../src/client/download.ts";
import type { TransferProgress } from "../../src/client/report.ts";
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
  hearEnd,
  reset,
  say,
  startScriptedServer,
  type ScriptedServer,
  type Step,
} from "../support/scripted-server.ts";

const MIB = 1024 * 1024;

let folder: TemporaryFolder;
let session: Session;
let server: ScriptedServer;
beforeEach(() => {
  folder = makeTemporaryFolder();
  session = makeSession();
  writeFileSync(folder.at("small"), "hello");
});
afterEach(() => {
  session.close();
  server.stop();
  folder.remove();
});

function serve(...scripts: (readonly Step[])[]): void {
  server = startScriptedServer(scripts);
}

function put(name: string, options: Partial<UploadOptions> = {}) {
  return upload(session, {
    path: folder.at(name),
    url: urlOn(server, `/${name}`),
    method: "PUT",
    ...options,
  });
}

function makeFile(name: string, sizeBytes: number): Buffer {
  const content = Buffer.alloc(sizeBytes, "0123456789abcdef-");
  writeFileSync(folder.at(name), content);
  return content;
}

const answer = (status: string, fields = "") =>
  say(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n${fields}\r\n`);
const go = say("HTTP/1.1 100 Continue\r\n\r\n");

describe("upload()", () => {
  test.each(["PUT", "POST"] as const)("sends a small file with %s, head and body", async (method) => {
    serve([hear, hearBody(5), answer("201 Created")]);
    const answers: Answer[] = [];
    const result = await put("small", { method, onAnswer: (told) => answers.push(told) });
    expect(result).toMatchObject({ savedAs: "/small", bodyBytes: 5 });
    expect(result.answer.status).toBe(201);
    expect(answers).toEqual([result.answer]);
    const [text = ""] = server.received;
    expect(text).toStartWith(`${method} /small HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`);
    expect(text).toContain("\r\nContent-Length: 5\r\n");
    expect(text).not.toContain("Expect");
    expect(text).toEndWith("\r\n\r\nhello");
    for (const duration of Object.values(result.phases)) expect(duration).toBeGreaterThanOrEqual(0);
  });

  test("sends an empty file", async () => {
    makeFile("empty", 0);
    serve([hear, answer("201 Created")]);
    expect((await put("empty")).bodyBytes).toBe(0);
    expect(server.received[0]).toContain("\r\nContent-Length: 0\r\n");
  });

  test("sends 32 MiB right, and tells of it", async () => {
    const content = makeFile("big", 32 * MIB);
    serve([hear, go, hearBody(32 * MIB), answer("201 Created")]);
    const told: TransferProgress[] = [];
    const result = await put("big", { onProgress: (progress) => told.push(progress) });
    expect(result.bodyBytes).toBe(32 * MIB);
    const [text = ""] = server.received;
    expect(Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "latin1").equals(content)).toBe(true);
    expect(told.at(-1)).toMatchObject({ doneBytes: 32 * MIB, totalBytes: 32 * MIB });
  });

  test.each([
    ["/up/hello%20(1).txt", "/up/hello%20(1).txt"],
    ["http://127.0.0.1/x/y?z", "/x/y"],
    ["other", "/other"],
    ["ftp://evil/x", "/small"],
    ["/100%.txt", "/100%25.txt"],
  ])("says where it was saved: Location %p", async (location, savedAs) => {
    serve([hear, hearBody(5), answer("201 Created", `Location: ${location}\r\n`)]);
    expect((await put("small")).savedAs).toBe(savedAs);
  });

  test.each(["200 OK", "201 Created", "204 No Content"])("takes %s for success", async (status) => {
    serve([
      hear,
      hearBody(5),
      say(`HTTP/1.1 ${status}\r\n${status.startsWith("204") ? "" : "Content-Length: 0\r\n"}\r\n`),
    ]);
    expect((await put("small")).bodyBytes).toBe(5);
  });

  test.each([
    [301, "wants the file elsewhere"],
    [308, "wants the file elsewhere"],
    [401, "password"],
    [403, "does not take this here"],
    [405, "does not accept uploads there"],
    [409, "exists already"],
    [412, "exists already"],
    [413, "larger than the server accepts"],
    [415, "type of file"],
    [500, "server's side"],
    [501, "does not know how to take uploads"],
    [507, "no room"],
  ])("status %p is an error of the phase answer, with what it means", async (status, part) => {
    serve([hear, hearBody(5), answer(`${status} Reason`)]);
    const error = await transferErrorOf(put("small", { retries: 0 }));
    expect(error).toMatchObject({ phase: "answer", status });
    expect(error.message).toContain(part);
  });

  test.each([
    ["307 Moved", "Location: /elsewhere/small", "send it to http://127.0.0.1:PORT/elsewhere/small, if"],
    [
      "301 Moved",
      "Location: https://h/small",
      "elsewhere, where netfile does not go: https is not supported yet",
    ],
    ["308 Moved", "X-Other: x", "wants the file elsewhere, and does not say where"],
    ["405 No", "Server: netfile", 'start it with "netfile serve --upload"'],
    ["405 No", "Server: Apache", "the server does not accept uploads there"],
    [
      "401 No",
      'WWW-Authenticate: Digest realm="a, Basic b", nonce="x", Bearer',
      "Digest or Bearer, and netfile logs in by Basic",
    ],
    ["401 No", 'WWW-Authenticate: Bearer realm="x"', "-H 'Authorization: Bearer TOKEN'"],
    [
      "401 No",
      "WWW-Authenticate: Negotiate",
      "asks for the scheme Negotiate, and netfile logs in by Basic only",
    ],
    [
      "401 No",
      'WWW-Authenticate: Digest realm="x"\r\nWWW-Authenticate: bAsic realm="y"',
      "give them with --user",
    ],
    ["407 No", "Proxy-Authenticate: NTLM", "the proxy asks for the scheme NTLM"],
  ])("%s with %s says: %s", async (status, field, part) => {
    serve([hear, hearBody(5), answer(status, `${field}\r\n`)]);
    const error = await transferErrorOf(put("small"));
    expect(error.message).toContain(part.replace("PORT", String(server.port)));
  });

  test("and what the server says of it, in plain text", async () => {
    const words = "409 Conflict\nA file of this name exists.\n";
    const head = `HTTP/1.1 409 Conflict\r\nContent-Type: text/plain\r\nContent-Length: ${words.length}\r\n\r\n`;
    serve([hear, hearBody(5), say(head + words)]);
    const { message } = await transferErrorOf(put("small"));
    expect(message).toEndWith("choose another name (it says: A file of this name exists)");
  });
});

describe("upload(): Expect: 100-continue (RFC 9110 §10.1.1)", () => {
  test("is sent for a body above 1 MiB, not for one of it", async () => {
    makeFile("at", MIB);
    makeFile("over", MIB + 1);
    serve([hear, hearBody(MIB), answer("201 Created"), hear, go, hearBody(MIB + 1), answer("201 Created")]);
    await put("at");
    await put("over");
    const heads = (server.received[0] ?? "").match(/Expect: 100-continue/g);
    expect(heads).toHaveLength(1);
  });

  test("a refusal keeps the body here", async () => {
    makeFile("big", 8 * MIB);
    serve([hear, answer("413 Content Too Large"), hearEnd]);
    const error = await transferErrorOf(put("big"));
    expect(error).toMatchObject({ phase: "answer", status: 413 });
    await server.ended(0);
    expect(server.received[0]).toEndWith("\r\n\r\n");
  });

  test("a server that doesn't know it gets the body after a second", async () => {
    makeFile("big", 2 * MIB);
    serve([hear, hearBody(2 * MIB), answer("201 Created")]);
    const startMs = performance.now();
    await put("big");
    expect(performance.now() - startMs).toBeGreaterThan(900);
  });

  test("a 100 that comes late is passed over", async () => {
    makeFile("big", 2 * MIB);
    serve([hear, hearBody(2 * MIB), go, go, answer("201 Created")]);
    expect((await put("big")).bodyBytes).toBe(2 * MIB);
  });

  test("other 1xx are not permission", async () => {
    makeFile("big", 2 * MIB);
    serve([hear, say("HTTP/1.1 103 Early Hints\r\n\r\n"), answer("403 Forbidden"), hearEnd]);
    expect((await transferErrorOf(put("big"))).status).toBe(403);
    await server.ended(0);
    expect(server.received[0]).toEndWith("\r\n\r\n");
  });

  test("417: it is sent once more, without", async () => {
    makeFile("big", 2 * MIB);
    serve(
      [hear, answer("417 Expectation Failed"), hearEnd],
      [hear, hearBody(2 * MIB), answer("201 Created")],
    );
    expect((await put("big")).bodyBytes).toBe(2 * MIB);
    expect(server.received[1]).not.toContain("Expect");
  });

  test("417 to a request without it is just an error", async () => {
    serve([hear, hearBody(5), answer("417 Expectation Failed")]);
    expect((await transferErrorOf(put("small"))).status).toBe(417);
    expect(server.received).toHaveLength(1);
  });

  test("success without the body is none", async () => {
    makeFile("big", 2 * MIB);
    serve([hear, answer("200 OK"), hearEnd]);
    const error = await transferErrorOf(put("big"));
    expect(error).toMatchObject({ phase: "answer", status: 200 });
    expect(error.message).toContain("without taking the file");
  });
});

const date = (secondsAgo: number) => new Date(Date.now() - 1000 * secondsAgo).toUTCString();

describe("upload(): a server that answers PUT as it answers GET", () => {
  test.each([
    ["an hour", 3600, "ignored"],
    ["a second", 1, "saved"],
  ])("with a file that is %s old: %#", async (_name, age, expected) => {
    const fields = `Date: ${date(0)}\r\nLast-Modified: ${date(age)}\r\n`;
    serve([hear, hearBody(5), answer("200 OK", fields)]);
    const [result] = await Promise.allSettled([put("small")]);
    const said = result.status === "rejected" ? String(result.reason) : "saved";
    expect(said).toContain(expected === "saved" ? "saved" : "200 OK without taking the file");
  });

  test.each(["201 Created", "204 No Content"])(
    "%s says that it was saved, whatever its date",
    async (status) => {
      const fields = `Date: ${date(0)}\r\nLast-Modified: ${date(3600)}\r\n`;
      serve([hear, hearBody(5), say(`HTTP/1.1 ${status}\r\n${fields}Content-Length: 0\r\n\r\n`)]);
      expect((await put("small")).savedAs).toBe("/small");
    },
  );
});

describe("upload(): an answer or an end before the body is over", () => {
  test("a refusal stops the sending", async () => {
    makeFile("big", 64 * MIB);
    serve([hear, go, hearBody(MIB), answer("507 Insufficient Storage"), hearEnd]);
    const error = await transferErrorOf(put("big"));
    expect(error).toMatchObject({ phase: "answer", status: 507 });
    await server.ended(0);
    expect(server.received[0]?.length).toBeLessThan(64 * MIB);
  });

  test.each([
    ["closes", cut],
    ["resets", reset],
  ])("a server that just %s is an error of the phase send", async (_name, end) => {
    makeFile("big", 64 * MIB);
    serve([hear, go, hearBody(MIB), end]);
    const error = await transferErrorOf(put("big", { retries: 0 }));
    expect(error).toMatchObject({ phase: "send", isRetryable: true });
  });

  test("a server that closes after the body, without an answer, is one of the phase receive", async () => {
    serve([hear, hearBody(5), cut]);
    expect((await transferErrorOf(put("small", { retries: 0 }))).phase).toBe("receive");
  });

  test.each(["garbage\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"])(
    "an answer that is not HTTP ends it: %p",
    async (text) => {
      serve([hear, hearBody(5), say(text), hearEnd]);
      expect((await transferErrorOf(put("small"))).phase).toBe("protocol");
    },
  );

  test("an interruption ends it, and the server sees a short body", async () => {
    makeFile("big", 64 * MIB);
    const controller = new AbortController();
    const abort: Step = {
      kind: "wait",
      get promise() {
        controller.abort();
        return Promise.resolve();
      },
    };
    serve([hear, go, hearBody(MIB), abort, hearEnd]);
    const error = await transferErrorOf(put("big", { signal: controller.signal }));
    expect(error.message).toBe("The transfer was interrupted");
    await server.ended(0);
    expect(server.received[0]?.length).toBeLessThan(64 * MIB);
  });
});

describe("upload(): the local file", () => {
  test.each([
    ["a missing file", "missing", "no such file"],
    ["a folder", "folder", "it is a folder"],
    ["a name through a file", "small/x", "not a folder"],
  ])("%s is an error of the phase read, before anything is asked", async (_name, path, part) => {
    mkdirSync(folder.at("folder"));
    serve([]);
    const error = await transferErrorOf(put(path));
    expect(error.phase).toBe("read");
    expect(error.message).toContain(part);
    expect(server.received).toEqual([]);
  });

  test.skipIf(process.platform === "win32")("a pipe and a device are refused, not waited for", async () => {
    serve([]);
    Bun.spawnSync(["mkfifo", folder.at("pipe")]);
    expect((await transferErrorOf(put("pipe"))).message).toContain("not a regular file");
    const device = await transferErrorOf(put("zero", { path: "/dev/zero" }));
    expect(device.phase).toBe("read");
  });

  test.each([
    ["grows", (path: string) => appendFileSync(path, "more")],
    ["shrinks", (path: string) => truncateSync(path, MIB)],
    ["is written to", (path: string) => utimesSync(path, 1, 1)],
  ])("one that %s while it is sent is not sent to its end", async (_name, change) => {
    makeFile("big", 32 * MIB);
    const touched: Step = {
      kind: "wait",
      get promise() {
        change(folder.at("big"));
        return Promise.resolve();
      },
    };
    serve([hear, touched, go, hearEnd]);
    const error = await transferErrorOf(put("big"));
    expect(error.phase).toBe("read");
    await server.ended(0);
    expect(server.received[0]?.length).toBeLessThan(32 * MIB);
    expect(statSync(folder.at("big")).isFile()).toBe(true);
  });
});
