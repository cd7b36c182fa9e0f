import { describe, expect, test } from "bun:test";
import { expectRefusal, expectRequest, kinds, playEveryWay } from "./harness.ts";

const post = (fields: string, body = "", version = "1.1") =>
  `POST / HTTP/${version}\r\nHost: a\r\n${fields}\r\n${body}`;

describe("Content-Length", () => {
  test.each([
    ["0", ""],
    ["5", "hello"],
    ["05", "hello"],
    ["000", ""],
    [" 5 \t", "hello"],
  ])("%j is accepted (RFC 9112 §6.2)", (value, content) => {
    const { head, body } = expectRequest(post(`Content-Length: ${value}\r\n`, content));
    expect(head.framing).toEqual({ kind: "length", length: content.length });
    expect(body).toBe(content);
  });

  test("of 2^53 - 1 is the largest that is accepted", () => {
    const told = playEveryWay(post("Content-Length: 9007199254740991\r\n"));
    expect(told).toMatchObject([{ framing: { kind: "length", length: 9007199254740991 } }]);
    expectRefusal(post("Content-Length: 9007199254740992\r\n"), 400);
    expectRefusal(post("Content-Length: 9007199254740993\r\n"), 400);
    expectRefusal(post(`Content-Length: ${"9".repeat(40)}\r\n`), 400);
    expectRefusal(post("Content-Length: 18446744073709551621\r\n"), 400);
  });

  test.each([
    "",
    " ",
    "+5",
    "-5",
    "-0",
    "+0",
    "5 5",
    "5\t5",
    "5,5",
    "5, 5",
    "5,",
    ",5",
    "5,6",
    "5;",
    "5;a",
    "0x5",
    "0X5",
    "0b1",
    "0o7",
    "5e0",
    "5E1",
    "1e3",
    "5.",
    "5.0",
    ".5",
    "5_0",
    "0_5",
    "5h",
    "h",
    '"5"',
    "'5'",
    "five",
    "5 bytes",
    "NaN",
    "Infinity",
    "null",
    "\xb2",
    "5\xa0",
    "\xa05",
    "5\x0b",
    "\x0b5",
    "\x0c5",
    "5\x00",
    "(5)",
    "5=5",
    "0 5",
    "5 \t 5",
  ])("%j is refused (RFC 9112 §6.3)", (value) => {
    expectRefusal(post(`Content-Length: ${value}\r\n`, "hello"), 400);
  });

  test.each([
    "Content-Length: 5\r\nContent-Length: 5\r\n",
    "Content-Length: 5\r\nContent-Length: 6\r\n",
    "Content-Length: 5\r\ncontent-length: 5\r\n",
    "Content-Length: 5\r\nA: b\r\nCONTENT-LENGTH: 0\r\n",
    "Content-Length: 0\r\nContent-Length: 0\r\n",
    "Content-Length: 5\r\nContent-Length:\r\n",
    "Content-Length:\r\nContent-Length: 5\r\n",
    "Content-Length:\r\nContent-Length:\r\n",
    "Content-Length : 5\r\n",
    "Content-Length\t: 5\r\n",
    " Content-Length: 5\r\n",
    "Content-Length: 5\r\n 0\r\n",
    "Content-Length:\r\n 5\r\n",
    "Content-Length: 5\n",
    "Content-Length: 5\rA: b\r\n",
    "Content-\x00Length: 5\r\n",
    "Content Length: 5\r\n",
  ])("%j is refused (RFC 9112 §6.3)", (fields) => {
    expectRefusal(post(fields, "hello"), 400);
  });

  test.each(["GET", "HEAD", "OPTIONS", "TRACE", "DELETE", "PUT", "WHATEVER"])(
    "frames the body of %s as of any method",
    (method) => {
      const { body } = expectRequest(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`);
      expect(body).toBe("hello");
    },
  );

  test("frames a body on HTTP/1.0", () => {
    expect(expectRequest(post("Content-Length: 5\r\n", "hello", "1.0")).body).toBe("hello");
  });

  test("may be absent where there is no body, whatever the method", () => {
    expect(expectRequest(post("")).head.framing).toEqual({ kind: "none" });
  });

  test("a body that is cut short is an error, and no end is told (RFC 9112 §8)", () => {
    const told = playEveryWay(post("Content-Length: 5\r\n", "hell"), { isEnded: true });
    expect(kinds(told)).toEqual(["request", "body", "error 400"]);
  });
});

describe("Transfer-Encoding", () => {
  test.each([
    "Transfer-Encoding: chunked",
    "Transfer-Encoding:chunked",
    "transfer-encoding: CHUNKED",
    "TRANSFER-ENCODING: Chunked",
    "Transfer-Encoding: \t chunked \t",
    // Empty elements of a list are nothing (RFC 9110 §5.6.1.2).
    "Transfer-Encoding: chunked,",
    "Transfer-Encoding: ,chunked",
    "Transfer-Encoding: , chunked , ,",
    "Transfer-Encoding:\r\nTransfer-Encoding: chunked",
  ])("%j is accepted (RFC 9112 §6.1)", (line) => {
    expect(expectRequest(post(`${line}\r\n`, "5\r\nhello\r\n0\r\n\r\n")).body).toBe("hello");
  });

  test.each([
    ["gzip, chunked", 501],
    ["gzip,chunked", 501],
    ["GZIP , Chunked", 501],
    ["x-gzip, deflate, chunked", 501],
    ["cow, chunked", 501],
    ["gzip;q=1, chunked", 501],
    ["gzip, , chunked,", 501],
    ["", 400],
    [" ", 400],
    [",", 400],
    [", ,", 400],
    ["chunked,,chunked", 400],
    ["chunked, chunked", 400],
    ["chunked,chunked", 400],
    ["chunked, identity", 400],
    ["identity", 400],
    ["identity, chunked", 400],
    ["gzip", 400],
    ["deflate", 400],
    ["chunked, gzip", 400],
    ["gzip, chunked, gzip", 400],
    ["chunked, gzip, chunked", 400],
    ["cow", 400],
    ["xchunked", 400],
    ["chunkedx", 400],
    ["x chunked", 400],
    ["chunked x", 400],
    ["chunked chunked", 400],
    ["chunk", 400],
    ["chunke d", 400],
    ["chunked;", 400],
    ["chunked;q=1", 400],
    ["chunked; a=b", 400],
    [";chunked", 400],
    ["chunked:", 400],
    [": chunked", 400],
    ['"chunked"', 400],
    ["'chunked'", 400],
    ['chunked"', 400],
    ["=chunked", 400],
    ["\x0bchunked", 400],
    ["\x0cchunked", 400],
    ["chunked\x0b", 400],
    ["\x00chunked", 400],
    ["chunked\x00", 400],
    ["\xa0chunked", 400],
    ["chunked\xa0", 400],
    ["\x85chunked", 400],
    ["chunked\x7f", 400],
    ["\xffchunked", 400],
    ["c\x08hunked", 400],
    ["ch\xfcnked", 400],
    ["chun\u212aed".replace("\u212a", "\xcb"), 400],
    ["\tchunked\tx", 400],
    ["gzip\tchunked", 400],
    ["gzip; chunked", 400],
  ])("%j is refused with %i (RFC 9112 §6.1)", (value, status) => {
    expectRefusal(post(`Transfer-Encoding: ${value}\r\n`, "0\r\n\r\n"), status);
  });

  test.each([
    ["Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400],
    ["Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400],
    ["Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", 400],
    ["Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", 400],
    ["Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n", 501],
    ["Transfer-Encoding : chunked\r\n", 400],
    ["Transfer-Encoding\t: chunked\r\n", 400],
    [" Transfer-Encoding: chunked\r\n", 400],
    ["Transfer-Encoding\x0b: chunked\r\n", 400],
    ["Transfer-Encoding:\x0bchunked\r\n", 400],
    ["Transfer-Encoding\x00: chunked\r\n", 400],
    ["Transfer-Encoding:\r\n chunked\r\n", 400],
    ["Transfer-Encoding: chunked\r\n , identity\r\n", 400],
    ["Transfer-Encoding: chunked\n", 400],
    ["A: b\rTransfer-Encoding: chunked\r\n", 400],
    ["A: b\nTransfer-Encoding: chunked\r\n", 400],
    ["\x00Transfer-Encoding: chunked\r\n", 400],
    ["Transfer-Encoding chunked\r\n", 400],
  ])("%j is refused with %i", (fields, status) => {
    expectRefusal(post(fields, "0\r\n\r\n"), status);
  });

  test.each([
    "Transfer_Encoding: chunked",
    "Transfer-Encoding-: chunked",
    "X-Transfer-Encoding: chunked",
    "Transfer-Encodin: chunked",
  ])("%s is another field, and frames nothing", (line) => {
    expect(expectRequest(post(`${line}\r\n`)).head.framing).toEqual({ kind: "none" });
  });

  test.each([
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
    "content-length: 5\r\nTRANSFER-ENCODING: CHUNKED\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: gzip, chunked\r\n",
    "Content-Length: 5\r\nTransfer-Encoding:\r\n",
    "Content-Length:\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: x\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
  ])("%j is refused: not both (RFC 9112 §6.1, §11.2)", (fields) => {
    expectRefusal(post(fields, "0\r\n\r\n"), 400);
  });

  test("is refused on HTTP/1.0 (RFC 9112 §6.1)", () => {
    expectRefusal(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "1.0"), 400);
    expectRefusal(post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n", "1.0"), 400);
  });
});

describe("expectsContinue", () => {
  test.each([
    ["Expect: 100-continue\r\nContent-Length: 1\r\n", "1.1", true],
    ["expect: 100-CONTINUE\r\nContent-Length: 1\r\n", "1.1", true],
    ["Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "1.1", true],
    ["Expect: 100-continue\r\n", "1.1", false],
    ["Expect: 100-continue\r\nContent-Length: 0\r\n", "1.1", false],
    ["Expect: 100-continue\r\nContent-Length: 1\r\n", "1.0", false],
    ["Expect: 100-continue, 100-continue\r\nContent-Length: 1\r\n", "1.1", true],
    ["Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 1\r\n", "1.1", true],
    ["Expect: ,100-continue,\r\nContent-Length: 1\r\n", "1.1", true],
    ["Expect: 100-continue, x\r\nContent-Length: 1\r\n", "1.1", true],
    ["Expect: 200-ok\r\nContent-Length: 1\r\n", "1.1", true],
    ["Expect: \r\nContent-Length: 1\r\n", "1.1", false],
    ["Expect: , ,\r\nContent-Length: 1\r\n", "1.1", false],
    ["Content-Length: 1\r\n", "1.1", false],
  ])("%j on %s: %p (RFC 9110 §10.1.1)", (fields, version, expected) => {
    const [head] = playEveryWay(post(fields, "", version));
    expect(head).toMatchObject({ kind: "request", expectsContinue: expected });
  });
});
