import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { download, type Answer, type DownloadOptions } from "../../src/client/download.ts";
import type { TransferProgress } from "../../src/client/report.ts";
import type { Session } from "../../src/client/session.ts";
import { TransferError } from "../../src/client/transfer-error.ts";
import { libc } from "../../src/base/libc.ts";
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
  hearEnd,
  reset,
  say,
  startScriptedServer,
  tell,
  waitFor,
  type ScriptedServer,
  type Step,
} from "../support/scripted-server.ts";

let folder: TemporaryFolder;
let session: Session;
let server: ScriptedServer;

beforeEach(() => {
  folder = makeTemporaryFolder();
  session = makeSession();
});
afterEach(() => {
  session.close();
  server.stop();
  folder.remove();
});

function serve(...scripts: (readonly Step[])[]): void {
  server = startScriptedServer(scripts);
}

function get(target = "/a.txt", options: Partial<DownloadOptions> = {}) {
  return download(session, {
    url: urlOn(server, target),
    destination: { kind: "path", path: folder.path },
    force: false,
    ...options,
  });
}

const saved = (name = "a.txt") => readFileSync(folder.at(name), "latin1");
const ok = (fields: string, body = "") => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("base64");

function failInCallback(): never {
  throw new Error("callback");
}

function failWithLength({ totalBytes }: TransferProgress): void {
  if (totalBytes !== undefined) failInCallback();
}

/** Waits until `read` has given the same number for a while; it is above 0 then. */
async function standstill(read: () => number): Promise<void> {
  let last = 0;
  let sinceMs = performance.now();
  while (last === 0 || performance.now() - sinceMs < 200) {
    await new Promise((resolve) => setImmediate(resolve));
    if (read() === last) continue;
    last = read();
    sinceMs = performance.now();
  }
}

describe("download(): a body comes whole (RFC 9112 §6.3)", () => {
  test.each([
    ["Content-Length", [say(ok("Content-Length: 5\r\n", "hello"))], "length"],
    ["chunked", [say(ok("Transfer-Encoding: chunked\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"))], "length"],
    [
      "chunked with trailers",
      [say(ok("Transfer-Encoding: chunked\r\n", "5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n"))],
      "length",
    ],
    ["close-delimited", [say(ok("", "hello")), cut], "none"],
    ["HTTP/1.0 with a length", [say("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"), cut], "length"],
    ["HTTP/1.0 close-delimited", [say("HTTP/1.0 200 OK\r\n\r\nhello"), cut], "none"],
    [
      "after 1xx",
      [
        say("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"),
        say(ok("Content-Length: 5\r\n", "hello")),
      ],
      "length",
    ],
    ["203", [say("HTTP/1.1 203 Other\r\nContent-Length: 5\r\n\r\nhello")], "length"],
    ["identity named", [say(ok("Content-Length: 5\r\nContent-Encoding: identity\r\n", "hello"))], "length"],
    ["without a reason", [say("HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello")], "length"],
  ] satisfies [string, Step[], string][])("%s", async (_name, steps, proof) => {
    serve([hear, ...steps]);
    const result = await get();
    expect(result.savedPath).toBe(folder.at("a.txt"));
    expect(result.bodyBytes).toBe(5);
    expect(result.proof).toBe(proof as never);
    expect(saved()).toBe("hello");
    expect(folder.names()).toEqual(["a.txt"]);
  });

  test("an empty file is a file", async () => {
    serve([hear, say(ok("Content-Length: 0\r\n"))]);
    expect((await get()).bodyBytes).toBe(0);
    expect(saved()).toBe("");
  });

  test("it may come byte by byte", async () => {
    const text = ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n");
    serve([hear, ...Array.from(text, (character) => say(character))]);
    await get();
    expect(saved()).toBe("hello");
  });

  test("32 MiB come right, with progress at most every 100 ms and once at the end", async () => {
    const size = 32 * 1024 * 1024;
    const body = Buffer.alloc(size, "0123456789abcdef");
    serve([hear, say(ok(`Content-Length: ${size}\r\n`)), say(body)]);
    const told: TransferProgress[] = [];
    const startMs = performance.now();
    await get("/big", { onProgress: (progress) => told.push(progress) });
    expect(readFileSync(folder.at("big")).equals(body)).toBe(true);
    expect(told.at(-1)).toMatchObject({ doneBytes: size, totalBytes: size });
    const counts = told.filter(({ waitsFor }) => waitsFor === undefined);
    expect(counts.length).toBeLessThanOrEqual(2 + (performance.now() - startMs) / 100);
  });
});

