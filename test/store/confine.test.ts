import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import fc from "fast-check";
import {
  confine,
  type DiskRoot,
  isInside,
  isServableName,
  isStorableName,
  resolveRoot,
} from "../../src/store/confine.ts";
import { makeTempRoot, rawPath, storeErrorKind, type TempRoot, urlPath } from "./temp-root.ts";

const WWW = { path: "/srv/www", prefix: "/srv/www/" } as DiskRoot;
const WHOLE_DISK = { path: "/", prefix: "/" } as DiskRoot;

describe("isServableName()", () => {
  test.each([
    "a",
    "a.txt",
    "a b#%?'\".txt",
    "...".replace("...", "a..."),
    "a..b",
    "~",
    "-",
    "C",
    "1:2",
    "ab:c",
    "héllo.txt",
    "日本語.txt",
    "🦊.png",
    "e\u0301.txt",
    "a\nb.txt",
    "con",
    "nul.txt",
    "x".repeat(255),
    "é".repeat(127),
    "日".repeat(85),
    "🦊".repeat(63),
  ])("passes %j", (name) => {
    expect(isServableName(name, "linux")).toBe(true);
  });

  test.each([
    ["empty", ""],
    ["the folder itself", "."],
    ["the folder above", ".."],
    ["more dots", "..."],
    ["a slash", "a/b"],
    ["a slash alone", "/"],
    ["a way up behind a slash", "a/../../b"],
    ["a backslash", "a\\b"],
    ["a way up behind a backslash", "..\\..\\b"],
    ["a UNC path", "\\\\server\\share"],
    ["NUL", "a\0.txt"],
    ["NUL alone", "\0"],
    ["a drive", "C:"],
    ["a drive with a path", "c:boot.ini"],
    ["a hidden name", ".htpasswd"],
    ["a hidden folder", ".git"],
    ["our temporary file", ".netfile-1-2-3-4.part"],
    ["256 bytes", "x".repeat(256)],
    ["256 bytes in 128 characters", "é".repeat(128)],
    ["258 bytes in 86 characters", "日".repeat(86)],
    ["half a surrogate pair", "a\ud800.txt"],
  ])("refuses %s", (_, name) => {
    expect(isServableName(name, "linux")).toBe(false);
  });

  test.each([
    "con",
    "NUL.txt",
    "aux.tar.gz",
    "com1",
    "a.txt:stream",
    "a.txt.",
    "a.txt ",
    "PROGRA~1",
    "a?",
    "a\n",
  ])("refuses %j on Windows, where it means something else", (name) => {
    expect(isServableName(name, "win32")).toBe(false);
    expect(isServableName("console.txt", "win32")).toBe(true);
  });
});

describe("isStorableName()", () => {
  test.each(["a\n.txt", "\u001b[2J.txt", "a\u007f", "a\u0085", "\t"])(
    "refuses the control character in %j",
    (name) => {
      expect(isStorableName(name, "linux")).toBe(false);
    },
  );

  test.each(["a b.txt", "日本語.txt", "🦊.png"])("passes %j", (name) => {
    expect(isStorableName(name, "linux")).toBe(true);
  });
});

describe("isInside()", () => {
  test.each([
    ["/srv/www", true],
    ["/srv/www/a", true],
    ["/srv/www/a/b.txt (deleted)", true],
    ["/srv/www/a..b/c.", true],
    ["/srv/www-secret", false],
    ["/srv/www-secret/a", false],
    ["/srv", false],
    ["/", false],
    ["", false],
    ["/srv/www (deleted)", false],
    ["(unreachable)/srv/www/a", false],
    ["/srv/www/.git", false],
    ["/srv/www/.git/config", false],
    ["/srv/www/a/.b/c", false],
    ["/srv/www/a/.b", false],
    ["pipe:[12]", false],
  ])("says of %j: %p", (path, expected) => {
    expect(isInside(WWW, path)).toBe(expected);
  });

  test.each([
    ["/", true],
    ["/etc/hosts", true],
    ["/.hidden", false],
    ["/a/.hidden/b", false],
    ["socket:[1]", false],
  ])("says of %j below the root of the disk: %p", (path, expected) => {
    expect(isInside(WHOLE_DISK, path)).toBe(expected);
  });

  test("does not mind hidden names above the root", () => {
    const root = { path: "/home/.x/www", prefix: "/home/.x/www/" } as DiskRoot;
    expect(isInside(root, "/home/.x/www/a")).toBe(true);
    expect(isInside(root, "/home/.x/www/.a")).toBe(false);
  });
});

