import { describe, expect, test } from "bun:test";
import { DEFAULT_LIMITS } from "../../src/wire/exchange.ts";
import { expectRequest, kinds, playEveryWay, playResponse } from "./harness.ts";

const HEAD = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const ANSWER = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** An extension of `length` bytes. */
function extension(length: number): string {
  return `;${"a".repeat(length - 1)}`;
}

describe("a chunked body", () => {
  test.each([
    ["0\r\n\r\n", ""],
    ["000\r\n\r\n", ""],
    ["0000000000000000\r\n\r\n", ""],
    ["5\r\nhello\r\n0\r\n\r\n", "hello"],
    ["05\r\nhello\r\n0\r\n\r\n", "hello"],
    ["0000000000000005\r\nhello\r\n00\r\n\r\n", "hello"],
    ["a\r\n0123456789\r\n0\r\n\r\n", "0123456789"],
    ["A\r\n0123456789\r\n0\r\n\r\n", "0123456789"],
    ["5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n", "hello world"],
    ["2\r\n\r\n\r\n0\r\n\r\n", "\r\n"],
    ["5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"],
    ["3\r\n\x00\xff\n\r\n0\r\n\r\n", "\x00\xff\n"],
    ["5;a\r\nhello\r\n0\r\n\r\n", "hello"],
    ["5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello"],
    ["5;a=b;c=d;e\r\nhello\r\n0\r\n\r\n", "hello"],
    ['5;a="b"\r\nhello\r\n0\r\n\r\n', "hello"],
    ['5;a=""\r\nhello\r\n0\r\n\r\n', "hello"],
    ['5;a="b;c=d \t\\"e\\\\"\r\nhello\r\n0\r\n\r\n', "hello"],
    ['5;a="\xe9"\r\nhello\r\n0\r\n\r\n', "hello"],
    ["5 ;a\r\nhello\r\n0\r\n\r\n", "hello"],
    ["5\t; \ta \t= \tb\r\nhello\r\n0\r\n\r\n", "hello"],
  ])("%j is accepted (RFC 9112 §7.1)", (text, content) => {
    const { body, trailers } = expectRequest(`${HEAD}${text}`);
    expect(body).toBe(content);
    expect(trailers).toEqual([]);
    expect(kinds(playResponse(`${ANSWER}${text}`)).at(-1)).toBe("end");
  });

  test.each([
    "\r\n",
    "\r\nhello\r\n0\r\n\r\n",
    " \r\n",
    " 5\r\nhello\r\n0\r\n\r\n",
    "\t5\r\nhello\r\n0\r\n\r\n",
    "5 5\r\nhello\r\n0\r\n\r\n",
    "+5\r\nhello\r\n0\r\n\r\n",
    "-5\r\nhello\r\n0\r\n\r\n",
    "-1\r\n",
    "-0\r\n\r\n",
    "0x5\r\nhello\r\n0\r\n\r\n",
    "0X5\r\nhello\r\n0\r\n\r\n",
    "x5\r\nhello\r\n0\r\n\r\n",
    "$5\r\nhello\r\n0\r\n\r\n",
    "#5\r\nhello\r\n",
    "5h\r\nhello\r\n0\r\n\r\n",
    "h5\r\n",
    "g\r\n",
    "5_0\r\n",
    "0_5\r\nhello\r\n0\r\n\r\n",
    "5.0\r\nhello\r\n",
    "5e\x00\r\n",
    "5,5\r\n",
    "5,\r\nhello\r\n",
    '"5"\r\nhello\r\n',
    "\xb5\r\n",
    "\x005\r\nhello\r\n",
    "5\x00\r\nhello\r\n",
    "5\x0b\r\nhello\r\n",
    "\x0b5\r\nhello\r\n",
    "5\x0c\r\nhello\r\n",
    "5\x7f\r\nhello\r\n",
    "5\xa0\r\nhello\r\n",
    "5\nhello\r\n0\r\n\r\n",
    "5\rhello\r\n0\r\n\r\n",
    "5\r\rhello\r\n",
    "5\n\rhello\r\n",
    "5\r\r\nhello\r\n",
    "5\n\nhello",
    "FFFFFFFFFFFFFFFF\r\n",
    "7FFFFFFFFFFFFFFF\r\n",
    "8000000000000000\r\n",
    "20000000000000\r\n",
    "20000000000001\r\n",
    "00000000000000005\r\nhello\r\n0\r\n\r\n",
    "10000000000000005\r\nhello\r\n0\r\n\r\n",
    "f".repeat(100) + "\r\n",
    "00000000000000000\r\n\r\n",
    "5;\r\nhello\r\n",
    "5; \r\nhello\r\n",
    "5;a;\r\nhello\r\n",
    "5;;a\r\nhello\r\n",
    "5;=b\r\nhello\r\n",
    "5;a=\r\nhello\r\n",
    "5;a= \r\nhello\r\n",
    "5;a b\r\nhello\r\n",
    "5;a=b c\r\nhello\r\n",
    "5;a==b\r\nhello\r\n",
    '5;a="b\r\nhello\r\n',
    '5;a=b"\r\nhello\r\n',
    '5;a="b"c\r\nhello\r\n',
    '5;a="b\\"\r\nhello\r\n',
    "5;a='b c'\r\nhello\r\n",
    "5;a/b\r\nhello\r\n",
    "5;\xe9\r\nhello\r\n",
    "5;a=\xe9\r\nhello\r\n",
    "5a=b\r\nhello\r\n",
    "5 a=b\r\nhello\r\n",
    "5;a=b\nhello\r\n0\r\n\r\n",
    "5;a\rb\r\nhello\r\n",
    "5;a=\x01\r\nhello\r\n",
    "5;a=\x00\r\nhello\r\n",
    '5;a="\x00"\r\nhello\r\n',
    '5;a="\n"\r\nhello\r\n',
    '5;a="\r\n"\r\nhello\r\n',
    "5;\nxx\r\nhello\r\n",
    "0;\n\r\n\r\n",
    "5,a=b\r\nhello\r\n",
    "5&a\r\nhello\r\n",
    "5/a\r\nhello\r\n",
    "5:a\r\nhello\r\n",
    "(5)\r\nhello\r\n",
  ])("%j is refused (RFC 9112 §7.1)", (text) => {
    expect(kinds(playEveryWay(`${HEAD}${text}GET /x HTTP/1.1\r\nHost: a\r\n\r\n`))).toEqual([
      "request",
      "error 400",
    ]);
    expect(kinds(playResponse(`${ANSWER}${text}`, { isEnded: true }))).toEqual(["response", "error 400"]);
  });

  test.each(["5 \r\n", "5  \t \r\n", "5\t\r\n", "5;a \r\n", "5;a=b \r\n"])(
    "%j is refused of a request only: some servers fill chunk lines up",
    (line) => {
      const text = `${line}hello\r\n0 \r\n\r\n`;
      expect(kinds(playEveryWay(`${HEAD}${text}`))).toEqual(["request", "error 400"]);
      expect(kinds(playResponse(`${ANSWER}${text}`))).toEqual(["response", "body", "end"]);
    },
  );

  test.each([
    "5\r\nhello0\r\n\r\n",
    "5\r\nhello\n0\r\n\r\n",
    "5\r\nhello\r0\r\n\r\n",
    "5\r\nhello\r\r\n0\r\n\r\n",
    "5\r\nhello \r\n0\r\n\r\n",
    "5\r\nhello!\r\n0\r\n\r\n",
    "4\r\nhello\r\n0\r\n\r\n",
    "5\r\nhelloXX0\r\n\r\n",
    "5\r\nhello\x00\r\n",
    "5\r\nhello\n\r\n0\r\n\r\n",
    "5\r\nhello\r\n\r\n",
    "6\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello\r\n0\n\n",
    "5\r\nhello\r\n0\r\n\n",
    "5\r\nhello\r\n0\r\n\r\r\n",
    "5\r\nhello\r\n0\r\nX\r\n\r\n",
    "5\r\nhello\r\nx\r\n",
    "5\r\nhello\r\n 0\r\n\r\n",
  ])("%j is refused after its data (RFC 9112 §7.1)", (text) => {
    expect(kinds(playEveryWay(`${HEAD}${text}0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n`))).toEqual([
      "request",
      "body",
      "error 400",
    ]);
  });

  test("of the largest size is waited for", () => {
    expect(kinds(playEveryWay(`${HEAD}1fffffffffffff\r\nabc`))).toEqual(["request", "body"]);
    expect(kinds(playEveryWay(`${HEAD}001FFFFFFFFFFFFF\r\nabc`))).toEqual(["request", "body"]);
  });

  test.each([
    "",
    "5",
    "5\r",
    "5\r\n",
    "5\r\nhel",
    "5\r\nhello",
    "5\r\nhello\r",
    "5\r\nhello\r\n",
    "5\r\nhello\r\n0",
    "0\r\n",
    "0\r\n\r",
    "0\r\nA: b\r\n",
  ])("cut after %j is an error, and its end is not told (RFC 9112 §8)", (text) => {
    const told = kinds(playEveryWay(`${HEAD}${text}`, { isEnded: true })).filter((kind) => kind !== "body");
    expect(told).toEqual(["request", "error 400"]);
  });
});