describe("download(): the request", () => {
  test("names its host, asks for no coding and for a digest (RFC 9110 §7.2, §12.5.3, RFC 9530 §4)", async () => {
    serve([hear, say(ok("Content-Length: 0\r\n"))]);
    await get("/sub/a%20b.txt?x=1");
    const [head = ""] = server.received;
    const lines = head.trimEnd().split("\r\n");
    expect(lines[0]).toBe("GET /sub/a%20b.txt?x=1 HTTP/1.1");
    expect(lines[1]).toBe(`Host: 127.0.0.1:${server.port}`);
    expect(lines).toContain("User-Agent: netfile-test");
    expect(lines).toContain("Accept-Encoding: identity");
    expect(lines).toContain("Want-Repr-Digest: sha-256=1");
    expect(head).not.toContain("Content-Length");
  });

  test("an odd user agent does not become a field of its own", async () => {
    serve([hear, say(ok("Content-Length: 0\r\n"))]);
    session = makeSession({ userAgent: "x\r\nX-Evil: y" });
    await transferErrorOf(get());
    expect(server.received.join("")).not.toContain("X-Evil");
  });
});

describe("download(): the answer", () => {
  test("is told once, with the server's parameters", async () => {
    serve([
      hear,
      say(
        ok(
          "Content-Length: 5\r\nContent-Type: text/plain\r\nServer: odd\r\nKeep-Alive: timeout=7, max=9\r\n",
        ),
      ),
      say("hello"),
    ]);
    const answers: Answer[] = [];
    const result = await get("/a.txt", { onAnswer: (answer) => answers.push(answer) });
    expect(answers).toEqual([result.answer]);
    expect(result.answer).toMatchObject({
      status: 200,
      reason: "OK",
      mediaType: "text/plain",
      totalBytes: 5,
    });
    expect(result.answer.connection).toMatchObject({
      hostName: "127.0.0.1",
      timeoutMs: 7000,
      software: "odd",
      isReused: false,
    });
    expect(result.answer.connection.endpoint).toMatchObject({
      peerAddress: "127.0.0.1",
      peerPort: server.port,
      localAddress: "127.0.0.1",
      family: "IPv4",
    });
    if (libc() !== undefined) expect(result.answer.connection.rttUs).toBeGreaterThan(0);
    for (const duration of Object.values(result.phases)) expect(duration).toBeGreaterThanOrEqual(0);
    expect(result.phases.saveMs).toBeGreaterThan(0);
  });

  test("CVE-2009-4487: the server's words come without control characters", async () => {
    serve([
      hear,
      say("HTTP/1.1 404 No\u009b2J\u0085here\r\nServer: \u009bevil\r\nContent-Length: 0\r\n\r\n"),
    ]);
    let answer: Answer | undefined;
    const error = await transferErrorOf(
      get("/a.txt", {
        onAnswer: (told) => {
          answer = told;
        },
      }),
    );
    expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(answer?.connection.software).toBe("\\x9bevil");
  });

  test.each([
    [400, false],
    [403, false],
    [404, false],
    [408, true],
    [410, false],
    [418, false],
    [429, true],
    [500, true],
    [501, false],
    [503, true],
    [599, false],
    [600, false],
    [999, false],
  ])("status %p is an error of the phase answer", async (status, isRetryable) => {
    serve([hear, say(`HTTP/1.1 ${status} Some Reason\r\nContent-Length: 3\r\n\r\nno!`)]);
    const error = await transferErrorOf(get());
    expect(error).toMatchObject({ phase: "answer", status, isRetryable });
    expect(error.message).toContain(`${status} Some Reason; `);
    expect(folder.names()).toEqual([]);
  });

  test.each([
    "201 Created",
    "202 Accepted",
    "204 No Content",
    "205 Reset Content",
    "300 Multiple Choices",
    "304 Not Modified",
    "305 Use Proxy",
  ])("%s carries no file to save", async (status) => {
    serve([
      hear,
      say(`HTTP/1.1 ${status}\r\n${status.startsWith("20") ? "" : "Content-Length: 0\r\n"}\r\n`),
      cut,
    ]);
    expect((await transferErrorOf(get())).phase).toBe("answer");
    expect(folder.names()).toEqual([]);
  });

  test.each([
    ["a part", "206 Partial Content", "Content-Range: bytes 0-4/9\r\n"],
    ["a part called the whole", "200 OK", "Content-Range: bytes 0-4/9\r\n"],
    ["a part called less than the whole", "206 Partial Content", "Content-Range: bytes 0-3/4\r\n"],
    ["a part of a whole that is not told", "206 Partial Content", "Content-Range: bytes 0-4/*\r\n"],
    ["a part that does not say which", "206 Partial Content", ""],
    ["several parts", "200 OK", "Content-Type: multipart/byteranges; boundary=x\r\n"],
    ["gzip", "200 OK", "Content-Encoding: gzip\r\n"],
    ["CVE-2022-32206: twenty codings", "200 OK", "Content-Encoding: gzip\r\n".repeat(20)],
    ["CVE-2023-23916: a list of codings", "200 OK", `Content-Encoding: ${"gzip, ".repeat(200)}br\r\n`],
  ])("%s was not asked for, so it is not saved", async (_name, status, fields) => {
    serve([hear, say(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n${fields}\r\nhello`)]);
    expect((await transferErrorOf(get())).phase).toBe("protocol");
    expect(folder.names()).toEqual([]);
  });

  test.each([
    ["206 of all that there is", "206 Partial Content", "Content-Range: bytes 0-4/5\r\n"],
    ["200 with the same", "200 OK", "Content-Range: bytes 0-4/5\r\n"],
    ["a 2xx that nobody knows, which counts as 200 (RFC 9110 §15)", "218 This is fine", ""],
    ["a list of no codings", "200 OK", "Content-Encoding: , identity,\r\nContent-Encoding:\r\n"],
    ["what PHP writes against compression", "200 OK", "Content-Encoding: none\r\n"],
    ["a charset in the place of a coding", "200 OK", "Content-Encoding: UTF-8\r\n"],
  ])("%s is the file", async (_name, status, fields) => {
    serve([hear, say(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n${fields}\r\nhello`)]);
    expect(await get()).toMatchObject({ bodyBytes: 5, attempts: 1 });
    expect(saved()).toBe("hello");
  });
});

