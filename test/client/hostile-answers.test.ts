/**
 * What a server might say to hurt or to confuse: each answer ends in a clear error, nothing is saved, and the connection is
 * not used again.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { download } from "../../src/client/download.ts";
import type { Session } from "../../src/client/session.ts";
import { TransferError } from "../../src/client/transfer-error.ts";
import {
  makeSession,
  makeTemporaryFolder,
  transferErrorOf,
  urlOn,
  type TemporaryFolder,
} from "../support/client-session.ts";
import { cut, hear, hearEnd, say, startScriptedServer, waitFor } from "../support/scripted-server.ts";

let folder: TemporaryFolder;
let session: Session;
beforeEach(() => {
  folder = makeTemporaryFolder();
  session = makeSession();
});
afterEach(() => {
  session.close();
  folder.remove();
});

function get(server: { readonly port: number }, target = "/a.txt") {
  return download(session, {
    url: urlOn(server, target),
    destination: { kind: "path", path: folder.path },
    force: true,
  });
}

const OK = "HTTP/1.1 200 OK\r\n";

describe("an answer that is not HTTP/1.1 (RFC 9112)", () => {
  test.each([
    ["HTTP/0.9: no status line", "<html>hello</html>\r\n"],
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["TLS", "\u0015\u0003\u0001\u0000\u0002\u0002\u0016"],
    ["HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"],
    ["ICY", "ICY 200 OK\r\n\r\n"],
    ["lower case", "http/1.1 200 OK\r\n\r\n"],
    ["no status", "HTTP/1.1\r\n\r\n"],
    ["a short status", "HTTP/1.1 20 OK\r\n\r\n"],
    ["a long status", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["a signed status", "HTTP/1.1 +20 OK\r\n\r\n"],
    ["two spaces", "HTTP/1.1  200 OK\r\n\r\n"],
    ["status 000", "HTTP/1.1 000 No\r\n\r\n"],
    ["status 99 and below", "HTTP/1.1 099 No\r\n\r\n"],
    ["NUL in the reason", "HTTP/1.1 200 O\u0000K\r\n\r\n"],
    ["a bare CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n"],
    ["space before the colon", `${OK}Content-Length : 5\r\n\r\nhello`],
    ["no field name", `${OK}: x\r\n\r\n`],
    ["no colon", `${OK}Content-Length\r\n\r\n`],
    ["obs-fold before the first field", `${OK} b\r\nContent-Length: 5\r\n\r\nhello`],
    ["obs-fold in a field that frames", `${OK}X: a\r\nContent-Length:\r\n 5\r\n\r\nhello`],
    ["NUL in a value", `${OK}X: a\u0000b\r\nContent-Length: 5\r\n\r\nhello`],
    ["a bare CR in a value", `${OK}X: a\rContent-Length: 5\r\n\r\nhello`],
    ["Content-Length and chunked", `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["two lengths", `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
    ["a list of lengths", `${OK}Content-Length: 5, 6\r\n\r\nhello`],
    ["CVE-2021-32715: a signed length", `${OK}Content-Length: +5\r\n\r\nhello`],
    ["a negative length", `${OK}Content-Length: -5\r\n\r\nhello`],
    ["CVE-2023-47627: a hexadecimal length", `${OK}Content-Length: 0x5\r\n\r\nhello`],
    ["an empty length", `${OK}Content-Length: \r\n\r\nhello`],
    ["a length beyond all numbers", `${OK}Content-Length: 99999999999999999999\r\n\r\nhello`],
    ["a coding that is not chunked", `${OK}Transfer-Encoding: gzip\r\n\r\nhello`],
    ["chunked twice", `${OK}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
    ["chunked on HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a chunk size that is none", `${OK}Transfer-Encoding: chunked\r\n\r\nhello\r\n`],
    [
      "CVE-2023-47627: 0x in a chunk size",
      `${OK}Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`,
    ],
    [
      "CVE-2021-32714: a chunk size that overflows",
      `${OK}Transfer-Encoding: chunked\r\n\r\n${"F".repeat(17)}\r\nh`,
    ],
    [
      "CVE-2025-22871: bare LF after a chunk size",
      `${OK}Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n`,
    ],
    ["a chunk longer than it says", `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n`],
    [
      "101 without being asked",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
  ])("%s", async (_name, text) => {
    const server = startScriptedServer([[hear, say(text), hearEnd]]);
    try {
      const error = await transferErrorOf(get(server));
      expect(error.phase).toBe("protocol");
      expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      expect(folder.names()).toEqual([]);
      await server.ended(0);
    } finally {
      server.stop();
    }
  });
});

describe("an answer without end is bounded", () => {
  const endless = (text: string) => [
    hear,
    say(OK),
    ...Array.from({ length: 4000 }, () => say(text)),
    hearEnd,
  ];
  test.each([
    ["CVE-2023-38039: fields without end", endless(`X: ${"y".repeat(100)}\r\n`)],
    ["a field without end", [hear, say(`${OK}X: ${"y".repeat(500_000)}`), hearEnd]],
    ["a status line without end", [hear, say(`HTTP/1.1 200 ${"y".repeat(500_000)}`), hearEnd]],
    ["1xx without end", [hear, say("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(10_000)), hearEnd]],
    [
      "trailers without end",
      [hear, say(`${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n${"X: y\r\n".repeat(100_000)}`), hearEnd],
    ],
    [
      "a chunk extension without end",
      [hear, say(`${OK}Transfer-Encoding: chunked\r\n\r\n5;${"x".repeat(100_000)}`), hearEnd],
    ],
  ])("%s", async (_name, script) => {
    const server = startScriptedServer([script]);
    try {
      expect((await transferErrorOf(get(server))).phase).toBe("protocol");
      expect(folder.names()).toEqual([]);
    } finally {
      server.stop();
    }
  });
});

describe("what comes after an answer", () => {
  const answer = `${OK}Content-Length: 5\r\n\r\nhello`;
  test.each([
    ["a second answer in the same breath", [say(`${answer}${OK}Content-Length: 5\r\n\r\nEVIL!`), hearEnd]],
    ["garbage in the same breath", [say(`${answer}garbage`), hearEnd]],
    ["a body on 204", [say(`HTTP/1.1 204 No Content\r\n\r\nEVIL!`), hearEnd]],
    ["a body on 304", [say(`HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nEVIL!`), hearEnd]],
  ])("response splitting: %s is never the next answer", async (_name, rest) => {
    const server = startScriptedServer([
      [hear, ...rest],
      [hear, say(`${OK}Content-Length: 4\r\n\r\ngood`)],
    ]);
    try {
      await get(server, "/first").catch(() => {});
      await get(server, "/second");
      expect(readFileSync(folder.at("second"), "utf8")).toBe("good");
      expect(server.received).toHaveLength(2);
    } finally {
      server.stop();
    }
  });

  test("an answer to nothing, on an idle connection, is never the next answer", async () => {
    const taken = Promise.withResolvers<void>();
    const server = startScriptedServer([
      [hear, say(answer), waitFor(taken.promise), say(`${OK}Content-Length: 5\r\n\r\nEVIL!`), hearEnd],
      [hear, say(`${OK}Content-Length: 4\r\n\r\ngood`)],
    ]);
    try {
      await get(server, "/first");
      taken.resolve();
      // The client hangs up as soon as it hears what it did not ask for.
      await server.ended(0);
      await get(server, "/second");
      expect(readFileSync(folder.at("second"), "utf8")).toBe("good");
    } finally {
      server.stop();
    }
  });
});

describe("any bytes at all", () => {
  test("end in a file or a TransferError, with nothing left over", async () => {
    const pieces = fc.constantFrom(
      OK,
      "HTTP/1.1 100 Continue\r\n\r\n",
      "HTTP/1.1 302 Found\r\n",
      "Location: /a.txt\r\n",
      "Content-Length: 3\r\n",
      "Transfer-Encoding: chunked\r\n",
      "\r\n",
      "abc",
      "3\r\nabc\r\n",
      "0\r\n\r\n",
      "\u0000",
      "\n",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(pieces, fc.string({ unit: "binary-ascii" }))), async (parts) => {
        const server = startScriptedServer([[hear, say(parts.join("")), cut]]);
        try {
          const outcome = await get(server).catch((error: unknown) => error);
          if (outcome instanceof TransferError) expect(folder.names().filter(isLeftover)).toEqual([]);
          else expect(outcome).toHaveProperty("savedPath", folder.at("a.txt"));
        } finally {
          server.stop();
        }
      }),
      { numRuns: 150 },
    );
  });
});

function isLeftover(name: string): boolean {
  return name.startsWith(".netfile-");
}
