import { describe, expect, test } from "bun:test";
import { admit, extensionOf, isPlainFileName } from "../../src/site/access.ts";
import { DEFAULT_POLICY } from "../../src/site/policy.ts";
import { parseUrlPath } from "../../src/wire/target.ts";

describe("extensionOf()", () => {
  test.each([
    ["photo.jpg", "jpg"],
    ["PHOTO.JPG", "jpg"],
    ["a.tar.gz", "gz"],
    ["README", ""],
    [".env", ""],
    [".config.json", "json"],
    ["trailing.", ""],
    ["a.exe ", "exe "],
    ["a.txt:stream", "txt:stream"],
    ["", ""],
  ])("takes from %j %j", (name, extension) => {
    expect(extensionOf(name)).toBe(extension);
  });
});

describe("admit()", () => {
  test.each([
    ["/", "any"],
    ["/a.txt", "any"],
    ["/A.HTM", "any"],
    ["/sub/a.txt", "any"],
    ["/a.exe", "folder-or-forbidden"],
    ["/a.exe/", "folder-or-forbidden"],
    ["/a.exe%2f", "folder-or-forbidden"],
    ["/a.exe%00.txt", "any"],
    ["/a.txt%00.exe", "folder-or-forbidden"],
    ["/sub", "folder-or-missing"],
    ["/sub/", "folder-or-missing"],
    ["/.env", "folder-or-missing"],
    ["/a.txt/b", "folder-or-missing"],
  ] as const)("decides by the last name: %j is %s", (path, admission) => {
    expect(admit(parseUrlPath(path)!, DEFAULT_POLICY)).toBe(admission);
  });

  test("admits everything when the whitelist is lifted", () => {
    expect(admit(parseUrlPath("/a.exe")!, { ...DEFAULT_POLICY, allow: "all" })).toBe("any");
    expect(admit(parseUrlPath("/Makefile")!, { ...DEFAULT_POLICY, allow: "all" })).toBe("any");
  });
});

describe("isPlainFileName()", () => {
  test.each(["photo.jpg", "a b.txt", "żółw.txt", "a..txt", "😀.png", "-rf.txt", "ab:c.txt", ".env"])(
    "takes %j",
    (name) => {
      expect(isPlainFileName(name)).toBe(true);
    },
  );

  test.each([
    "",
    ".",
    "..",
    "../x.txt",
    "a/b.txt",
    "a/../../b",
    "\\..\\b",
    "C:\\x\\photo.jpg",
    "C:photo.jpg",
    "\\\\host\\share\\a.txt",
    "x\0.txt",
    "x\n.txt",
    "x\u0085.txt",
  ])("refuses %j", (name) => {
    expect(isPlainFileName(name)).toBe(false);
  });
});