const coded = (coding: string) => say(ok(`Content-Encoding: ${coding}\r\nContent-Length: 5\r\n`, "coded"));

describe("download(): content in a coding", () => {
  test.each([
    ["/a.txt", "a.txt.gz", "gzip"],
    ["/a.txt", "a.TGZ", "x-gzip"],
    ["/a.zst?x", "b", "zstd"],
  ])("%s is saved as %s, as it comes, since the name says so", async (target, name, coding) => {
    serve([hear, coded(coding)]);
    await get(target, { destination: { kind: "path", path: folder.at(name) } });
    expect(saved(name)).toBe("coded");
  });

  test.each([
    [
      "gzip",
      "a.txt",
      ', which was not asked for; nothing was saved. To have it as it comes, give it a name that ends with ".gz"',
    ],
    [
      "br",
      "a.gz",
      ', which was not asked for; nothing was saved. To have it as it comes, give it a name that ends with ".br"',
    ],
    ["deflate", "a.gz", ", which was not asked for; nothing was saved"],
    ["gzip, gzip", "a.gz", ", which was not asked for; nothing was saved"],
  ])("%s is not saved as %s", async (coding, name, rest) => {
    serve([hear, coded(coding)]);
    const error = await transferErrorOf(
      get("/a.txt", { destination: { kind: "path", path: folder.at(name) } }),
    );
    expect(error.message).toBe(`The server sent the file in the coding "${coding}"${rest}`);
    expect(folder.names()).toEqual([]);
  });

  test("goes on where it broke, when its name says so", async () => {
    const head = 'ETag: "x"\r\nContent-Encoding: x-gzip\r\n';
    serve(
      [hear, say(ok(`${head}Content-Length: 5\r\n`, "co")), cut],
      [
        hear,
        say(`HTTP/1.1 206 P\r\n${head}Content-Range: bytes 2-4/5\r\nContent-Length: 3\r\n\r\nded`),
        hear,
        say(ok(`${head}Content-Length: 5\r\n`)),
        hearEnd,
      ],
    );
    const result = await get("/a.tar.gz", { retries: 1, connections: 1 });
    expect(server.received[1]).toContain("Range: bytes=2-");
    expect(saved("a.tar.gz")).toBe("coded");
    expect(result.attempts).toBe(2);
  });
});