describe("confine()", () => {
  test.each([
    ["/", "/srv/www"],
    ["/a.txt", "/srv/www/a.txt"],
    ["/a/b/c.txt", "/srv/www/a/b/c.txt"],
    ["/a/", "/srv/www/a"],
    ["/a%20b%23.txt", "/srv/www/a b#.txt"],
  ])("leads %s to %s", (path, expected) => {
    expect(confine(WWW, urlPath(path))).toBe(expected as never);
  });

  test.each([
    "/..",
    "/../",
    "/a/../b",
    "/%2e%2e/b",
    "/%2e",
    "//a",
    "/a//b",
    "/a//",
    "/a%2Fb",
    "/..%2f..%2fetc%2fpasswd",
    "/a%5Cb",
    "/..%5c..%5cb",
    "/a%00.txt",
    "/C:/a",
    "/c%3A%5Ca",
    "/.git/config",
    "/a/.b",
  ])("leads %s nowhere", (path) => {
    expect(confine(WWW, urlPath(path))).toBeUndefined();
  });

  test("makes no path outside the root, whatever the names", () => {
    const name = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("..", ".", "", "a/..", "\\", "C:", "\0"),
    );
    fc.assert(
      fc.property(fc.array(name, { maxLength: 6 }), (names) => {
        const path = confine(WWW, rawPath(names));
        if (path === undefined) return;
        expect(join(path)).toBe(path);
        expect(isInside(WWW, path)).toBe(true);
      }),
    );
  });
});

describe("resolveRoot()", () => {
  let temp: TempRoot;
  beforeEach(() => {
    temp = makeTempRoot();
  });
  afterEach(() => temp.remove());

  test("resolves a slash at the end, a relative path, and a link", () => {
    symlinkSync(temp.root, join(temp.outside, "link"));
    for (const root of [
      temp.root,
      `${temp.root}/`,
      `${temp.root}/.`,
      relative(process.cwd(), temp.root),
      join(temp.outside, "link"),
      `${join(temp.outside, "link")}/`,
    ]) {
      expect<string>(resolveRoot(root).path).toBe(temp.root);
      expect(resolveRoot(root).prefix).toBe(`${temp.root}/`);
    }
  });

  test("resolves the current folder and the root of the disk", () => {
    expect<string>(resolveRoot(".").path).toBe(process.cwd());
    expect(resolveRoot("/")).toEqual(WHOLE_DISK);
  });

  test("says what is wrong with a root that can't be served", async () => {
    writeFileSync(temp.at("file"), "");
    symlinkSync("nowhere", temp.at("dangling"));
    expect(() => resolveRoot(temp.at("missing"))).toThrow(/there is no such folder/);
    expect(await storeErrorKind(() => resolveRoot(temp.at("missing")))).toBe("failed");
    expect(await storeErrorKind(() => resolveRoot(temp.at("dangling")))).toBe("failed");
    expect(await storeErrorKind(() => resolveRoot(temp.at("file")))).toBe("conflict");
    expect(await storeErrorKind(() => resolveRoot(""))).toBe("failed");
  });

  test.skipIf(process.platform !== "linux")(
    "refuses a path that is not UTF-8, since it can't be told from others",
    async () => {
      const raw = Buffer.concat([Buffer.from(`${temp.root}/`), Buffer.from([0xff])]);
      mkdirSync(raw);
      symlinkSync(raw, temp.at("link"));
      expect(await storeErrorKind(() => resolveRoot(temp.at("link")))).toBe("bad-name");
      mkdirSync(temp.at("\ufffd"));
      renameSync(temp.at("\ufffd"), temp.at("plain"));
      expect<string>(resolveRoot(temp.at("plain")).path).toBe(temp.at("plain"));
    },
  );
});
