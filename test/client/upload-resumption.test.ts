/** Uploads that survive cuts, over sockets, to our own server and to ones that lie. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
import { startCuttingProxy, type CuttingProxy, type CuttingProxyOptions } from "../support/cutting-proxy.ts";
import { startSite, type RunningSite } from "../support/running-site.ts";
import {
  cut,
  hear,
  hearBody,
  say,
  startScriptedServer,
  type ScriptedServer,
  type Step,
} from "../support/scripted-server.ts";

setDefaultTimeout(60_000);

const MIB = 1024 * 1024;
const SIZE = 6 * MIB + 7;

let folder: TemporaryFolder;
let session: Session;
beforeEach(() => {
  folder = makeTemporaryFolder();
  session = makeSession();
  writeFileSync(folder.at("big.bin"), Buffer.alloc(SIZE, "0123456789abcdef-"));
});
afterEach(() => {
  session.close();
  folder.remove();
});

function put(port: number, options: Partial<UploadOptions> = {}) {
  const url = urlOn({ port }, "/big.bin");
  return upload(session, { path: folder.at("big.bin"), url, method: "PUT", ...options });
}

const once = (sizeBytes: number) => (index: number) => (index === 0 ? sizeBytes : undefined);

/** Of the byte 2 MiB after the beginning of a connection. */
function flipBit(chunk: Buffer, position: number): Buffer {
  const at = 2 * MIB - position;
  if (at >= 0 && at < chunk.length) chunk.writeUInt8(chunk.readUInt8(at) ^ 1, at);
  return chunk;
}

function misspell(chunk: Buffer): Buffer {
  const at = chunk.indexOf("small");
  if (at >= 0) chunk.write("tall ", at);
  return chunk;
}

function isFirstCreated(answer: Buffer, index: number): boolean {
  return index === 0 && answer.includes("HTTP/1.1 201");
}

function cutAtRandom(index: number): number | undefined {
  return index < 25 ? 1000 + Math.floor(Math.random() * MIB) : undefined;
}