describe("download(): a server that refuses parts", () => {
  const head = ok('ETag: "x"\r\nContent-Length: 5\r\n', "he");

  test.each(["304 Not Modified", "400 Bad Request", "412 Precondition Failed", "501 Not Implemented"])(
    "with %s is asked for the whole",
    async (status) => {
      serve(
        [hear, say(head), cut],
        [
          hear,
          say(`HTTP/1.1 ${status}\r\n${status.startsWith("304") ? "" : "Content-Length: 0\r\n"}\r\n`),
          hear,
          say(ok('ETag: "x"\r\nContent-Length: 5\r\n', "hello")),
        ],
      );
      expect(await get("/a.txt", { retries: 1 })).toMatchObject({ attempts: 2, bodyBytes: 5 });
      expect(server.received[1]?.match(/^Range: .*$/gm)).toEqual(["Range: bytes=2-"]);
      expect(saved()).toBe("hello");
    },
  );

  test("and the whole too: what is there is kept", async () => {
    const refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    serve([hear, say(head), cut], [hear, say(refusal), hear, say(refusal), hearEnd]);
    const error = await transferErrorOf(get("/a.txt", { retries: 1 }));
    expect(error).toMatchObject({ status: 400, keptBytes: 2, canGoOn: true });
  });
});

describe("download(): the length, where only HEAD tells it", () => {
  test.each([
    ["less than comes", 7],
    ["what has come by then", 5],
    ["more than comes", 12],
  ])("%s: the answer says itself where it ends (RFC 9112 §6.3)", async (_name, told) => {
    const etag = 'ETag: "x"\r\n';
    const learned = Promise.withResolvers<void>();
    serve(
      [
        hear,
        say(`HTTP/1.1 200 OK\r\n${etag}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`),
        waitFor(learned.promise),
        say("4\r\n, wo\r\n1\r\nr\r\n0\r\n\r\n"),
        hearEnd,
      ],
      [hear, say(ok(`${etag}Content-Length: ${told}\r\n`)), hearEnd],
    );
    const onProgress = ({ totalBytes }: TransferProgress) => {
      if (totalBytes === told) learned.resolve();
    };
    const result = await get("/a.txt", { onProgress });
    expect(saved()).toBe("hello, wor");
    expect(result).toMatchObject({ bodyBytes: 10, attempts: 1 });
  });
});

