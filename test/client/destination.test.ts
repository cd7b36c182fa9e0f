import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { isPlainName, nameFromUrl, resolvePlace, windowsName } from "../../src/client/destination.ts";
import { parseRemoteUrl, type RemoteUrl } from "../../src/client/origin.ts";
import { TransferError } from "../../src/client/transfer-error.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/client-session.ts";

const URL_A = parseRemoteUrl("http://h/sub/a.txt?x=/y");

/** A URL as it might be built elsewhere: with a path that parseRemoteUrl would have tidied up. */
function raw(target: string): RemoteUrl {
  return { origin: { scheme: "http", host: "h", port: 80 }, target };
}

function failureOf(call: () => unknown): TransferError {
  try {
    call();
  } catch (error) {
    if (error instanceof TransferError) return error;
    throw error;
  }
  throw new Error("It did not fail");
}

describe("nameFromUrl()", () => {
  test.each([
    ["/a.txt", "a.txt"],
    ["/sub/a.txt", "a.txt"],
    ["/a.txt?name=/etc/passwd", "a.txt"],
    ["/", "index.html"],
    ["/sub/", "index.html"],
    ["/?x", "index.html"],
    ["/a%20b%231.txt", "a b#1.txt"],
    ["/%C3%BC%F0%9F%98%80", "ü😀"],
    ["/%252e%252e", "%2e%2e"],
    ["/.bashrc", ".bashrc"],
    ["/...", "..."],
    ["/a%1b%5B2Jb", "a_[2Jb"],
    ["/a%0D%0Ab", "a__b"],
    ["/a%E2%80%AEb", "a_b"],
  ])("gives %p the name %p", (target, name) => {
    expect(nameFromUrl(raw(target))).toBe(name);
  });

  test.each([
    ["/..", "dot segment"],
    ["/.", "dot segment"],
    ["/%2e%2e", "encoded dot segment"],
    ["/..%2Fx", "encoded slash"],
    ["/%2Fetc%2Fpasswd", "encoded absolute path"],
    ["/..%5Cx", "encoded backslash"],
    ["/a\\b", "backslash"],
    ["/a%00.txt", "NUL"],
    ["/C%3A", "drive"],
    ["/C:x", "drive"],
    ["/%ff", "not UTF-8"],
    ["/%C0%AE%C0%AE", "overlong UTF-8"],
  ])("CVE-2025-27142, GHSA-ppjh-xp5v-46wc: takes no name from %p (%s)", (target) => {
    expect(failureOf(() => nameFromUrl(raw(target))).phase).toBe("save");
  });
});

describe("isPlainName()", () => {
  test.each(["", ".", "..", "a/b", "a\\b", "/", "C:", "c:x", "a\u0000b"])("refuses %p", (name) => {
    expect(isPlainName(name)).toBe(false);
  });
  test.each(["a", "...", ".a", "ab:c", " ", "12:x"])("allows %p", (name) => {
    expect(isPlainName(name)).toBe(true);
  });
});

describe("windowsName()", () => {
  test.each([
    ["a.txt", "a.txt"],
    ['a<>:"|?*b', "a_______b"],
    ["a. .", "a_"],
    ["nul", "_nul"],
    ["COM1.txt", "_COM1.txt"],
    ["com10", "com10"],
    ["console", "console"],
  ])("makes %p %p", (name, expected) => {
    expect(windowsName(name)).toBe(expected);
  });
});

describe("resolvePlace()", () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = makeTemporaryFolder();
    mkdirSync(folder.at("sub"));
    writeFileSync(folder.at("there"), "old");
    symlinkSync(folder.at("nowhere"), folder.at("dangling"));
    symlinkSync(folder.at("sub"), folder.at("link"));
  });
  afterEach(() => folder.remove());

  test.each([
    [".", ".", "a.txt"],
    ["/", ".", "a.txt"],
    ["sub", "sub", "a.txt"],
    ["sub/", "sub", "a.txt"],
    ["link", "link", "a.txt"],
    ["new", ".", "new"],
    [".hidden", ".", ".hidden"],
    ["sub/new", "sub", "new"],
    ["sub/../new", ".", "new"],
    ["link/new", "link", "new"],
  ])("%p is in the folder %p, named %p", (path, expectedFolder, name) => {
    const place = resolvePlace(`${folder.path}/${path}`, URL_A, { force: false });
    expect(place).toEqual({
      folder: expectedFolder === "." ? folder.path : folder.at(expectedFolder),
      name,
      isForced: false,
    });
  });

  test.each([
    ["missing/new", "make it first"],
    ["there/", "what is there is not a folder"],
    ["there/new/", "not a folder"],
    ["there/new", "not a folder"],
    ["x".repeat(256), "too long"],
    ["a\u0000b", "no path"],
  ])("refuses %p", (path, part) => {
    const error = failureOf(() => resolvePlace(`${folder.path}/${path}`, URL_A, { force: false }));
    expect(error.phase).toBe("save");
    expect(error.message).toContain(part);
  });

  test.each(["missing/", "missing/deep/"])(
    "makes the folder that a path with a slash at its end names: %p",
    (path) => {
      const place = resolvePlace(`${folder.path}/${path}`, URL_A, { force: false });
      expect(place).toMatchObject({ folder: folder.at(path.slice(0, -1)), name: "a.txt" });
      expect(lstatSync(place.folder).isDirectory()).toBe(true);
    },
  );

  test("refuses an empty path", () => {
    expect(failureOf(() => resolvePlace("", URL_A, { force: false })).phase).toBe("save");
  });

  test("refuses a name of the URL that is too long for a disk", () => {
    const url = parseRemoteUrl(`http://h/${"ü".repeat(128)}`);
    expect(failureOf(() => resolvePlace(folder.path, url, { force: false })).phase).toBe("save");
    const fitting = parseRemoteUrl(`http://h/${"x".repeat(255)}`);
    expect(resolvePlace(folder.path, fitting, { force: false }).name).toHaveLength(255);
  });

  test.each(["there", "dangling"])("refuses what exists unless forced: %p", (name) => {
    const error = failureOf(() => resolvePlace(folder.at(name), URL_A, { force: false }));
    expect(error.phase).toBe("exists");
    expect(error.message).toContain("--force");
    expect(resolvePlace(folder.at(name), URL_A, { force: true }).name).toBe(name);
  });

  test("never replaces a folder or a device, even if forced", () => {
    mkdirSync(folder.at("a.txt"));
    expect(failureOf(() => resolvePlace(folder.path, URL_A, { force: true })).phase).toBe("save");
    expect(failureOf(() => resolvePlace("/dev/null", URL_A, { force: true })).phase).toBe("save");
  });
});