describe("upload() to our own server", () => {
  let site: RunningSite;
  let proxy: CuttingProxy | undefined;
  beforeEach(() => {
    site = startSite({ policy: { allow: "all", upload: { maxBytes: 100 * MIB, onExist: "refuse" } } });
  });
  afterEach(async () => {
    proxy?.stop();
    proxy = undefined;
    await site.stop();
  });

  async function putThrough(
    behaviour: Omit<CuttingProxyOptions, "targetPort">,
    options: Partial<UploadOptions> = {},
  ) {
    proxy = await startCuttingProxy({ targetPort: site.port, ...behaviour });
    return put(proxy.port, options);
  }

  const isSaved = () => readFileSync(join(site.root, "big.bin")).equals(readFileSync(folder.at("big.bin")));
  const siteNames = async () => {
    await site.answered(1);
    return [...new Bun.Glob("**").scanSync({ cwd: site.root, dot: true })].sort();
  };

  test("needs one request when nothing goes wrong", async () => {
    const result = await put(site.port);
    expect([result.savedAs, result.bodyBytes, isSaved()]).toEqual(["/big.bin", SIZE, true]);
    expect((await site.answered(1)).map(({ method, status }) => [method, status])).toEqual([["PUT", 201]]);
    expect(await siteNames()).toEqual(["big.bin"]);
  });

  test.each(["fin", "reset"] as const)(
    "survives cuts at random offsets (%s)",
    async (how) => {
      const notices: string[] = [];
      const result = await putThrough(
        { cutAfter: cutAtRandom, how },
        { onNotice: (text) => notices.push(text) },
      );
      expect([result.savedAs, result.bodyBytes, isSaved()]).toEqual(["/big.bin", SIZE, true]);
      expect(notices.length).toBeGreaterThan(0);
      expect(await siteNames()).toEqual(["big.bin"]);
    },
    30_000,
  );

  test("sends little twice when every connection is cut after a mebibyte", async () => {
    await putThrough({ cutAfter: () => MIB, how: "fin" });
    expect(isSaved()).toBe(true);
    expect(proxy?.connections()).toBeGreaterThan(5);
    expect((proxy?.passedBytes() ?? 0) / SIZE).toBeLessThan(1.05);
  }, 30_000);

  test("counts on from where the server stands", async () => {
    const told: TransferProgress[] = [];
    await putThrough({ cutAfter: once(3 * MIB) }, { onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).toMatchObject({ doneBytes: SIZE, totalBytes: SIZE });
  });

  test("hears an answer that was lost, and saves nothing twice", async () => {
    const result = await putThrough({ cutAfter: () => undefined, swallow: isFirstCreated });
    expect([result.savedAs, result.answer.status, isSaved()]).toEqual(["/big.bin", 201, true]);
    expect(await siteNames()).toEqual(["big.bin"]);
  });

  test("notices a bit that was flipped on the way: nothing is saved", async () => {
    const error = await transferErrorOf(putThrough({ cutAfter: once(3 * MIB), change: flipBit }));
    expect([error.phase, error.status]).toEqual(["answer", 400]);
    expect(await siteNames()).toEqual([]);
  });

  test("notices it in a small file, too, although that is sent in one piece (RFC 9530 §3)", async () => {
    writeFileSync(folder.at("big.bin"), "a small file after all");
    const error = await transferErrorOf(putThrough({ cutAfter: () => undefined, change: misspell }));
    expect([error.phase, error.status]).toEqual(["answer", 400]);
    expect(error.message).toContain("does not match its digest");
    expect(await siteNames()).toEqual([]);
  });

  test("ends when there is no progress any more", async () => {
    const error = await transferErrorOf(
      putThrough({ cutAfter: (index) => (index === 0 ? 3 * MIB : 10) }, { retries: 2 }),
    );
    expect([error.phase, error.isRetryable]).toEqual(["receive", true]);
    expect(proxy?.connections()).toBe(3);
  });

  test("drops what it has sent when the user interrupts it", async () => {
    const controller = new AbortController();
    const sending = putThrough(
      { cutAfter: once(3 * MIB) },
      { signal: controller.signal, onNotice: () => controller.abort() },
    );
    expect((await transferErrorOf(sending)).message).toContain("interrupted");
    expect(await siteNames()).toEqual([]);
  });

  test("drops what it has sent when the file changes meanwhile", async () => {
    const sending = putThrough(
      { cutAfter: once(3 * MIB) },
      { onNotice: () => appendFileSync(folder.at("big.bin"), "more") },
    );
    expect((await transferErrorOf(sending)).phase).toBe("read");
    expect(await siteNames()).toEqual([]);
  });

  test("is told at once when the name is taken", async () => {
    writeFileSync(join(site.root, "big.bin"), "old");
    const error = await transferErrorOf(put(site.port));
    expect([error.phase, error.status]).toEqual(["answer", 409]);
    expect((await site.answered(1))[0]?.receivedBytes).toBe(0);
  });
});

const LOCATION = "Location: /up/1\r\n";
const VERSION = "Upload-Draft-Interop-Version: 8\r\n";
const go = say("HTTP/1.1 100 Continue\r\n\r\n");
const offer = (fields = LOCATION + VERSION) =>
  say(`HTTP/1.1 104 Upload Resumption Supported\r\n${fields}\r\n`);
const state = (fields: string) => say(`HTTP/1.1 204 No Content\r\n${fields}\r\n`);
const answer = (status: string, fields = "") =>
  say(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n${fields}\r\n`);
const cutCreation = [hear, offer(), go, hearBody(2 * MIB), cut];

describe("upload() to a server that says", () => {
  let server: ScriptedServer;
  afterEach(() => server.stop());

  const serve = (...scripts: (readonly Step[])[]) => {
    server = startScriptedServer(scripts);
  };
  const requestLine = (index: number) => server.received[index]?.split("\r\n", 1)[0];

  test("what it may: 104, the offset, the end", async () => {
    serve(cutCreation, [
      hear,
      state(`Upload-Offset: ${MIB}\r\nUpload-Complete: ?0\r\n`),
      hear,
      go,
      hearBody(SIZE - MIB),
      answer("201 Created", "Upload-Complete: ?1\r\nLocation: /kept.bin\r\n"),
    ]);
    const result = await put(server.port);
    expect([result.savedAs, result.answer.status]).toEqual(["/kept.bin", 201]);
    const [creation = "", resumption = ""] = server.received;
    expect(creation).toContain("\r\nUpload-Complete: ?1\r\nUpload-Draft-Interop-Version: 8\r\n");
    expect(resumption).toStartWith("HEAD /up/1 HTTP/1.1\r\n");
    const patch = resumption.slice(resumption.indexOf("PATCH"));
    expect(patch).toStartWith("PATCH /up/1 HTTP/1.1\r\n");
    expect(patch).toContain("\r\nContent-Type: application/partial-upload\r\n");
    expect(patch).toContain(`\r\nUpload-Offset: ${MIB}\r\nRepr-Digest: sha-256=:`);
    expect(patch).toContain(`\r\nContent-Length: ${SIZE - MIB}\r\n`);
  });

  test("who the user is, on every request; what he wants of the file, on the first", async () => {
    session.close();
    session = makeSession({
      ownFieldsFor: () => [
        ["Authorization", "Basic YTpi"],
        ["If-None-Match", "*"],
        ["Content-Type", "image/jpeg"],
      ],
    });
    serve(cutCreation, [
      hear,
      state(`Upload-Offset: ${MIB}\r\n`),
      hear,
      go,
      hearBody(SIZE - MIB),
      answer("201 Created", "Upload-Complete: ?1\r\n"),
    ]);
    await put(server.port);
    const [creation = "", resumption = ""] = server.received;
    const [head = "", patch = ""] = resumption.split("PATCH");
    expect(creation).toContain("\r\nIf-None-Match: *\r\nContent-Type: image/jpeg\r\n");
    expect(creation).not.toContain("octet-stream");
    for (const request of [creation, head, patch]) {
      expect(request).toContain("\r\nAuthorization: Basic YTpi\r\n");
    }
    expect(resumption).not.toContain("If-None-Match");
    expect(patch).toContain("\r\nContent-Type: application/partial-upload\r\n");
  });

  test("that another request was faster: the offset is asked again", async () => {
    serve(
      cutCreation,
      [
        hear,
        state(`Upload-Offset: ${MIB}\r\n`),
        hear,
        answer("409 Conflict", `Upload-Offset: 5\r\nUpload-Complete: ?0\r\nConnection: close\r\n`),
      ],
      [
        hear,
        state(`Upload-Offset: ${2 * MIB}\r\n`),
        hear,
        go,
        hearBody(SIZE - 2 * MIB),
        answer("204 No Content", "Upload-Complete: ?1\r\n"),
      ],
    );
    expect((await put(server.port)).savedAs).toBe("/big.bin");
  });

  test("in its final answer that the name is taken: that is the end", async () => {
    serve(cutCreation, [
      hear,
      state(`Upload-Offset: ${SIZE - 1}\r\n`),
      hear,
      hearBody(1),
      answer("409 Conflict", "Upload-Complete: ?1\r\n"),
    ]);
    const error = await transferErrorOf(put(server.port));
    expect([error.phase, error.status]).toEqual(["answer", 409]);
  });

  // SECURITY: the file goes to the server that the user has named, and to no other.
  test.each([
    ["104 of another server", `Location: http://127.0.0.2:1/up\r\n${VERSION}`],
    ["104 of another port", `Location: http://127.0.0.1:1/up\r\n${VERSION}`],
    ["104 of another scheme", `Location: ftp://127.0.0.1/up\r\n${VERSION}`],
    ["104 without a place", VERSION],
    ["104 of no version", LOCATION],
    ["104 of another version", `${LOCATION}Upload-Draft-Interop-Version: 7\r\n`],
  ])("%s: it is a plain upload, and a cut its end", async (_, fields) => {
    serve([hear, offer(fields), go, hearBody(2 * MIB), cut]);
    expect((await transferErrorOf(put(server.port, { retries: 0 }))).isRetryable).toBe(true);
    expect(server.received.length).toBe(1);
  });

  test("no word of it: it is a plain upload", async () => {
    serve([hear, go, hearBody(SIZE), answer("201 Created")]);
    expect((await put(server.port)).savedAs).toBe("/big.bin");
    expect(requestLine(0)).toBe("PUT /big.bin HTTP/1.1");
  });

  test.each([
    ["that it is forbidden", answer("403 Forbidden"), "403 Forbidden"],
    ["no offset", state(""), "does not say how much"],
    ["a malformed offset", state("Upload-Offset: 1.5\r\n"), "does not say how much"],
    ["an offset behind the end", state(`Upload-Offset: ${SIZE + 1}\r\n`), "does not say how much"],
    [
      "that it is complete, and is not",
      state("Upload-Offset: 5\r\nUpload-Complete: ?1\r\n"),
      "before it had the whole file",
    ],
  ])("%s: that is the end", async (_, step, text) => {
    serve(cutCreation, [hear, step]);
    const error = await transferErrorOf(put(server.port));
    expect([error.phase, error.isRetryable]).toEqual(["answer", false]);
    expect(error.message).toContain(text);
  });

  const taken = [hear, go, hearBody(SIZE), answer("201 Created")];

  test.each(["404 Not Found", "410 Gone"])("%s: it is begun anew", async (status) => {
    const notices: string[] = [];
    serve(cutCreation, [hear, answer(status, "Connection: close\r\n")], taken);
    const result = await put(server.port, { onNotice: (text) => notices.push(text) });
    expect([result.answer.status, requestLine(2)]).toEqual([201, "PUT /big.bin HTTP/1.1"]);
    expect(notices[1]).toContain("the server has dropped what it had; sending it again");
  });

  const savedHead = (content: Buffer) => {
    const digest = new Bun.CryptoHasher("sha256").update(content).digest("base64");
    return say(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\nRepr-Digest: sha-256=:${digest}:\r\n\r\n`);
  };
  const gone = [hear, answer("404 Not Found", "Connection: close\r\n")];
  const isTaken = [hear, answer("409 Conflict", "Connection: close\r\n")];

  test("404, and then that the name is taken: by what was sent, if that is the file", async () => {
    serve(cutCreation, gone, isTaken, [hear, savedHead(readFileSync(folder.at("big.bin")))]);
    const result = await put(server.port);
    expect([result.savedAs, result.answer.status]).toEqual(["/big.bin", 200]);
    expect(requestLine(3)).toBe("HEAD /big.bin HTTP/1.1");
  });

  test("404, and then that the name is taken by another file: that is the end", async () => {
    serve(cutCreation, gone, isTaken, [hear, savedHead(Buffer.alloc(SIZE))]);
    expect(await transferErrorOf(put(server.port))).toMatchObject({ phase: "answer", status: 409 });
  });

  test("nothing after all of it, and then that the name is taken: by what was sent, if that is the file", async () => {
    const saved = savedHead(readFileSync(folder.at("big.bin")));
    serve([hear, go, hearBody(SIZE), cut], isTaken, [hear, saved]);
    expect((await put(server.port)).answer.status).toBe(200);
  });

  test("404 to a POST: that is the end, since nobody knows what it has done", async () => {
    serve(cutCreation, [hear, answer("404 Not Found")]);
    const error = await transferErrorOf(put(server.port, { method: "POST" }));
    expect([error.status, error.isRetryable]).toEqual([404, false]);
  });

  test("nothing before it cuts: a PUT is sent again, as often as is allowed", async () => {
    const begun = [hear, go, hearBody(MIB), cut];
    serve([hear, cut], begun, taken);
    const { phases } = await put(server.port);
    expect(server.received.map((text) => text.split(" ", 2).join(" "))).toEqual(
      Array(3).fill("PUT /big.bin"),
    );
    expect(phases.firstByteMs).toBeGreaterThanOrEqual(0);
    server.stop();
    serve([hear, cut], begun, taken);
    expect((await transferErrorOf(put(server.port, { retries: 1 }))).isRetryable).toBe(true);
    expect(server.received).toHaveLength(2);
  });

  test("nothing before it cuts: a POST is sent again only while none of its body was", async () => {
    const options = { method: "POST" } as const;
    serve([hear, cut], [hear, go, hearBody(MIB), cut]);
    expect((await transferErrorOf(put(server.port, options))).phase).toBe("send");
    expect(server.received).toHaveLength(2);
  });

  test("an offset that has become smaller: that is the end", async () => {
    serve(
      cutCreation,
      [hear, state(`Upload-Offset: ${2 * MIB}\r\n`), hear, go, hearBody(1000), cut],
      [hear, state(`Upload-Offset: ${MIB}\r\n`)],
    );
    expect((await transferErrorOf(put(server.port))).message).toContain("does not say how much");
  });

  test("503 with Retry-After: it waits, and goes on", async () => {
    serve(cutCreation, [
      hear,
      answer("503 Service Unavailable", "Retry-After: 0\r\n"),
      hear,
      state(`Upload-Offset: ${SIZE}\r\nUpload-Complete: ?1\r\n`),
      hear,
      answer("201 Created", "Upload-Complete: ?1\r\n"),
    ]);
    expect((await put(server.port)).answer.status).toBe(201);
  });
});
