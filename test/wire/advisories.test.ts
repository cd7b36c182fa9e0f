import { describe, expect, test } from "bun:test";
import { encodeLatin1 } from "../../src/base/bytes.ts";
import { Exchange } from "../../src/wire/exchange.ts";
import { parseUrlPath } from "../../src/wire/target.ts";
import { byteByByte, expectRefusal, expectRequest, kinds, play, playEveryWay, textOf } from "./harness.ts";

const CHUNKED = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const BROKEN_BODY = ["request", "error 400"];

describe("smuggling", () => {
  test("CVE-2025-22871 (Go): a bare LF does not end a chunk-size line", () => {
    expect(kinds(playEveryWay(`${CHUNKED}5\nhello\r\n0\r\n\r\n`))).toEqual(BROKEN_BODY);
  });

  test("CVE-2021-32715 (hyper): Content-Length: +5", () => {
    expectRefusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400);
  });

  test.each(["FFFFFFFFFFFFFFFF0", "10000000000000000", "f0000000000000003"])(
    "CVE-2021-32714 (hyper): the chunk size %s overflows",
    (size) => {
      expect(kinds(playEveryWay(`${CHUNKED}${size}\r\nabc\r\n0\r\n\r\n`))).toEqual(BROKEN_BODY);
    },
  );

  test.each(["0_2e", "0x5", "+5", "-5", "5_", " 5"])(
    "CVE-2023-47627 (aiohttp): %j is no chunk size and no length",
    (digits) => {
      expect(kinds(playEveryWay(`${CHUNKED}${digits}\r\nhello\r\n0\r\n\r\n`))).toEqual(BROKEN_BODY);
      if (digits !== " 5")
        expectRefusal(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${digits}\r\n\r\nhello`, 400);
    },
  );

  test("CVE-2023-30589 (Node): a CR without LF anywhere in the head", () => {
    const head = "POST /a HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n";
    for (let at = 0; at < head.length - 1; at += 1) {
      if (head[at] === "\r" || head[at] === "\n") continue;
      expectRefusal(`${head.slice(0, at)}\r${head.slice(at)}`, 400);
    }
  });

  test.each(["GET /", "GET /\r\n", "GET / \r\n", "GET /index.html\r\n\r\n"])(
    "HTTP/0.9 (nginx, Apache, Python): %j gets a status line",
    (text) => {
      const exchange = new Exchange("server");
      exchange.receive(encodeLatin1(text));
      exchange.receiveEnd();
      expect(() => exchange.next()).toThrow();
      expect(textOf(exchange.send({ kind: "response", status: 400, fields: [], length: 0 }))).toStartWith(
        "HTTP/1.1 400 Bad Request\r\n",
      );
    },
  );

  test("CVE-2018-18778 (mini_httpd): Host is empty", () => {
    expectRefusal("GET /etc/passwd HTTP/1.1\r\nHost:\r\n\r\n", 400);
  });

  test.each([
    ["CL.TE", "Content-Length: 13\r\nTransfer-Encoding: chunked\r\n"],
    ["TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"],
    ["CL.CL", "Content-Length: 8\r\nContent-Length: 7\r\n"],
    ["TE.TE, another coding first", "Transfer-Encoding: xchunked\r\nTransfer-Encoding: chunked, x\r\n"],
    ["TE.TE, space before the colon", "Transfer-Encoding : chunked\r\nContent-Length: 3\r\n"],
    ["TE.TE, tab before the value", "Transfer-Encoding:\tchunked\r\nContent-Length: 3\r\n"],
    ["TE.TE, vertical tab", "Transfer-Encoding:\x0bchunked\r\nContent-Length: 3\r\n"],
    ["TE.TE, behind a lone LF", "X: X\nTransfer-Encoding: chunked\r\n"],
    ["TE.TE, behind a lone CR", "X: X\rTransfer-Encoding: chunked\r\n"],
    ["TE.TE, folded", "Transfer-Encoding\r\n : chunked\r\n"],
    ["TE.TE, folded value", "Transfer-Encoding: \r\n chunked\r\n"],
    ["TE.TE, leading space", " Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"],
    ["TE.TE, NUL at its end", "Transfer-Encoding: chunked\x00\r\nContent-Length: 3\r\n"],
    ["TE.TE, quoted", 'Transfer-Encoding: "chunked"\r\nContent-Length: 3\r\n'],
    ["TE.TE, capitals", "TrAnSFer-EnCODinG: cHuNkeD\r\nContent-Length: 3\r\n"],
    ["TE.0", "Transfer-Encoding: chunk\r\n"],
    ["CL with a comment", "Content-Length: 5 (five)\r\n"],
    ["CL in Latin-1 digits", "Content-Length: \xb9\r\n"],
  ])("%s is refused, and what it hides is never a request", (_name, fields) => {
    const text = `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`;
    const told = kinds(playEveryWay(text));
    expect(told).toEqual(["error 400"]);
  });
});

describe("denial of service", () => {
  test("CVE-2012-5533 (lighttpd): Connection: TE,,Keep-Alive is an ordinary list", () => {
    expectRequest("GET / HTTP/1.1\r\nHost: a\r\nConnection: TE,,Keep-Alive\r\n\r\n");
    expectRequest(`GET / HTTP/1.1\r\nHost: a\r\nConnection: ${",".repeat(30_000)}close\r\n\r\n`);
  });

  test("CVE-2023-39326 (Go) and h2o t/80http1-chunk-overhead.t: extensions without content are cut", () => {
    const chunk = `1;a=${"x".repeat(1000)}\r\nA\r\n`;
    const told = kinds(play([encodeLatin1(`${CHUNKED}${chunk.repeat(100)}0\r\n\r\n`)]));
    expect(told).toEqual(["request", "body", "error 400"]);
  });

  test("CVE-2023-39326 (Go): 100,000 chunks of one byte are accepted, also one byte at a time", () => {
    const text = `${CHUNKED}${"1\r\nA\r\n".repeat(100_000)}0\r\n\r\n`;
    expect(kinds(play([encodeLatin1(text)]))).toEqual(["request", "body", "end"]);
    expect(kinds(play(byteByByte(encodeLatin1(`${CHUNKED}${"1\r\nA\r\n".repeat(2000)}0\r\n\r\n`))))).toEqual([
      "request",
      "body",
      "end",
    ]);
  });

  test.each(["FFFFFFFFFFFFFFFF", "-1", "0x5", "00000000000000001"])(
    "CVE-2017-10868 (h2o), CVE-2013-2028 (nginx): the chunk size %s",
    (size) => {
      expect(kinds(playEveryWay(`${CHUNKED}${size}\r\nx\r\n0\r\n\r\n`))).toEqual(BROKEN_BODY);
    },
  );

  test("CVE-2009-3896 (nginx), CVE-2008-0337 (miniweb): a URI of 100 kB", () => {
    expectRefusal(`GET /${"../".repeat(33_333)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414);
  });

  test("CVE-2010-0295 (lighttpd): a head that comes byte by byte is not held in pieces", () => {
    const exchange = new Exchange("server");
    const bytes = byteByByte(encodeLatin1(`GET / HTTP/1.1\r\nHost: a\r\nA: ${"x".repeat(600)}`));
    for (const byte of bytes) {
      exchange.receive(byte);
      exchange.next();
    }
    expect(exchange.bufferedBytes).toBe(bytes.length);
    expect(exchange.isInHead).toBe(true);
  });

  test("CVE-2023-38039 (curl): a head without an end", () => {
    const told = play([encodeLatin1(`HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(20_000)}`)], { role: "client" });
    expect(kinds(told)).toEqual(["error 431"]);
  });
});

describe("paths and fields", () => {
  test.each(["/%%32%65%%32%65/etc/passwd", "/%c0%ae%c0%ae/etc/passwd", "/%u002e%u002e/"])(
    "CVE-2021-42013 (Apache): %s is malformed",
    (path) => {
      expect(parseUrlPath(path)).toBeUndefined();
    },
  );

  test("CVE-2014-3744 (st): an encoded dot is a dot once, and stays the peer's word", () => {
    expect(parseUrlPath("/public/%2e%2e/%252e")?.names).toEqual(["public", "..", "%2e"]);
  });

  test("CVE-2016-1133 (h2o): no text makes a line of its own in a written head", () => {
    const exchange = new Exchange("server");
    exchange.receive(encodeLatin1("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    exchange.next();
    const fields = [["Location", "/\r\nSet-Cookie: x=1"]] as const;
    expect(() => exchange.send({ kind: "response", status: 308, fields, length: 0 })).toThrow(
      "may not be sent",
    );
  });
});
