import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  formatRemoteUrl,
  hostField,
  parseRemoteUrl,
  pathOf,
  remoteFile,
  resolveLocation,
  UrlError,
} from "../../src/client/origin.ts";

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof UrlError) return error.message;
    throw error;
  }
  throw new Error("It did not fail");
}

describe("parseRemoteUrl()", () => {
  test.each([
    ["http://h", "h", 80, "/"],
    ["http://h/", "h", 80, "/"],
    ["HTTP://Host:8080/A.txt", "host", 8080, "/A.txt"],
    ["http://h:/x", "h", 80, "/x"],
    ["http://h:1/x", "h", 1, "/x"],
    ["http://h:65535/x", "h", 65_535, "/x"],
    ["http://127.0.0.1:8080/x", "127.0.0.1", 8080, "/x"],
    ["http://[::1]:8080/x", "::1", 8080, "/x"],
    ["http://[2001:DB8:0:0::1]/", "2001:db8::1", 80, "/"],
    ["http://[fe80::1%25eth0]/", "fe80::1%eth0", 80, "/"],
    ["http://bücher.example/", "xn--bcher-kva.example", 80, "/"],
    ["http://h/a b/ü", "h", 80, "/a%20b/%C3%BC"],
    ["http://h/%C3%BC%2F", "h", 80, "/%C3%BC%2F"],
    ["http://h/a?x=1&y=a b", "h", 80, "/a?x=1&y=a%20b"],
    ["http://h?x", "h", 80, "/?x"],
    ["http://h/a#frag?ment", "h", 80, "/a"],
    ["http://h/a\\b", "h", 80, "/a%5Cb"],
    ["http://h//evil.example/x", "h", 80, "//evil.example/x"],
  ])("reads %p", (text, host, port, target) => {
    expect(parseRemoteUrl(text)).toEqual({ origin: { scheme: "http", host, port }, target });
  });

  test.each([
    ["http://h/../../x", "/x"],
    ["http://h/a/./b/../c", "/a/c"],
    ["http://h/a/%2e%2E/b", "/b"],
    ["http://h/%252e%252e/x", "/%252e%252e/x"],
  ])("removes dot segments once (RFC 3986 §5.2.4): %p", (text, target) => {
    expect(parseRemoteUrl(text).target).toBe(target);
  });

  test.each([
    ["", "begins with"],
    ["localhost:8080/x", "begins with"],
    ["/x", "begins with"],
    ["//h/x", "begins with"],
    ["http:/h/x", "begins with"],
    ["http:///x", "names no host"],
    ["http://:80/x", "names no host"],
    ["http://h:0/", "port"],
    ["http://h:65536/", "port"],
    ["http://h:99999999999999999999/", "port"],
    ["http://h:80:80/", "port"],
    ["http://h:8a/", "port"],
    ["http://h:+80/", "port"],
    ["http://::1/", "port"],
    ["http://[::1/", "port"],
    ["http://[::1]x/", "port"],
    ["http://[1.2.3.4]/", "host is not valid"],
    ["http://[zz::]/", "host is not valid"],
    ["http://a b/", "host is not valid"],
    ["http://a<b/", "host is not valid"],
    ["http://999.1.1.1/", "host is not valid"],
    ["http://h/\r\nX: y", "control character"],
    ["http://h/\u0000", "control character"],
    ["http://h\t/x", "control character"],
    ["http://h/\ud800", "control character"],
    ["http://h/%", "hex digits"],
    ["http://h/%zz", "hex digits"],
    ["http://h/?%2", "hex digits"],
    ["ftp://h/x", "not supported"],
    ["file:///etc/passwd", "not supported"],
  ])("refuses %p with what to do", (text, part) => {
    expect(messageOf(() => parseRemoteUrl(text))).toContain(part);
  });

  test("says that https is not there yet", () => {
    expect(messageOf(() => parseRemoteUrl("https://h/x"))).toStartWith("https is not supported yet: ");
  });

  test.each(["http://a%2Fb/", "http://a%2fb:80/", "http://good.example%2Fevil/", "http://%31/"])(
    "CVE-2022-27780: refuses an escape in the host: %p",
    (text) => {
      expect(messageOf(() => parseRemoteUrl(text))).toContain("host is not valid");
    },
  );

  test.each([
    "http://user:secret@h/",
    "http://secret@h/",
    "http://secret@good.example@evil.example/",
    "https://user:secret@h/",
    "http://h:secret@h/",
  ])("CVE-2021-22876, CVE-2018-20483: refuses credentials and never repeats them: %p", (text) => {
    expect(messageOf(() => parseRemoteUrl(text))).not.toContain("secret");
  });

  test("shows control characters escaped and long input cut", () => {
    const message = messageOf(() => parseRemoteUrl(`http://h/\u001b[2J${"x".repeat(10_000)}`));
    expect(message).toContain("\\x1b");
    expect(message.length).toBeLessThan(400);
  });

  test("gives a URL that parses to itself, or a UrlError", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.webUrl()), (text) => {
        try {
          const url = parseRemoteUrl(text.startsWith("http") ? text : `http://h/${text}`);
          expect(url.target).toMatch(/^\/[!-~]*$/);
          expect(parseRemoteUrl(`http://h${url.target}`).target).toBe(url.target);
        } catch (error) {
          if (!(error instanceof UrlError)) throw error;
        }
      }),
    );
  });
});