describe("chunk extensions", () => {
  const limits = { ...DEFAULT_LIMITS, chunkExtensionBytes: 64 };

  test.each([
    [64, ["request", "body", "end"]],
    [65, ["request", "error 400"]],
    [5000, ["request", "error 400"]],
  ])("of %i bytes where 64 are allowed", (length, expected) => {
    expect(kinds(playEveryWay(`${HEAD}5${extension(length)}\r\nhello\r\n0\r\n\r\n`, { limits }))).toEqual(
      expected,
    );
  });

  test("that do not end are refused without waiting for their end", () => {
    expect(kinds(playEveryWay(`${HEAD}5${extension(5000)}`, { limits }))).toEqual(["request", "error 400"]);
  });

  test("may be long where the content is too", () => {
    const chunk = `1000${extension(1024)}\r\n${"x".repeat(4096)}\r\n`;
    expect(kinds(playEveryWay(`${HEAD}${chunk.repeat(40)}0\r\n\r\n`)).at(-1)).toBe("end");
  });
});

describe("trailers", () => {
  test("are told with the end (RFC 9112 §7.1.2)", () => {
    const { trailers } = expectRequest(`${HEAD}5\r\nhello\r\n0\r\nA: b\r\nRepr-Digest: sha-256=:x:\r\n\r\n`);
    expect(trailers).toEqual([
      ["A", "b"],
      ["Repr-Digest", "sha-256=:x:"],
    ]);
  });

  test.each([
    ["Content-Length: 5", 400],
    ["content-length: 0", 400],
    ["Transfer-Encoding: chunked", 400],
    ["TRANSFER-ENCODING: x", 400],
    ["Host: b", 400],
    ["A", 400],
    ["A : b", 400],
    [" A: b", 400],
    ["A: b\r\n c", 400],
    ["A: b\nB: c", 400],
    ["A: b\rB: c", 400],
    ["A: \x00", 400],
    [": b", 400],
    ["GET / HTTP/1.1", 400],
    [`A: ${"b".repeat(8192)}`, 431],
    ["A: b\r\n".repeat(101).trim(), 431],
  ])("%j is refused with %i (RFC 9110 §6.5.1)", (lines, status) => {
    const told = playEveryWay(`${HEAD}5\r\nhello\r\n0\r\n${lines}\r\n\r\n`);
    expect(kinds(told)).toEqual(["request", "body", `error ${status}`]);
  });

  test("of an answer may be folded (RFC 9112 §5.2)", () => {
    const told = playResponse(`${ANSWER}0\r\nA: b\r\n c\r\n\r\n`);
    expect(told.at(-1)).toMatchObject({ kind: "end", trailers: [["A", "b c"]] });
  });

  test.each([
    [64, "end"],
    [65, "error 431"],
  ])("of %i bytes where 64 are allowed: %s", (length, kind) => {
    const limits = { ...DEFAULT_LIMITS, trailerBytes: 64 };
    const lines = `A: ${"b".repeat(length - 7)}\r\n\r\n`;
    expect(lines.length).toBe(length);
    expect(kinds(playEveryWay(`${HEAD}0\r\n${lines}`, { limits })).at(-1)).toBe(kind);
  });
});
