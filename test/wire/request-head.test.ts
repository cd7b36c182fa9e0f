import { describe, expect, test } from "bun:test";
import { DEFAULT_LIMITS } from "../../src/wire/exchange.ts";
import { expectRefusal, expectRequest, kinds, playEveryWay } from "./harness.ts";

const HOST = "Host: a\r\n";

/** A target of `length` bytes. */
function target(length: number): string {
  return `/${"a".repeat(length - 1)}`;
}

describe("a request-line", () => {
  test.each([
    ["GET / HTTP/1.1", "GET", "/", "1.1"],
    ["GET /a?b=c&d HTTP/1.1", "GET", "/a?b=c&d", "1.1"],
    ["GET / HTTP/1.0", "GET", "/", "1.0"],
    ["GET / HTTP/1.2", "GET", "/", "1.1"],
    ["GET / HTTP/1.9", "GET", "/", "1.1"],
    ["get / HTTP/1.1", "get", "/", "1.1"],
    ["M-SEARCH / HTTP/1.1", "M-SEARCH", "/", "1.1"],
    ["!#$%&'*+-.^_`|~09AZaz / HTTP/1.1", "!#$%&'*+-.^_`|~09AZaz", "/", "1.1"],
    ["OPTIONS * HTTP/1.1", "OPTIONS", "*", "1.1"],
    ["CONNECT a:443 HTTP/1.1", "CONNECT", "a:443", "1.1"],
    ["GET http://b/c?d HTTP/1.1", "GET", "http://b/c?d", "1.1"],
    ["GET //a//b HTTP/1.1", "GET", "//a//b", "1.1"],
    ["GET /%zz HTTP/1.1", "GET", "/%zz", "1.1"],
  ])("%s is accepted (RFC 9112 §3)", (line, method, rawTarget, version) => {
    const { head } = expectRequest(`${line}\r\n${HOST}\r\n`);
    expect(head).toMatchObject({ method, rawTarget, version, framing: { kind: "none" } });
  });

  test.each([
    ["", 400],
    ["GET", 400],
    ["GET ", 400],
    ["GET /", 400],
    ["GET / ", 400],
    ["GET  / HTTP/1.1", 400],
    ["GET /  HTTP/1.1", 400],
    [" GET / HTTP/1.1", 400],
    ["\tGET / HTTP/1.1", 400],
    ["GET / HTTP/1.1 ", 400],
    ["GET / HTTP/1.1\t", 400],
    ["GET\t/ HTTP/1.1", 400],
    ["GET\t/\tHTTP/1.1", 400],
    ["GET /\x0bHTTP/1.1", 400],
    ["GET /\x0cHTTP/1.1", 400],
    ["GET / a HTTP/1.1", 400],
    ["GET /a b HTTP/1.1", 400],
    ["GET HTTP/1.1", 400],
    ["GET  HTTP/1.1", 400],
    ["GET / HTTP/1.1 HTTP/1.1", 400],
    ["GET / http/1.1", 400],
    ["GET / Http/1.1", 400],
    ["GET / HTTP/1.1x", 400],
    ["GET / HTTP/1.10", 400],
    ["GET / HTTP/01.1", 400],
    ["GET / HTTP/1.01", 400],
    ["GET / HTTP/1", 400],
    ["GET / HTTP/1.", 400],
    ["GET / HTTP/.1", 400],
    ["GET / HTTP/", 400],
    ["GET / HTTP", 400],
    ["GET / HTTP 1.1", 400],
    ["GET / HTTP /1.1", 400],
    ["GET / HTTP/ 1.1", 400],
    ["GET / HTTP/1,1", 400],
    ["GET / HTTP/1.1\x00", 400],
    ["GET / HTTP/-1.1", 400],
    ["GET / HTTP/1.-1", 400],
    ["GET / HTTP/+1.1", 400],
    ["GET / HTTP/x.1", 400],
    ["GET / HTTP/1.x", 400],
    ["GET / HTTP/١.١".replaceAll("١", "\xb9"), 400],
    ["GET / XTTP/1.1", 400],
    ["GET / ICE/1.0", 400],
    ["GET / RTSP/1.0", 400],
    ["GET / HTTP/2.0", 505],
    ["GET / HTTP/2.1", 505],
    ["GET / HTTP/3.0", 505],
    ["GET / HTTP/0.9", 505],
    ["GET / HTTP/9.9", 505],
    ["PRI * HTTP/2.0", 505],
    ["G@T / HTTP/1.1", 400],
    ["GET: / HTTP/1.1", 400],
    ["G\xe9T / HTTP/1.1", 400],
    ["G(T / HTTP/1.1", 400],
    ["[GET] / HTTP/1.1", 400],
    ['"GET" / HTTP/1.1', 400],
    ["GE,T / HTTP/1.1", 400],
    ["G/T / HTTP/1.1", 400],
    ["GET\x00 / HTTP/1.1", 400],
    ["\x00GET / HTTP/1.1", 400],
    ["\x7fGET / HTTP/1.1", 400],
    ["\xef\xbb\xbfGET / HTTP/1.1", 400],
    ["HTTP/1.1 200 OK", 400],
    ["GET a HTTP/1.1", 400],
    ["GET ../a HTTP/1.1", 400],
    ["GET ? HTTP/1.1", 400],
    ["GET ?a HTTP/1.1", 400],
    ["GET # HTTP/1.1", 400],
    ["GET * HTTP/1.1", 400],
    ["POST * HTTP/1.1", 400],
    ["options * HTTP/1.1", 400],
    ["OPTIONS ** HTTP/1.1", 400],
    ["OPTIONS *? HTTP/1.1", 400],
    ["OPTIONS */ HTTP/1.1", 400],
    ["GET a:80 HTTP/1.1", 400],
    ["GET a.b.c HTTP/1.1", 400],
    ["CONNECT / HTTP/1.1", 400],
    ["CONNECT * HTTP/1.1", 400],
    ["CONNECT a HTTP/1.1", 400],
    ["CONNECT a: HTTP/1.1", 400],
    ["CONNECT :80 HTTP/1.1", 400],
    ["CONNECT http://a:80 HTTP/1.1", 400],
    ["CONNECT a:80/ HTTP/1.1", 400],
    ["CONNECT b@a:80 HTTP/1.1", 400],
    ["GET /a#b HTTP/1.1", 400],
    ["GET /a?b#c HTTP/1.1", 400],
    ["GET /\\a HTTP/1.1", 400],
    ["GET \\a HTTP/1.1", 400],
    ["GET /\xe9 HTTP/1.1", 400],
    ["GET /?\xff HTTP/1.1", 400],
    ["GET /\x80 HTTP/1.1", 400],
    ["GET /\x00 HTTP/1.1", 400],
    ["GET /a\x00.txt HTTP/1.1", 400],
    ["GET /\x01 HTTP/1.1", 400],
    ["GET /\x1b]0;x HTTP/1.1", 400],
    ["GET /\x7f HTTP/1.1", 400],
    ["GET /a\tb HTTP/1.1", 400],
    ["GET /<a> HTTP/1.1", 400],
    ['GET /" HTTP/1.1', 400],
    ["GET /?<a> HTTP/1.1", 400],
    ['GET /?" HTTP/1.1', 400],
    ["GET ftp://a/ HTTP/1.1", 400],
    ["GET file:///etc/passwd HTTP/1.1", 400],
    ["GET gopher://a/ HTTP/1.1", 400],
    ["GET http:/a HTTP/1.1", 400],
    ["GET http:a HTTP/1.1", 400],
    ["GET http:// HTTP/1.1", 400],
    ["GET http:/// HTTP/1.1", 400],
    ["GET http:///a HTTP/1.1", 400],
    ["GET http://?a HTTP/1.1", 400],
    ["GET http://u@a/ HTTP/1.1", 400],
    ["GET http://u:p@a/ HTTP/1.1", 400],
    ["GET http://a:b/ HTTP/1.1", 400],
    ["GET http://a:80:80/ HTTP/1.1", 400],
    ["GET http://a b/ HTTP/1.1", 400],
    ["GET http://a\\b/ HTTP/1.1", 400],
    ["GET http://[::1/ HTTP/1.1", 400],
    ["GET http://a#b HTTP/1.1", 400],
    ["GET httpx://a/ HTTP/1.1", 400],
  ])("%j is refused with %i (RFC 9112 §3)", (line, status) => {
    // Without the leading empty lines that are skipped, an empty request-line needs more of them.
    const text = line === "" ? "\r\n".repeat(5) : `${line}\r\n`;
    expectRefusal(`${text}${HOST}\r\n`, status);
  });

  test.each([1, 2, 4])("%i empty lines before it are skipped (RFC 9112 §2.2)", (count) => {
    expectRequest(`${"\r\n".repeat(count)}GET / HTTP/1.1\r\n${HOST}\r\n`);
  });

  test.each(["\n", "\r", "\r\r\n", "\n\r\n", " \r\n", "\r\n \r\n"])("%j before it is refused", (before) => {
    expectRefusal(`${before}GET / HTTP/1.1\r\n${HOST}\r\n`, 400);
  });

  test("is refused as soon as it can't become one, long before its end", () => {
    expect(kinds(playEveryWay("\x16\x03\x01\x02\x00\x01"))).toEqual(["error 400"]);
    expect(kinds(playEveryWay("GET /\r\n"))).toEqual(["error 400"]);
    expect(kinds(playEveryWay("GET / HTTP/1.1\nHost"))).toEqual(["error 400"]);
    expect(kinds(playEveryWay("GET / HTTP/1.1\r\nHost : a\r\n"))).toEqual(["error 400"]);
  });
});

