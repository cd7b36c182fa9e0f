import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatUrlPath, parseTarget, parseUrlPath } from "../../src/wire/target.ts";

describe("parseTarget()", () => {
  test.each([
    ["/", { form: "origin", path: "/", query: undefined }],
    ["/a?", { form: "origin", path: "/a", query: "" }],
    ["/a?b?c", { form: "origin", path: "/a", query: "b?c" }],
    ["/where?q=now", { form: "origin", path: "/where", query: "q=now" }],
    ["//a//", { form: "origin", path: "//a//", query: undefined }],
    ["/[]{}|^`~!$&'()*+,;=:@%41", { form: "origin", path: "/[]{}|^`~!$&'()*+,;=:@%41", query: undefined }],
    ["/?[]{}|^`\\/?:@'", { form: "origin", path: "/", query: "[]{}|^`\\/?:@'" }],
    [
      "http://www.example.org/pub/WWW/TheProject.html",
      {
        form: "absolute",
        scheme: "http",
        authority: "www.example.org",
        path: "/pub/WWW/TheProject.html",
        query: undefined,
      },
    ],
    ["http://a", { form: "absolute", scheme: "http", authority: "a", path: "/", query: undefined }],
    ["http://a?b", { form: "absolute", scheme: "http", authority: "a", path: "/", query: "b" }],
    [
      "hTTpS://[::1]:8/a?b",
      { form: "absolute", scheme: "https", authority: "[::1]:8", path: "/a", query: "b" },
    ],
    ["http://a//b", { form: "absolute", scheme: "http", authority: "a", path: "//b", query: undefined }],
  ] as const)("%s has a form (RFC 9112 §3.2)", (text, target) => {
    expect(parseTarget(text, "GET")).toEqual(target);
  });

  test("knows the forms that depend on the method", () => {
    expect(parseTarget("*", "OPTIONS")).toEqual({ form: "asterisk" });
    expect(parseTarget("*", "GET")).toBeUndefined();
    expect(parseTarget("a:80", "CONNECT")).toEqual({ form: "authority", authority: "a:80" });
    expect(parseTarget("[::1]:80", "CONNECT")).toEqual({ form: "authority", authority: "[::1]:80" });
    expect(parseTarget("a:80", "GET")).toBeUndefined();
    expect(parseTarget("/", "CONNECT")).toBeUndefined();
  });
});

describe("parseUrlPath()", () => {
  test.each([
    ["/", [], true],
    ["/a", ["a"], false],
    ["/a/", ["a"], true],
    ["/a/b", ["a", "b"], false],
    ["/a//b", ["a", "", "b"], false],
    ["//", [""], true],
    ["//a", ["", "a"], false],
    ["/a//", ["a", ""], true],
    ["/a%20b", ["a b"], false],
    ["/%2e%2E/..", ["..", ".."], false],
    ["/a%2Fb", ["a/b"], false],
    ["/%5c%00", ["\\\0"], false],
    ["/%252e", ["%2e"], false],
    ["/%%32%65".replace("%%32%65", "%2532%65"), ["%32e"], false],
    ["/%C3%A9%F0%9F%98%80", ["é😀"], false],
    ["/%EF%BB%BFa", ["\ufeffa"], false],
    ["/a+b", ["a+b"], false],
  ] as const)("%s gives %j", (path, names, isFolder) => {
    expect(parseUrlPath(path)).toMatchObject({ names: [...names], isFolder });
  });

  test.each([
    "",
    "a",
    "a/b",
    "/%",
    "/%4",
    "/%4g",
    "/%zz",
    "/a%",
    "/%%32%65",
    "/%u0041",
    "/%ff",
    "/%80",
    "/%c3",
    "/%c3/%a9",
    "/%c0%af",
    "/%c0%ae",
    "/%e0%80%af",
    "/%f0%80%80%af",
    "/%ed%a0%80",
    "/%f4%90%80%80",
    "/%f8%80%80%80%80",
    "/%fe",
    "/é",
    "/a?b",
    "/a#b",
    "/a b",
    "/a\\b",
    "/\0",
  ])("%j is malformed (RFC 3986 §2.1, RFC 3629)", (path) => {
    expect(parseUrlPath(path)).toBeUndefined();
  });
});

describe("formatUrlPath()", () => {
  test.each([
    [[], true, "/"],
    [[], false, "/"],
    [["a"], false, "/a"],
    [["a", "b"], true, "/a/b/"],
    [["a b", "#?%&'\"<>"], false, "/a%20b/%23%3F%25%26%27%22%3C%3E"],
    [["a/b", "\\", "\0"], false, "/a%2Fb/%5C/%00"],
    [["é😀"], false, "/%C3%A9%F0%9F%98%80"],
    [["a;b=c:d@e"], false, "/a%3Bb%3Dc%3Ad%40e"],
    [["", "evil.example"], false, "/.//evil.example"],
    [["", ""], true, "/.///"],
    [["\r\nSet-Cookie: a"], false, "/%0D%0ASet-Cookie%3A%20a"],
    [["\ud800"], false, "/%EF%BF%BD"],
  ] as const)("%j is %p, %s", (names, isFolder, path) => {
    expect(formatUrlPath(names, { isFolder })).toBe(path);
  });

  test("is undone by parseUrlPath(), never begins with two slashes, and holds only safe characters", () => {
    const anyNames = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 5 });
    fc.assert(
      fc.property(anyNames, fc.boolean(), (raw, isFolder) => {
        const wanted = raw.map((name) => name.toWellFormed());
        const path = formatUrlPath(raw, { isFolder });
        expect(path).toMatch(/^\/(?!\/)[A-Za-z0-9\-._~!*()%/]*$/);
        const back = parseUrlPath(path);
        const names = back?.names[0] === "." && path.startsWith("/.//") ? back.names.slice(1) : back?.names;
        // A last empty name and a folder's slash look the same.
        if (raw.length > 0 && (raw.at(-1) !== "" || isFolder)) {
          expect(names).toEqual(wanted);
          expect(back?.isFolder).toBe(isFolder);
        }
      }),
    );
  });
});
