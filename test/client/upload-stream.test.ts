/** Uploads of what comes out of a pipe: in chunks, once, and ended by whoever has had enough. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { TransferProgress } from "../../src/client/report.ts";
import type { SessionOptions } from "../../src/client/session.ts";
import { StreamedContent } from "../../src/client/streamed-content.ts";
import { uploadStream } from "../../src/client/upload.ts";
import type { StreamUploadOptions } from "../../src/client/upload-options.ts";
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
  say,
  startScriptedServer,
  tell,
  type ScriptedServer,
  type Step,
} from "../support/scripted-server.ts";

const answer = (status: string) => say(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
const go = say("HTTP/1.1 100 Continue\r\n\r\n");
/** The length of `text` in one chunk, and of the body that is nothing else. */
const chunkBytes = (text: string) => text.length + text.length.toString(16).length + 4;
const LAST_CHUNK_BYTES = 5;
/** What is shorter has a length. */
const AHEAD_BYTES = "there".length;

let folder: TemporaryFolder;
let server: ScriptedServer;
let reader: number;
let writer: number | undefined;
beforeEach(() => {
  folder = makeTemporaryFolder();
  Bun.spawnSync(["mkfifo", folder.at("pipe")]);
  reader = openSync(folder.at("pipe"), constants.O_RDONLY | constants.O_NONBLOCK);
  writer = openSync(folder.at("pipe"), constants.O_WRONLY);
});
afterEach(() => {
  server.stop();
  endPipe();
  closeSync(reader);
  folder.remove();
});

function write(text: string): void {
  if (writer !== undefined) writeSync(writer, text);
}

function endPipe(): void {
  if (writer !== undefined) closeSync(writer);
  writer = undefined;
}

async function put(options: Partial<StreamUploadOptions & SessionOptions> = {}, fd = reader) {
  const session = makeSession(options);
  try {
    const what = { url: urlOn(server, "/up.txt"), method: "PUT" as const, ...options };
    return await uploadStream(session, what, new StreamedContent(fd, "the pipe", AHEAD_BYTES));
  } finally {
    session.close();
  }
}

/** What came, without its head. */
function bodyOf(index = 0): string {
  const [, body = ""] = /^[^]*?\r\n\r\n([^]*)$/.exec(server.received[index] ?? "") ?? [];
  return body;
}

describe.skipIf(process.platform === "win32")("uploadStream()", () => {
  test.each(["PUT", "POST"] as const)("sends with %s what comes until the end, in chunks", async (method) => {
    const first = tell(() => write(" is more"));
    const end = tell(endPipe);
    const steps = [hear, go, hearBody(chunkBytes("there")), first, hearBody(chunkBytes(" is more")), end];
    server = startScriptedServer([[...steps, hearBody(LAST_CHUNK_BYTES), answer("201 Created")]]);
    write("there");
    const told: TransferProgress[] = [];
    const result = await put({ method, onProgress: (progress) => told.push(progress) });
    expect(result).toMatchObject({ savedAs: "/up.txt", bodyBytes: 13, resumedBytes: 0 });
    expect(server.received[0]).toStartWith(`${method} /up.txt HTTP/1.1\r\n`);
    expect(server.received[0]).toContain("\r\nTransfer-Encoding: chunked\r\n");
    expect(server.received[0]).toContain("\r\nExpect: 100-continue\r\n");
    expect(server.received[0]).not.toContain("Content-Length");
    expect(bodyOf()).toBe("5\r\nthere\r\n8\r\n is more\r\n0\r\n\r\n");
    expect(told.at(-1)).toMatchObject({ doneBytes: 13, totalBytes: undefined });
  });

  test.each(["", "four"])("sends what is short with its length: %p", async (text) => {
    server = startScriptedServer([[hear, hearBody(text.length), answer("201 Created")]]);
    write(text);
    endPipe();
    const told: TransferProgress[] = [];
    const result = await put({ onProgress: (progress) => told.push(progress) });
    expect(result.bodyBytes).toBe(text.length);
    expect(told.at(-1)).toMatchObject({ doneBytes: text.length, totalBytes: text.length });
    expect(server.received[0]).toContain(`\r\nContent-Length: ${text.length}\r\n`);
    expect(server.received[0]).not.toMatch(/Transfer-Encoding|Expect/);
    expect(bodyOf()).toBe(text);
  });

  test("asks the server when it knows whether it is short, and not before", async () => {
    server = startScriptedServer([[hear, hearBody(2), answer("201 Created")]]);
    const running = put();
    write("o");
    await Bun.sleep(20);
    expect(server.received).toEqual([]);
    write("k");
    endPipe();
    expect((await running).answer.status).toBe(201);
    expect(bodyOf()).toBe("ok");
  });

  test("does not take a pipe that rests for a server that does", async () => {
    const more = Promise.withResolvers<void>();
    const later: Step = { kind: "wait", promise: more.promise };
    const rest = chunkBytes("more") + LAST_CHUNK_BYTES;
    server = startScriptedServer([
      [hear, go, hearBody(chunkBytes("there")), later, hearBody(rest), answer("201 Created")],
    ]);
    write("there");
    const running = put({ silenceMs: 400, stallWindowMs: 500 });
    await Bun.sleep(1300);
    write("more");
    endPipe();
    more.resolve();
    expect((await running).bodyBytes).toBe(9);
  });

  test("blames a server that does not answer once all is there", async () => {
    server = startScriptedServer([[hear, hearEnd]]);
    write("x");
    endPipe();
    expect((await transferErrorOf(put({ silenceMs: 100 }))).message).toContain("has been silent");
  });
});