describe("Host", () => {
  test.each([
    "a",
    "a.b",
    "a.b.",
    "a:80",
    "a:",
    "a:0",
    "a:65535",
    "127.0.0.1",
    "127.0.0.1:8080",
    "[::1]",
    "[::1]:8080",
    "[::]",
    "[1:2:3:4:5:6:7:8]",
    "[1:2:3:4:5:6:1.2.3.4]",
    "[::ffff:1.2.3.4]",
    "[1::8]",
    "[2001:DB8::]",
    "[v1.a:b]",
    "a_b",
    "a-b",
    "xn--bcher-kva.example",
    "%41",
    "a!$&'()*+,;=b",
    "A.EXAMPLE",
    "1.2.3.4.5",
    "999.1.1.1",
  ])("%s is valid (RFC 9110 §7.2)", (value) => {
    const { head } = expectRequest(`GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`);
    expect(head.fields).toEqual([["Host", value]]);
  });

  test.each([
    "",
    " ",
    "\t",
    ":",
    ":80",
    "a b",
    "a, b",
    "a,\tb",
    "a\tb",
    "a/b",
    "/",
    "/etc/passwd",
    "http://a",
    "a?b",
    "a#b",
    "u@a",
    "@a",
    "a@",
    "a:b",
    "a:80:80",
    "a:-1",
    "a:+80",
    "a: 80",
    "a :80",
    "a:65536",
    "a:99999999999999999999",
    "[",
    "]",
    "[]",
    "[:]",
    "[::1",
    "::1",
    "1::2:80",
    "[::1]a",
    "[::1]80",
    "a[::1]",
    "[[::1]]",
    "[g::]",
    "[1:2:3]",
    "[1::2::3]",
    "[1:2:3:4:5:6:7:8:9]",
    "[1:2:3:4:5:6:7::8]",
    "[:1:2:3:4:5:6:7]",
    "[12345::]",
    "[::1.2.3]",
    "[::1.2.3.256]",
    "[::01.2.3.4]",
    "[1.2.3.4]",
    "[1.2.3.4::]",
    "[fe80::1%25eth0]",
    "[v.a]",
    "[v1.]",
    "[v1.a/b]",
    "a\\b",
    "a<b",
    "a>b",
    'a"b',
    "a|b",
    "a^b",
    "a`b",
    "a{b}",
    "%",
    "%4",
    "%zz",
    "\xe9",
    "b\xfccher",
    "\xff",
    "a\x00",
    "a\x01b",
    "a\x7f",
  ])("%j is refused (RFC 9112 §3.2)", (value) => {
    expectRefusal(`GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`, 400);
  });

  test.each([
    ["none on HTTP/1.1", "GET / HTTP/1.1\r\n\r\n"],
    ["none on HTTP/1.2", "GET / HTTP/1.2\r\n\r\n"],
    ["none with absolute-form", "GET http://a/ HTTP/1.1\r\n\r\n"],
    ["two", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    ["two equal ones", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"],
    ["two in other cases", "GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n"],
    ["one and an empty one", "GET / HTTP/1.1\r\nHost: a\r\nHost:\r\n\r\n"],
    ["an empty one and one", "GET / HTTP/1.1\r\nHost:\r\nHost: a\r\n\r\n"],
    ["two empty ones", "GET / HTTP/1.1\r\nHost:\r\nHost:\r\n\r\n"],
    ["two on HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"],
    ["an empty one on HTTP/1.0", "GET / HTTP/1.0\r\nHost:\r\n\r\n"],
    ["two with absolute-form", "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"],
    ["an invalid one with absolute-form", "GET http://a/ HTTP/1.1\r\nHost: b/c\r\n\r\n"],
  ])("%s is refused (RFC 9112 §3.2)", (_name, text) => {
    expectRefusal(text, 400);
  });

  test("may be absent on HTTP/1.0", () => {
    expectRequest("GET / HTTP/1.0\r\n\r\n");
  });

  test("gives way to the authority of absolute-form (RFC 9112 §3.2.2)", () => {
    const { head } = expectRequest("GET HTTPS://b:1/c?d HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(head.target).toEqual({
      form: "absolute",
      scheme: "https",
      authority: "b:1",
      path: "/c",
      query: "d",
    });
  });
});

describe("field lines", () => {
  test.each([
    ["A: b", "b"],
    ["A:b", "b"],
    ["A:", ""],
    ["A: ", ""],
    ["A: \t b \t ", "b"],
    ["A: b c\td", "b c\td"],
    ["A: \xe9\xa0", "\xe9\xa0"],
    ["A: \xa0", "\xa0"],
    ["A: \x85b\x80", "\x85b\x80"],
    ["A: b: c", "b: c"],
    ["A:: b", ": b"],
    ['A: "b\\"c', '"b\\"c'],
  ])("%j is accepted, its value is %j (RFC 9112 §5)", (line, value) => {
    const { head } = expectRequest(`GET / HTTP/1.1\r\n${HOST}${line}\r\n\r\n`);
    expect(head.fields).toEqual([
      ["Host", "a"],
      ["A", value],
    ]);
  });

  test.each([
    "A",
    "A b",
    ":",
    ": b",
    ":b",
    " A: b",
    "\tA: b",
    "A : b",
    "A\t: b",
    "A b: c",
    "A\x00: b",
    "A: b\x00c",
    "A: \x00",
    "A: b\x01",
    "A: b\x08",
    "A: b\x0b",
    "A: b\x0c",
    "A: b\x1b[2J",
    "A: b\x1f",
    "A: b\x7f",
    "A\xe9: b",
    "\xe9: b",
    "(A): b",
    "A,B: c",
    "A/B: c",
    "A;B: c",
    "A@B: c",
    "A[]: c",
    "A{}: c",
    'A"B: c',
    "A=B: c",
    "A?: c",
    "A\\: c",
    "A<: c",
    "\x0bA: b",
    "A\x0b: b",
    "A\x0c: b",
    "\x00A: b",
    "A:b\r\n c",
    "A: b\r\n\tc",
    "A: b\r\n ",
    "A: b\r\n : c",
  ])("%j is refused (RFC 9112 §5)", (line) => {
    expectRefusal(`GET / HTTP/1.1\r\n${HOST}${line}\r\n\r\n`, 400);
    expectRefusal(`GET / HTTP/1.1\r\n${line}\r\n${HOST}\r\n`, 400);
  });

  test.each([
    ["bare LF after the request-line", "GET / HTTP/1.1\nHost: a\r\n\r\n"],
    ["bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n"],
    ["bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n"],
    ["nothing but bare LFs", "GET / HTTP/1.1\nHost: a\n\n"],
    ["bare CR after the request-line", "GET / HTTP/1.1\rHost: a\r\n\r\n"],
    ["bare CR after a field", "GET / HTTP/1.1\r\nHost: a\rA: b\r\n\r\n"],
    ["bare CR in a field name", "GET / HTTP/1.1\r\nHost: a\r\nA\rB: c\r\n\r\n"],
    ["bare CR before CRLF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"],
    ["bare CR as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n"],
    ["LF CR", "GET / HTTP/1.1\r\nHost: a\n\r\r\n"],
    ["bare CR in the target", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["bare LF in the target", "GET /\n HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["bare LF before a colon", "GET / HTTP/1.1\r\nHost\n: a\r\n\r\n"],
    ["white space between the request-line and the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"],
    ["a line of white space", "GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n"],
  ])("%s is refused (RFC 9112 §2.2)", (_name, text) => {
    expectRefusal(text, 400);
  });

  test("of one name are kept apart and in order (RFC 9110 §5.3)", () => {
    const { head } = expectRequest(`GET / HTTP/1.1\r\n${HOST}A: 1\r\nb: 2\r\na: 3\r\n\r\n`);
    expect(head.fields).toEqual([
      ["Host", "a"],
      ["A", "1"],
      ["b", "2"],
      ["a", "3"],
    ]);
  });
});

describe("limits of a head", () => {
  const limits = { ...DEFAULT_LIMITS, headBytes: 600, targetBytes: 100, fieldCount: 5 };

  test.each([
    [100, "request"],
    [101, "error 414"],
    [10_000, "error 414"],
  ])("a target of %i bytes where 100 are allowed: %s", (length, kind) => {
    expect(kinds(playEveryWay(`GET ${target(length)} HTTP/1.1\r\n${HOST}\r\n`, { limits }))[0]).toBe(kind);
  });

  test.each([8192, 8193])("a target of %i bytes where 8192 are allowed by default", (length) => {
    const [kind] = kinds(playEveryWay(`GET ${target(length)} HTTP/1.1\r\n${HOST}\r\n`));
    expect(kind).toBe(length > 8192 ? "error 414" : "request");
  });

  test("a target or a method that does not end is refused without waiting for its end", () => {
    expect(kinds(playEveryWay(`GET ${target(10_000)}`, { limits }))).toEqual(["error 414"]);
    expect(kinds(playEveryWay("A".repeat(10_000), { limits }))).toEqual(["error 501"]);
  });

  test.each([
    [600, "request"],
    [601, "error 431"],
  ])("a head of %i bytes where 600 are allowed: %s", (length, kind) => {
    const rest = `GET / HTTP/1.1\r\n${HOST}A: \r\n\r\n`;
    const text = rest.replace("A: ", `A: ${"b".repeat(length - rest.length)}`);
    expect(text.length).toBe(length);
    expect(kinds(playEveryWay(text, { limits }))[0]).toBe(kind);
  });

  test("fields that do not end are refused without waiting for their end", () => {
    expect(kinds(playEveryWay(`GET / HTTP/1.1\r\nA: ${"b".repeat(700)}`, { limits }))).toEqual(["error 431"]);
    expect(kinds(playEveryWay(`GET / HTTP/1.1\r\n${"A: b\r\n".repeat(200)}`, { limits }))).toEqual([
      "error 431",
    ]);
  });

  test.each([
    [4, "request"],
    [5, "error 431"],
  ])("Host and %i more fields where 5 are allowed: %s", (count, kind) => {
    const text = `GET / HTTP/1.1\r\n${HOST}${"A: b\r\n".repeat(count)}\r\n`;
    expect(kinds(playEveryWay(text, { limits }))[0]).toBe(kind);
  });

  test("a head with a byte at a time costs no more than its length", () => {
    const text = `GET / HTTP/1.1\r\n${HOST}A: ${"b".repeat(30_000)}\r\n\r\n`;
    const before = performance.now();
    expectRequest(text);
    // Looking at everything again for each byte would take minutes.
    expect(performance.now() - before).toBeLessThan(5000);
  });
});