describe("remoteFile()", () => {
  test.each([
    ["", "/"],
    ["/", "/"],
    ["a.txt", "/a.txt"],
    ["/a.txt", "/a.txt"],
    ["a b#1.txt", "/a%20b%231.txt"],
    ["100%.txt", "/100%25.txt"],
    ["what?.txt", "/what%3F.txt"],
    ["%41", "/%2541"],
    ["sub/ü/😀", "/sub/%C3%BC/%F0%9F%98%80"],
    ["a\\b", "/a%5Cb"],
  ])("encodes %p as it was typed", (name, target) => {
    expect(remoteFile("h", 8080, name)).toEqual({
      origin: { scheme: "http", host: "h", port: 8080 },
      target,
    });
  });

  test.each([
    ["localhost", "localhost"],
    ["LOCALHOST", "localhost"],
    ["::1", "::1"],
    ["[::1]", "::1"],
    ["fe80::1%eth0", "fe80::1%eth0"],
  ])("takes the host %p", (host, expected) => {
    expect(remoteFile(host, 1, "").origin.host).toBe(expected);
  });

  test.each(["", "a/b", "a@b", "a b", "a\r\nb", "a%2fb", "h:80"])("refuses the host %p", (host) => {
    expect(() => remoteFile(host, 80, "x")).toThrow(UrlError);
  });

  test.each([0, -1, 65_536, 1.5, Number.NaN])("refuses the port %p", (port) => {
    expect(() => remoteFile("h", port, "x")).toThrow(UrlError);
  });

  test("refuses a control character in a name", () => {
    expect(() => remoteFile("h", 80, "a\r\nHost: x")).toThrow(UrlError);
  });
});

describe("resolveLocation()", () => {
  const base = parseRemoteUrl("http://h:8080/a/b?q");

  // RFC 3986 §5.4, as far as it is about paths and queries.
  test.each([
    ["g", "http://h:8080/a/g"],
    ["./g", "http://h:8080/a/g"],
    ["g/", "http://h:8080/a/g/"],
    ["/g", "http://h:8080/g"],
    ["//g/x", "http://g/x"],
    ["//g:81", "http://g:81/"],
    ["?y", "http://h:8080/a/b?y"],
    ["g?y", "http://h:8080/a/g?y"],
    ["#s", "http://h:8080/a/b?q"],
    ["g#s", "http://h:8080/a/g"],
    ["", "http://h:8080/a/b?q"],
    [".", "http://h:8080/a/"],
    ["..", "http://h:8080/"],
    ["../g", "http://h:8080/g"],
    ["../../../g", "http://h:8080/g"],
    ["http://o/x", "http://o/x"],
    ["\u00c3\u00bc.txt", "http://h:8080/a/%C3%BC.txt"],
    ["\u00fc b.txt?\u00fc", "http://h:8080/a/%FC%20b.txt?%FC"],
    ["/100% a%20b%zz?%", "http://h:8080/100%25%20a%20b%25zz?%25"],
    ["\\\\evil.example/x", "http://h:8080/a/%5C%5Cevil.example/x"],
    ["/\\evil.example/x", "http://h:8080/%5Cevil.example/x"],
  ])("resolves %p (RFC 3986 §5.4)", (location, expected) => {
    expect(formatRemoteUrl(resolveLocation(base, location))).toBe(expected);
  });

  test.each([
    "https://h/x",
    "ftp://h/x",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/plain,x",
    "g:h",
    "http://user:secret@h/",
    "http://a%2Fb/",
    "//",
    "//\u00ff/",
    "//a%/",
    "/a\tb",
  ])("refuses %p", (location) => {
    expect(messageOf(() => resolveLocation(base, location))).not.toContain("secret");
  });

  test("keeps the zone of an address", () => {
    const local = remoteFile("fe80::1%eth0", 80, "a");
    expect(resolveLocation(local, "b").origin.host).toBe("fe80::1%eth0");
  });
});

describe("hostField()", () => {
  test.each([
    ["h", 80, "h"],
    ["h", 8080, "h:8080"],
    ["::1", 80, "[::1]"],
    ["::1", 8080, "[::1]:8080"],
    ["fe80::1%eth0", 80, "[fe80::1]"],
  ])("writes %p, %p as %p (RFC 9110 §7.2)", (host, port, expected) => {
    expect(hostField({ scheme: "http", host, port })).toBe(expected);
  });
});

describe("pathOf()", () => {
  test("gives the path without the query", () => {
    expect(pathOf(parseRemoteUrl("http://h/a?b?c"))).toBe("/a");
  });
});