describe.skipIf(process.platform === "win32")("uploadStream() is refused", () => {
  test("by the head: nothing of it is sent", async () => {
    server = startScriptedServer([[hear, answer("403 Forbidden"), hearEnd]]);
    write("secret");
    expect(await transferErrorOf(put())).toMatchObject({ phase: "answer", status: 403 });
    await server.ended(0);
    expect(bodyOf()).toBe("");
  });

  test("by a server that wants to know the length, with what to do", async () => {
    server = startScriptedServer([[hear, answer("411 Length Required"), hearEnd]]);
    write("there");
    const error = await transferErrorOf(put());
    expect(error).toMatchObject({ phase: "answer", status: 411 });
    expect(error.message).toEndWith("the length first; save what comes out of the pipe, and send that file");
  });

  test("in the middle, while the pipe rests", async () => {
    server = startScriptedServer([
      [hear, go, hearBody(chunkBytes("there")), answer("413 Content Too Large"), hearEnd],
    ]);
    write("there");
    expect(await transferErrorOf(put())).toMatchObject({ phase: "answer", status: 413 });
  });

  test.each(["503 Service Unavailable", "417 Expectation Failed"])(
    "with %s once some of it has gone, and is not sent again",
    async (status) => {
      server = startScriptedServer([
        [hear, go, hearBody(chunkBytes("there")), answer(status), hearEnd],
        [hear],
      ]);
      write("there");
      const error = await transferErrorOf(put());
      expect(error).toMatchObject({ phase: "answer", status: Number(status.slice(0, 3)) });
      expect(server.received).toHaveLength(1);
    },
  );

  test("with 417 before that, and is asked for once more without Expect", async () => {
    server = startScriptedServer([
      [hear, answer("417 Expectation Failed"), hearEnd],
      [hear, hearBody(chunkBytes("there") + LAST_CHUNK_BYTES), answer("201 Created")],
    ]);
    write("there");
    endPipe();
    expect((await put()).bodyBytes).toBe(5);
    expect(server.received[1]).not.toContain("Expect");
    expect(bodyOf(1)).toBe("5\r\nthere\r\n0\r\n\r\n");
  });

  test("by success before its end: that is none", async () => {
    server = startScriptedServer([[hear, go, hearBody(chunkBytes("there")), answer("200 OK"), hearEnd]]);
    write("there");
    expect((await transferErrorOf(put())).message).toContain("without taking the file");
  });
});

describe.skipIf(process.platform === "win32")("uploadStream() breaks", () => {
  test("with the connection, and is not sent again", async () => {
    server = startScriptedServer([[hear, go, hearBody(chunkBytes("there")), cut], [hear]]);
    write("there");
    expect((await transferErrorOf(put())).phase).toBe("send");
    expect(server.received).toHaveLength(1);
  });

  test("by an interruption, before anything was asked and after, and never looks like an end", async () => {
    const controller = new AbortController();
    const abort = tell(() => controller.abort());
    server = startScriptedServer([[hear, go, hearBody(chunkBytes("there")), abort, hearEnd]]);
    const early = transferErrorOf(put({ signal: AbortSignal.timeout(10) }));
    expect((await early).message).toBe("The transfer was interrupted");
    expect(server.received).toEqual([]);
    endPipe();
    closeSync(reader);
    reader = openSync(folder.at("pipe"), constants.O_RDONLY | constants.O_NONBLOCK);
    writer = openSync(folder.at("pipe"), constants.O_WRONLY);
    write("there");
    const error = await transferErrorOf(put({ signal: controller.signal }));
    expect(error.message).toBe("The transfer was interrupted");
    await server.ended(0);
    expect(bodyOf()).toBe("5\r\nthere\r\n");
  });

  test("when the input can't be read, before anything is asked", async () => {
    server = startScriptedServer([]);
    const fd = openSync(folder.path, constants.O_RDONLY);
    const error = await transferErrorOf(put({}, fd));
    closeSync(fd);
    expect(error.phase).toBe("read");
    expect(error.message).toStartWith('Cannot read "the pipe": it is a folder');
  });
});