describe("download(): the room for it", () => {
  test("is looked for as soon as the length is known, if the answer doesn't tell it", async () => {
    const etag = 'ETag: "x"\r\n';
    server = startScriptedServer([
      [hear, say(`HTTP/1.1 200 OK\r\n${etag}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`), hearEnd],
      [hear, say(`HTTP/1.1 200 OK\r\n${etag}Content-Length: 900000000000000\r\n\r\n`), hearEnd],
    ]);
    const error = await transferErrorOf(get());
    expect(error).toMatchObject({ phase: "save", message: expect.stringContaining("the disk is full") });
  });

  test("is not looked for when the transfer is over: its connection may be another one's then", async () => {
    const etag = 'ETag: "x"\r\n';
    const [asked, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const questionEnded = second.promise.then(() => server.ended(1));
    serve(
      [
        hear,
        say(`HTTP/1.1 200 OK\r\n${etag}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`),
        waitFor(asked.promise),
        say("0\r\n\r\n"),
        hear,
        say(ok("Content-Length: 5\r\n", "he")),
        tell(second.resolve),
        waitFor(questionEnded),
        say("llo"),
      ],
      [
        hear,
        tell(asked.resolve),
        waitFor(second.promise),
        say(ok(`${etag}Connection: close\r\nContent-Length: 900000000000000\r\n`)),
      ],
    );
    await get("/a.txt");
    await get("/b.txt");
    expect([saved("a.txt"), saved("b.txt")]).toEqual(["hello", "hello"]);
    expect(server.received[0]).toContain("GET /b.txt");
    expect(server.received[1]).toStartWith("HEAD /a.txt");
  });

  test("a transfer of which nothing can be noted leaves nothing", async () => {
    serve([hear, say(ok('ETag: "x"\r\nContent-Length: 9\r\n', "hello")), cut]);
    // Where a journal is written first, before it gets its name.
    const onAnswer = () => {
      const [, base] =
        folder
          .names()
          .map((name) => /^(\.netfile-\w+)\./.exec(name))
          .find(Boolean) ?? [];
      mkdirSync(folder.at(`${base}.journal-next`));
    };
    const error = await transferErrorOf(get("/a.txt", { onAnswer }));
    expect(error).toMatchObject({ keptBytes: 0, canGoOn: false });
    expect(folder.names().filter((name) => !name.endsWith("-next"))).toEqual([]);
  });
});

describe("download(): ended from outside", () => {
  test("is in the phase of the error that ended it, also while nobody takes the content", async () => {
    serve([hear, say(ok("Content-Length: 9\r\n", "hello")), hearEnd]);
    const controller = new AbortController();
    const consume = () => {
      controller.abort(new TransferError("receive", "It took too long"));
      return new Promise<void>(() => undefined);
    };
    const getting = get("/a.txt", { destination: { kind: "consumer", consume }, signal: controller.signal });
    expect(await transferErrorOf(getting)).toMatchObject({ phase: "receive", message: "It took too long" });
  });
});

function refuse(type: string, body: string): void {
  const length = Buffer.byteLength(body);
  const head = `HTTP/1.1 403 Forbidden\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
  serve([hear, say(head), say(Buffer.from(body))]);
}

describe("download(): a refusal", () => {
  test.each([
    [
      "text/plain; charset=utf-8",
      "403 Forbidden\nThis type is not served.\n",
      "(it says: This type is not served)",
    ],
    ["text/plain", "\r\n  Größe: zu groß  \r\nmore", "(it says: Größe: zu groß)"],
    ["text/plain", "a\u001b[31mred\u202e", "(it says: a\\x1b[31mred\\u{202e})"],
    ["text/plain", "x".repeat(70_000), `(it says: ${"x".repeat(200)})`],
  ])("of %s is told with what it says", async (type, body, words) => {
    refuse(type, body);
    const { message, status, phase } = await transferErrorOf(get());
    expect({ status, phase }).toEqual({ status: 403, phase: "answer" });
    expect(message.endsWith(words)).toBe(true);
  });

  test.each([
    ["text/html", "<p>No."],
    ["text/plain", ""],
    ["text/plain", "403 Forbidden\n"],
    ["text/plain\r\nContent-Encoding: gzip", "xx"],
  ])("of %j that says %j is told by its status", async (type, body) => {
    refuse(type, body);
    expect((await transferErrorOf(get())).message).not.toContain("it says");
  });

  test("is told by its status when its body does not come", async () => {
    serve([
      hear,
      say("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n"),
      cut,
    ]);
    expect(await transferErrorOf(get())).toMatchObject({ status: 403, phase: "answer" });
  });
});

describe("download(): a file that is compressed, and called so", () => {
  test.each([
    ["a.tar.gz", "x-gzip"],
    ["a.tgz", "gzip"],
    ["A.SVGZ", "GZIP"],
    ["a.tar.bz2", "x-bzip2"],
    ["a.txt.br", "br"],
    ["a.txt.zst", "zstd"],
  ])("%s in the coding %s is saved as it is", async (name, coding) => {
    serve([hear, say(ok(`Content-Length: 5\r\nContent-Encoding: ${coding}\r\n`, "hello"))]);
    await get(`/${name}`);
    expect(saved(name)).toBe("hello");
  });

  test.each([
    ["a.gz", "br"],
    ["a.gz", "gzip, gzip"],
    ["gz", "gzip"],
    ["a.txt?x=.gz", "gzip"],
    ["constructor", "constructor"],
  ])("%s in the coding %s is refused", async (name, coding) => {
    serve([hear, say(ok(`Content-Length: 5\r\nContent-Encoding: ${coding}\r\n`, "hello"))]);
    const getting = get(`/${name}`);
    expect((await transferErrorOf(getting)).phase).toBe("protocol");
    expect(folder.names()).toEqual([]);
  });
});

describe("download(): a digest is checked (RFC 9530)", () => {
  test.each([
    ["announced", "Trailer: Repr-Digest\r\n"],
    ["unannounced", ""],
  ])("also one in a trailer, %s", async (_name, field) => {
    const chunked = (text: string) =>
      say(
        `HTTP/1.1 200 OK\r\n${field}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nRepr-Digest: sha-256=:${sha256(text)}:\r\n\r\n`,
      );
    serve([hear, chunked("hello")]);
    expect((await get()).proof).toBe("sha-256");
    server.stop();
    serve([hear, chunked("hellO")]);
    expect((await transferErrorOf(get("/b.txt"))).phase).toBe("verify");
    expect(folder.names()).toEqual(["a.txt"]);
  });

  test.each([
    ["Repr-Digest", `Repr-Digest: sha-256=:${sha256("hello")}:\r\n`],
    ["among others", `Repr-Digest: md5=:AAAA:, sha-256=:${sha256("hello")}:\r\n`],
    ["Content-Digest", `Content-Digest: sha-256=:${sha256("hello")}:\r\n`],
    ["Digest (RFC 3230)", `Digest: SHA-256=${sha256("hello")}\r\n`],
  ])("%s proves the content", async (_name, field) => {
    serve([hear, say(ok(`Content-Length: 5\r\n${field}`, "hello"))]);
    expect((await get()).proof).toBe("sha-256");
    expect(saved()).toBe("hello");
  });

  test.each([
    `Repr-Digest: sha-256=:${sha256("hellO")}:\r\n`,
    `Content-Digest: sha-256=:${sha256("hellO")}:\r\n`,
    `Digest: SHA-256=${sha256("hellO")}\r\n`,
  ])("content that differs from %p is not saved", async (field) => {
    serve([hear, say(ok(`Content-Length: 5\r\n${field}`, "hello"))]);
    const error = await transferErrorOf(get());
    expect(error).toMatchObject({ phase: "verify", isRetryable: true });
    expect(folder.names()).toEqual([]);
  });

  test.each(["Repr-Digest: nonsense:::\r\n", "Repr-Digest: md5=:AAAA:\r\n", "Digest: MD5=AAAA\r\n"])(
    "%p proves nothing",
    async (field) => {
      serve([hear, say(ok(`Content-Length: 5\r\n${field}`, "hello"))]);
      expect((await get()).proof).toBe("length");
    },
  );
});

test("download(): what can't fit on the disk is refused before its content comes", async () => {
  serve([hear, say(ok("Content-Length: 9007199254740991\r\n"))]);
  const error = await transferErrorOf(get());
  expect(error).toMatchObject({ phase: "save", isRetryable: false });
  expect(error.message).toEndWith("the disk is full; make room and try again");
  expect(folder.names()).toEqual([]);
});

describe("download(): a body cut short is an error, and nothing is saved", () => {
  test.each([
    ["shorter than Content-Length", ok("Content-Length: 6\r\n", "hello")],
    ["one byte of many", ok("Content-Length: 900000\r\n", "h")],
    ["no byte at all", ok("Content-Length: 1\r\n")],
    ["cut in a chunk", ok("Transfer-Encoding: chunked\r\n", "6\r\nhello")],
    ["cut between chunks", ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n")],
    ["cut in the last chunk", ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n")],
    ["cut in the head", "HTTP/1.1 200 OK\r\nContent-Le"],
    ["nothing said", ""],
  ])("%s", async (_name, text) => {
    serve([hear, say(text), cut]);
    const error = await transferErrorOf(get());
    expect(error).toMatchObject({ phase: "receive", isRetryable: true });
    expect(folder.names()).toEqual([]);
  });

  test("a reset ends a close-delimited body wrongly, too", async () => {
    const gotSome = Promise.withResolvers<void>();
    serve([hear, say(ok("", "hello")), waitFor(gotSome.promise), reset]);
    const consume = () => gotSome.resolve();
    const error = await transferErrorOf(get("/a", { destination: { kind: "consumer", consume } }));
    expect(error).toMatchObject({ phase: "receive", isRetryable: true });
  });

  test("the old file stays what it was", async () => {
    serve([hear, say(ok("Content-Length: 6\r\n", "hello")), cut]);
    writeFileSync(folder.at("a.txt"), "old");
    await transferErrorOf(get("/a.txt", { force: true }));
    expect(saved()).toBe("old");
    expect(folder.names()).toEqual(["a.txt"]);
  });
});

describe("download(): the destination", () => {
  test("an existing file is noticed before its content is asked for", async () => {
    serve([hear, say(ok("Content-Length: 5\r\n"))]);
    writeFileSync(folder.at("a.txt"), "old");
    expect((await transferErrorOf(get())).phase).toBe("exists");
    expect(server.received.join("")).toStartWith("HEAD /a.txt HTTP/1.1\r\n");
    expect(server.received.join("")).not.toContain("GET");
    expect(saved()).toBe("old");
  });

  test("CVE-2020-8177: a file that appears meanwhile is not overwritten", async () => {
    serve([hear, say(ok("Content-Length: 5\r\n", "hello"))]);
    const onAnswer = () => writeFileSync(folder.at("a.txt"), "other");
    expect((await transferErrorOf(get("/a.txt", { onAnswer }))).phase).toBe("exists");
    expect(saved()).toBe("other");
    expect(folder.names()).toEqual(["a.txt"]);
  });

  test("it is replaced when forced", async () => {
    serve([hear, say(ok("Content-Length: 5\r\n", "hello"))]);
    writeFileSync(folder.at("a.txt"), "a longer old content");
    await get("/a.txt", { force: true });
    expect(saved()).toBe("hello");
  });

  test.skipIf(process.platform !== "linux")(
    "a folder that can't be written to is told in words",
    async () => {
      serve([hear, say(ok("Content-Length: 5\r\n", "hello"))]);
      const error = await transferErrorOf(
        get("/a.txt", { destination: { kind: "path", path: "/proc/netfile" } }),
      );
      expect(error.phase).toBe("save");
    },
  );

  test("CVE-2020-8177, CVE-2026-42448: the server's Content-Disposition names nothing", async () => {
    serve([
      hear,
      say(
        ok(
          'Content-Length: 5\r\nContent-Disposition: attachment; filename="../../.ssh/authorized_keys"\r\n',
          "hello",
        ),
      ),
    ]);
    await get("/a.txt");
    expect(folder.names()).toEqual(["a.txt"]);
  });

  test("CVE-2026-42448: a hostile name in the URL stays in the folder", async () => {
    serve([]);
    const url = { ...urlOn(server), target: "/..%2F..%2Fevil" };
    expect((await transferErrorOf(get("/", { url }))).phase).toBe("save");
    expect(existsSync(folder.at("../evil"))).toBe(false);
  });

  test("a consumer gets the bytes in order, and is waited for", async () => {
    serve([hear, say(ok("Transfer-Encoding: chunked\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"))]);
    const events: string[] = [];
    const consume = async (bytes: Uint8Array) => {
      const text = Buffer.from(bytes).toString();
      events.push(`begin ${text}`);
      await Promise.resolve();
      events.push(`end ${text}`);
    };
    const result = await get("/a", { destination: { kind: "consumer", consume } });
    expect(result.savedPath).toBeUndefined();
    expect(events).toEqual(["begin he", "end he", "begin llo", "end llo"]);
  });

  test("a consumer that takes its time has the bytes all the while", async () => {
    const content = Buffer.from(Uint32Array.from({ length: 4_000_000 }, (_, index) => index).buffer);
    serve([hear, say(ok(`Content-Length: ${content.length}\r\n`)), say(content)]);
    const parts: Uint8Array[] = [];
    const consume = async (bytes: Uint8Array) => {
      await new Promise((resolve) => setImmediate(resolve));
      parts.push(Uint8Array.from(bytes));
    };
    await get("/a", { destination: { kind: "consumer", consume } });
    expect(Buffer.concat(parts).equals(content)).toBe(true);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("broken pipe");
      },
    ],
    ["rejects", () => Promise.reject(new Error("broken pipe"))],
  ])("a consumer that %s ends the transfer", async (_name, consume) => {
    serve([hear, say(ok("Content-Length: 5\r\n", "hello")), hearEnd]);
    const error = await transferErrorOf(get("/a", { destination: { kind: "consumer", consume } }));
    expect(error.phase).toBe("save");
    expect(error.message).toContain("broken pipe");
    await server.ended(0);
  });

  test("a slow consumer makes the server wait", async () => {
    const size = 96 * 1024 * 1024;
    serve([hear, say(ok(`Content-Length: ${size}\r\n`)), say(Buffer.alloc(size, "x"))]);
    const gate = Promise.withResolvers<void>();
    const consume = () => gate.promise;
    const running = get("/big", { destination: { kind: "consumer", consume } });
    // What the kernel's buffers hold on both sides is the most that can be said while nobody takes it.
    await standstill(() => server.saidBytes);
    expect(server.saidBytes).toBeLessThan(size / 2);
    gate.resolve();
    expect((await running).bodyBytes).toBe(size);
  });

  test("whatever a callback throws is told, and ends the connection", async () => {
    serve([hear, say(ok("Content-Length: 5\r\n")), hearEnd]);
    const error = await transferErrorOf(get("/a.txt", { onAnswer: failInCallback }));
    expect(error.message).toContain("callback");
    await server.ended(0);
    expect(folder.names()).toEqual([]);
  });

  test("also when it is called because the length has become known", async () => {
    const etag = 'ETag: "x"\r\n';
    serve(
      [hear, say(ok(`${etag}Transfer-Encoding: chunked\r\n`, "5\r\nhello\r\n")), hearEnd],
      [hear, say(ok(`${etag}Content-Length: 9\r\n`))],
    );
    const error = await transferErrorOf(get("/a.txt", { onProgress: failWithLength }));
    expect(error.message).toContain("callback");
    await server.ended(0);
  });
});
