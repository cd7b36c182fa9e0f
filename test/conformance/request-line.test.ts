/** RFC 9112 §2 and §3 over a socket: the request line, the target in its forms, Host, and where a line ends. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AFTERWARDS, JudgedSite, request, SENTINEL } from "../support/judged-site.ts";

let site: JudgedSite;
beforeAll(async () => {
  site = await JudgedSite.start();
});
afterAll(() => site.stop());

const HOST = "Host: x\r\n";

/** Refused with `status`, and what follows is not read as a request. */
async function expectRefusal(text: string, status: number): Promise<void> {
  const { answers, statuses } = await site.say(text + AFTERWARDS);
  expect(statuses).toEqual([status]);
  expect(answers[0]!.fields.get("connection")).toBe("close");
}

/** Answered with `status`, and the next request as well. */
async function expectAnswer(text: string, status: number, method = "GET"): Promise<void> {
  const { answers, statuses } = await site.say(text + AFTERWARDS, method);
  expect(statuses).toEqual([status, 200]);
  expect(answers[1]!.body.toString()).toBe(SENTINEL);
}

describe("request-line", () => {
  test.each([
    ["§3", "no target", `GET HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3", "nothing but a method", `GET\r\n${HOST}\r\n`, 400],
    ["§2.3", "HTTP/0.9: no version", "GET /digits.txt\r\n\r\n", 400],
    ["§3", "two spaces before the target", `GET  /digits.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3", "two spaces before the version", `GET /digits.txt  HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3", "a tab in place of a space", `GET\t/digits.txt\tHTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3", "a space at the end", `GET /digits.txt HTTP/1.1 \r\n${HOST}\r\n`, 400],
    ["§3", "a space at the front", ` GET /digits.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3", "a fourth word", `GET /digits.txt HTTP/1.1 x\r\n${HOST}\r\n`, 400],
    ["§3", "a space in the target", `GET /digits .txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3", "a vertical tab in the target", `GET /digits\x0b.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3", "a form feed for a space", `GET\x0c/digits.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3", "NUL in the target", `GET /digits.txt\0 HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3", "DEL in the target", `GET /digits.txt\x7f HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3.2", "raw UTF-8 in the target", `GET /gr\xc3\xb6\xc3\x9fe.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§2.3", "the version in lower case", `GET /digits.txt http/1.1\r\n${HOST}\r\n`, 400],
    ["§2.3", "another protocol", `GET /digits.txt ICE/1.0\r\n${HOST}\r\n`, 400],
    ["§2.3", "nearly HTTP", `GET /digits.txt IHTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§2.3", "RTSP", `GET /digits.txt RTSP/1.0\r\n${HOST}\r\n`, 400],
    ["§2.3", "no minor version", `GET /digits.txt HTTP/1\r\n${HOST}\r\n`, 400],
    ["§2.3", "no dot in the version", `GET /digits.txt HTTP/11\r\n${HOST}\r\n`, 400],
    ["§2.3", "two digits of minor version", `GET /digits.txt HTTP/1.10\r\n${HOST}\r\n`, 400],
    ["§2.3", "two digits of major version", `GET /digits.txt HTTP/01.1\r\n${HOST}\r\n`, 400],
    ["§2.3", "a letter in the version", `GET /digits.txt HTTP/1.x\r\n${HOST}\r\n`, 400],
    ["§2.3", "a comma in the version", `GET /digits.txt HTTP/1,1\r\n${HOST}\r\n`, 400],
    ["§2.3", "a version and a letter", `GET /digits.txt HTTP/1.1x\r\n${HOST}\r\n`, 400],
    ["§2.3", "a negative version", `GET /digits.txt HTTP/-1.1\r\n${HOST}\r\n`, 400],
    ["§2.3", "HTTP/2.0", `GET /digits.txt HTTP/2.0\r\n${HOST}\r\n`, 505],
    ["§2.3", "HTTP/0.9 by name", `GET /digits.txt HTTP/0.9\r\n${HOST}\r\n`, 505],
    ["§2.3", "HTTP/3.1", `GET /digits.txt HTTP/3.1\r\n${HOST}\r\n`, 505],
    ["§2.3", "HTTP/9.9", `GET /digits.txt HTTP/9.9\r\n${HOST}\r\n`, 505],
    ["RFC 9113 §3.4", "HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ["§3.1", "a method with a slash", `GE/T /digits.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3.1", "a method with a colon", `GET: /digits.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3.1", "a method in quotes", `"GET" /digits.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3.1", "a method of another alphabet", `G\xcbT /digits.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3.1", "a method with a control character", `GE\x01T /digits.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3.1", "no method", ` /digits.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["§3", "a TLS greeting", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", 400],
    ["§3", "an SSH greeting", "SSH-2.0-OpenSSH_9.2\r\n", 400],
    ["§3", "a field first", `${HOST}GET /digits.txt HTTP/1.1\r\n\r\n`, 400],
    ["§4", "a status line", `HTTP/1.1 200 OK\r\n${HOST}\r\n`, 400],
  ])("%s: %s is refused", async (_section, _title, text, status) => {
    await expectRefusal(text, status);
  });

  test.each([
    ["RFC 9110 §2.5", "an unknown minor version is answered as 1.1", "GET /digits.txt HTTP/1.2"],
    ["RFC 9110 §2.5", "the highest minor version is answered as 1.1", "GET /digits.txt HTTP/1.9"],
    ["§2.2", "an empty line before it is skipped", "\r\nGET /digits.txt HTTP/1.1"],
    ["§2.2", "two empty lines before it are skipped", "\r\n\r\nGET /digits.txt HTTP/1.1"],
    ["RFC 3986 §2.3", "percent-encoded letters are the same letters", "GET /%64igits.txt HTTP/1.1"],
    ["RFC 3986 §2.1", "hex digits in capitals", "GET /digits%2Etxt HTTP/1.1"],
    ["RFC 3986 §2.1", "hex digits in small letters", "GET /digits%2etxt HTTP/1.1"],
    ["§3.2.1", "a query is no part of the path", "GET /digits.txt?a=b&c=d?e/f HTTP/1.1"],
    ["§3.2.1", "an empty query is one", "GET /digits.txt? HTTP/1.1"],
    ["§3.2.1", "sub-delims stand in a query as they are", "GET /digits.txt?!$&'()*+,;=:@/?-._~ HTTP/1.1"],
    ["§3.2.1", "what browsers leave in a query", "GET /digits.txt?a[]=|{}^`\\ HTTP/1.1"],
  ])("%s: %s", async (_section, _title, line) => {
    await expectAnswer(`${line}\r\n${HOST}\r\n`, 200);
  });

  test.each([
    ["a lower-case method is another method", "get /digits.txt HTTP/1.1", 501],
    ["a method that nobody knows", "FETCH /digits.txt HTTP/1.1", 501],
    ["a method of every tchar", "!#$%&'*+-.^_`|~09AZaz /digits.txt HTTP/1.1", 501],
    ["a method of a thousand letters", `${"M".repeat(1000)} /digits.txt HTTP/1.1`, 501],
  ])("RFC 9110 §9.1: %s: 501", async (_title, line, status) => {
    await expectAnswer(`${line}\r\n${HOST}\r\n`, status);
  });

  test("§3: a method longer than any line is 501", async () => {
    await expectRefusal(`${"M".repeat(20_000)} / HTTP/1.1\r\n${HOST}\r\n`, 501);
  });

  test("§3: a request-line of 8,000 octets is read", async () => {
    await expectAnswer(`GET /digits.txt?${"q".repeat(8000 - 29)} HTTP/1.1\r\n${HOST}\r\n`, 200);
  });

  test.each([9000, 20_000, 100_000, 1_000_000])("§3: a target of %d octets is 414", async (length) => {
    await expectRefusal(`GET /${"a".repeat(length)} HTTP/1.1\r\n${HOST}\r\n`, 414);
  });

  test("§3: a target that never ends is 414", async () => {
    await expectRefusal(`GET /${"a".repeat(50_000)}`, 414);
  });
});

describe("line ends", () => {
  test.each([
    ["§2.2", "bare LF everywhere", "GET /digits.txt HTTP/1.1\nHost: x\n\n"],
    ["§2.2", "bare LF after the request-line", `GET /digits.txt HTTP/1.1\n${HOST}\r\n`],
    ["§2.2", "bare LF after a field", "GET /digits.txt HTTP/1.1\r\nHost: x\n\r\n"],
    ["§2.2", "bare LF for the empty line", "GET /digits.txt HTTP/1.1\r\nHost: x\r\n\n"],
    ["§2.2", "bare CR after the request-line", `GET /digits.txt HTTP/1.1\r${HOST}\r\n`],
    ["§2.2", "bare CR for the empty line", "GET /digits.txt HTTP/1.1\r\nHost: x\r\n\rZ"],
    ["§2.2", "bare CR in a field value", `GET /digits.txt HTTP/1.1\r\n${HOST}A: 1\rB: 2\r\n\r\n`],
    ["§2.2", "bare CR in a field name", `GET /digits.txt HTTP/1.1\r\n${HOST}A\rB: 2\r\n\r\n`],
    ["§2.2", "CR CR LF", `GET /digits.txt HTTP/1.1\r\r\n${HOST}\r\n`],
    ["§2.2", "LF CR", `GET /digits.txt HTTP/1.1\n\r${HOST}\n\r`],
    ["§2.2", "white space between request-line and fields", `GET /digits.txt HTTP/1.1\r\n ${HOST}\r\n`],
    ["§2.2", "a tab between request-line and fields", `GET /digits.txt HTTP/1.1\r\n\t${HOST}\r\n`],
    ["§2.2", "a line of white space before the fields", `GET /digits.txt HTTP/1.1\r\n \r\n${HOST}\r\n`],
    ["§2.2", "a bare LF before the request-line", `\nGET /digits.txt HTTP/1.1\r\n${HOST}\r\n`],
    ["§2.2", "NUL before the request-line", `\0GET /digits.txt HTTP/1.1\r\n${HOST}\r\n`],
    ["§2.2", "a byte order mark before the request-line", `\xef\xbb\xbfGET / HTTP/1.1\r\n${HOST}\r\n`],
  ])("%s: %s is refused", async (_section, _title, text) => {
    await expectRefusal(text, 400);
  });
});

describe("request-target", () => {
  test.each([
    ["§3.2.2: absolute-form", "GET", "http://x/digits.txt", 200],
    ["§3.2.2: absolute-form of another host", "GET", "http://elsewhere.example:8080/digits.txt", 200],
    ["§3.2.2: absolute-form of an IPv6 host", "GET", "http://[::1]:80/digits.txt", 200],
    ["RFC 3986 §3.1: a scheme in capitals", "GET", "HTTP://X/digits.txt", 200],
    ["§3.2.2: absolute-form with https", "GET", "https://x/digits.txt", 200],
    ["RFC 9110 §4.2.3: absolute-form without a path", "GET", "http://x", 200],
    ["RFC 9110 §4.2.3: absolute-form with a query and no path", "GET", "http://x?a=b", 200],
    ["§3.2.2: absolute-form with an empty port", "GET", "http://x:/digits.txt", 200],
    ["§3.2.4: asterisk-form", "OPTIONS", "*", 204],
    ["§3.2.4: absolute-form for OPTIONS without a path", "OPTIONS", "http://x", 204],
    ["§3.2.3: authority-form", "CONNECT", "x:443", 405],
    ["§3.2.3: authority-form of an IPv6 host", "CONNECT", "[::1]:443", 405],
  ])("%s is understood", async (_title, method, target, status) => {
    await expectAnswer(request(method, target), status, method);
  });

  test.each([
    ["§3.2.1", "a path without its slash", "GET", "digits.txt"],
    ["§3.2.4", "asterisk-form for GET", "GET", "*"],
    ["§3.2.4", "asterisk-form for PUT", "PUT", "*"],
    ["§3.2.4", "an asterisk and more", "OPTIONS", "*/x"],
    ["§3.2.4", "a path that begins with an asterisk", "GET", "*.txt"],
    ["§3.2.3", "authority-form for GET", "GET", "x:80"],
    ["§3.2.3", "origin-form for CONNECT", "CONNECT", "/digits.txt"],
    ["§3.2.3", "authority-form without a port", "CONNECT", "x"],
    ["§3.2.3", "authority-form with an empty port", "CONNECT", "x:"],
    ["§3.2.3", "authority-form with a path", "CONNECT", "x:443/"],
    ["§3.2.3", "authority-form with a user", "CONNECT", "u@x:443"],
    ["RFC 9110 §4.2.1", "absolute-form with an empty host", "GET", "http:///digits.txt"],
    ["RFC 9110 §4.2.1", "absolute-form with nothing but a port", "GET", "http://:80/digits.txt"],
    ["RFC 9110 §4.2.4", "user information", "GET", "http://user:pw@x/digits.txt"],
    ["RFC 9110 §4.2.4", "an empty user", "GET", "http://@x/digits.txt"],
    ["§3.2.2", "a scheme that isn't HTTP", "GET", "ftp://x/digits.txt"],
    ["§3.2.2", "a file URI", "GET", "file:///etc/passwd"],
    ["§3.2.2", "one slash after the scheme", "GET", "http:/x/digits.txt"],
    ["§3.2.2", "no slashes after the scheme", "GET", "http:x"],
    ["§3.2.2", "an opaque URI", "GET", "mailto:x@y"],
    ["§3.2.2", "a port that does not exist", "GET", "http://x:65536/digits.txt"],
    ["§3.2.2", "a port of letters", "GET", "http://x:80a/digits.txt"],
    ["§3.2.2", "two ports", "GET", "http://x:80:80/digits.txt"],
    ["§3.2.2", "a percent-encoded slash in the host", "GET", "http://x%2/digits.txt"],
    ["§3.2.2", "a backslash in the host", "GET", "http://x\\y/digits.txt"],
    ["§3.2.2", "an IPv6 host without brackets", "GET", "http://::1/digits.txt"],
    ["§3.2.2", "an IPv6 host that is none", "GET", "http://[::1::]/digits.txt"],
    ["§3.2.2", "a bracket that stays open", "GET", "http://[::1/digits.txt"],
    ["§3.2.2", "something behind the bracket", "GET", "http://[::1]x/digits.txt"],
    ["§3.2", "a fragment", "GET", "/digits.txt#top"],
    ["§3.2", "a fragment behind a query", "GET", "/digits.txt?a#top"],
    ["§3.2", "a fragment behind an absolute-form", "GET", "http://x/digits.txt#top"],
    ["§3.2", "nothing but a fragment", "GET", "#top"],
    ["§3.2", "nothing but a query", "GET", "?a=b"],
    ["RFC 3986 §2", "a quote in the path", "GET", '/digits".txt'],
    ["RFC 3986 §2", "angle brackets in the path", "GET", "/<digits>.txt"],
    ["RFC 3986 §2", "a backslash in the path", "GET", "/sub\\inner.txt"],
    ["RFC 3986 §2", "a quote in the query", "GET", '/digits.txt?"a"'],
    ["RFC 3986 §2", "angle brackets in the query", "GET", "/digits.txt?<script>"],
    ["RFC 3986 §2", "a Latin-1 letter in the query", "GET", "/digits.txt?\xe9"],
  ])("%s: %s is refused", async (_section, _title, method, target) => {
    await expectRefusal(request(method, target), 400);
  });

  test.each([
    ["a lone percent sign", "/digits%.txt"],
    ["a percent sign at the end", "/digits.txt%"],
    ["one hex digit", "/digits.txt%4"],
    ["no hex digits", "/digits%zz.txt"],
    ["a sign for a hex digit", "/digits%+1.txt"],
    ["%u escapes", "/digits%u0041.txt"],
    ["octets that are no UTF-8", "/digits%ff.txt"],
    ["an overlong slash", "/sub%c0%afinner.txt"],
    ["an overlong dot", "/%c0%ae%c0%ae/x"],
    ["a surrogate", "/%ed%a0%80.txt"],
    ["half a character", "/%e6%bc.txt"],
    ["beyond Unicode", "/%f4%90%80%80.txt"],
  ])("RFC 3986 §2.1: %s in the path is 400", async (_title, target) => {
    await expectAnswer(request("GET", target), 400);
  });
});

describe("Host", () => {
  test.each([
    ["§3.2", "no Host on HTTP/1.1", "GET /digits.txt HTTP/1.1\r\n\r\n"],
    ["§3.2", "no Host on HTTP/1.1 beside an absolute-form", "GET http://x/digits.txt HTTP/1.1\r\n\r\n"],
    ["§3.2", "no Host on an unknown minor version", "GET /digits.txt HTTP/1.3\r\n\r\n"],
    ["§3.2", "two Host fields", `GET /digits.txt HTTP/1.1\r\n${HOST}Host: y\r\n\r\n`],
    ["§3.2", "the same Host twice", `GET /digits.txt HTTP/1.1\r\n${HOST}${HOST}\r\n`],
    ["§3.2", "the same Host twice, in other letters", `GET /digits.txt HTTP/1.1\r\n${HOST}hOST: x\r\n\r\n`],
    ["§3.2", "an empty Host and another", `GET /digits.txt HTTP/1.1\r\nHost:\r\n${HOST}\r\n`],
    ["§3.2", "two Host fields on HTTP/1.0", `GET /digits.txt HTTP/1.0\r\n${HOST}Host: y\r\n\r\n`],
    ["§3.2", "an invalid Host on HTTP/1.0", "GET /digits.txt HTTP/1.0\r\nHost: a b\r\n\r\n"],
    ...[
      ["an empty Host", ""],
      ["nothing but white space", " \t "],
      ["a list", "x, y"],
      ["a space", "a b"],
      ["a tab", "a\tb"],
      ["a slash", "a/b"],
      ["a backslash", "a\\b"],
      ["a query", "a?b"],
      ["a fragment", "a#b"],
      ["user information", "user@x"],
      ["user and password", "user:pw@x"],
      ["a URL", "http://x"],
      ["quotes", '"x"'],
      ["angle brackets", "<x>"],
      ["braces", "{x}"],
      ["a caret", "a^b"],
      ["a pipe", "a|b"],
      ["a percent sign alone", "a%b"],
      ["a percent sign and no hex", "a%zzb"],
      ["raw UTF-8", "b\xc3\xbccher.example"],
      ["nothing but a port", ":80"],
      ["a port of letters", "x:http"],
      ["a negative port", "x:-80"],
      ["a port with a sign", "x:+80"],
      ["a port with a space", "x: 80"],
      ["a port in hex", "x:0x50"],
      ["a port that is too large", "x:65536"],
      ["a port of twenty digits", "x:99999999999999999999"],
      ["two ports", "x:80:81"],
      ["IPv6 without brackets", "::1"],
      ["IPv6 that stays open", "[::1"],
      ["brackets alone", "[]"],
      ["a name in brackets", "[x]"],
      ["IPv6 with a zone", "[fe80::1%eth0]"],
      ["IPv6 with nine groups", "[1:2:3:4:5:6:7:8:9]"],
      ["IPv6 with seven groups", "[1:2:3:4:5:6:7]"],
      ["IPv6 with two gaps", "[1::2::3]"],
      ["IPv6 with five digits", "[12345::]"],
      ["IPv6 with a bad IPv4", "[::1.2.3.256]"],
      ["IPv4 inside the gap", "[1.2.3.4::]"],
      ["something behind the bracket", "[::1]x"],
      ["something before the bracket", "x[::1]"],
    ].map(
      ([title, value]) =>
        ["§3.2", `Host with ${title}`, `GET /digits.txt HTTP/1.1\r\nHost: ${value}\r\n\r\n`] as const,
    ),
  ] as readonly (readonly [string, string, string])[])(
    "%s: %s is refused",
    async (_section, _title, text) => {
      await expectRefusal(text, 400);
    },
  );

  test.each([
    ["a name", "files.example"],
    ["a name and a port", "files.example:8080"],
    ["a name with a dot at its end", "files.example."],
    ["a name in capitals", "FILES.Example"],
    ["an underscore", "my_files"],
    ["an empty port", "x:"],
    ["the highest port", "x:65535"],
    ["port 0", "x:0"],
    ["an IPv4 address", "127.0.0.1:21000"],
    ["an IPv6 address", "[::1]:21000"],
    ["a whole IPv6 address", "[2001:db8:0:0:0:0:0:1]"],
    ["an IPv6 address with IPv4", "[::ffff:192.0.2.1]"],
    ["an address of the future", "[v1.fe:x]"],
    ["percent-encoding", "a%20b"],
    ["sub-delims", "!$&'()*+,;="],
    ["white space around it", " \tx\t "],
  ])("RFC 3986 §3.2.2: Host with %s is taken", async (_title, value) => {
    await expectAnswer(`GET /digits.txt HTTP/1.1\r\nHost: ${value}\r\n\r\n`, 200);
  });

  test("§3.2: HTTP/1.0 needs no Host", async () => {
    const { statuses } = await site.say("GET /digits.txt HTTP/1.0\r\n\r\n");
    expect(statuses).toEqual([200]);
  });

  test("§3.2.2: the absolute-form counts, whatever Host says", async () => {
    const answer = await site.ask("GET", "http://other.example/sub");
    expect(answer.status).toBe(308);
    expect(answer.fields.get("location")).toBe("/sub/");
  });
});
