import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { foldName, whyNotHeld, whyNotListed } from "../../src/client/held-name.ts";
import { LocalTree } from "../../src/client/local-tree.ts";
import { TransferError } from "../../src/client/transfer-error.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/client-session.ts";

let folder: TemporaryFolder;
let outside: TemporaryFolder;
let tree: LocalTree;
beforeEach(() => {
  folder = makeTemporaryFolder();
  outside = makeTemporaryFolder();
  tree = new LocalTree(folder.path, { make: false });
  writeFileSync(outside.at("precious.txt"), "precious");
  mkdirSync(folder.at("sub"));
  writeFileSync(folder.at("sub/a.txt"), "hello");
  symlinkSync(outside.path, folder.at("link"));
});
afterEach(() => {
  folder.remove();
  outside.remove();
});

describe("whyNotHeld()", () => {
  test.each([
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "/x",
    "C:x",
    "a\u0000",
    "x".repeat(256),
    "é".repeat(128),
    "\ud800",
  ])("refuses %p", (name) => expect(whyNotHeld(name, "linux")).toBeString());
  test.each(["a", "a b", "…", ".hidden", "nul.txt", "x".repeat(255), "\u001b[1A"])("takes %p", (name) => {
    expect(whyNotHeld(name, "linux")).toBeUndefined();
  });
  test.each(["nul.txt", "a.", "a ", "a:b", "a?", "COM1"])("refuses %p on Windows", (name) => {
    expect(whyNotHeld(name, "win32")).toBeString();
  });
  test.each([
    ["..", "would lead out"],
    ["a/b", "would lead out"],
    ["a\\b", "other systems read the name as a path"],
    ["c:x", "other systems read the name as a path"],
  ])("says of %p: %s", (name, reason) => expect(whyNotHeld(name)).toContain(reason));
  test.each([
    ["..%2fx", "would lead out"],
    ["a%5Cb/", "other systems read the name as a path"],
    ["./c:x", "other systems read the name as a path"],
    ["%zz", "not valid UTF-8"],
    ["\ufffd.txt", "not valid UTF-8"],
  ])("says of %p in a listing: %s", (name, reason) => expect(whyNotListed(name)).toContain(reason));
  test("folds names where the system does", () => {
    expect(foldName("A\u0308.TXT", "darwin")).toBe(foldName("ä.txt", "darwin"));
    expect(foldName("A", "linux")).toBe("A");
  });
});

describe("LocalTree", () => {
  test("looks at files, folders and links, and through none", () => {
    expect(tree.look(["sub", "a.txt"])).toMatchObject({ kind: "file", sizeBytes: 5 });
    expect(tree.look(["sub"])?.kind).toBe("folder");
    expect(tree.look(["link"])?.kind).toBe("other");
    expect(tree.look(["none", "a"])).toBeUndefined();
    expect(() => tree.look(["link", "precious.txt"])).toThrow('"link" is not a folder');
    expect(() => tree.look(["sub", "a.txt", "x"])).toThrow(TransferError);
  });

  test("CVE-2014-4877: makes no folder through a link", () => {
    expect(() => tree.makeFolder(["link", "new"])).toThrow("what is there is not a folder");
    expect(outside.names()).toEqual(["precious.txt"]);
  });

  test.each([[["..", "x"]], [["sub", "../../x"]], [["/etc"]], [["sub", ""]]])(
    "has no path for %j",
    (names) => {
      expect(() => tree.pathOf(names)).toThrow(TransferError);
      expect(() => tree.makeFolder(names)).toThrow(TransferError);
      expect(() => tree.removeFile(names)).toThrow(TransferError);
    },
  );

  test("makes folders as far as they are missing", () => {
    tree.makeFolder(["sub", "x", "y"]);
    tree.makeFolder(["sub", "x", "y"]);
    expect(lstatSync(folder.at("sub/x/y")).isDirectory()).toBe(true);
  });

  test("removes a link, and not what it leads to", () => {
    tree.removeFile(["link"]);
    expect(existsSync(folder.at("link"))).toBe(false);
    expect(readFileSync(outside.at("precious.txt"), "utf8")).toBe("precious");
    tree.removeFile(["link"]);
  });

  test("removes nothing through a link", () => {
    expect(() => tree.removeFile(["link", "precious.txt"])).toThrow(TransferError);
    expect(tree.removeFolder(["link"])).toBe(false);
    expect(outside.names()).toEqual(["precious.txt"]);
  });

  test("removes a folder only when it is empty, and never the root", () => {
    expect(tree.removeFolder(["sub"])).toBe(false);
    tree.removeFile(["sub", "a.txt"]);
    expect(tree.removeFolder(["sub"])).toBe(true);
    tree.removeFile(["link"]);
    expect(tree.removeFolder([])).toBe(false);
    expect(existsSync(folder.path)).toBe(true);
  });

  test("is made when asked, and empty when it isn't there", () => {
    const missing = new LocalTree(folder.at("new/deep"), { make: false });
    expect([missing.look([]), missing.look(["a"]), missing.list([]).names]).toEqual([
      undefined,
      undefined,
      [],
    ]);
    expect(new LocalTree(folder.at("new/deep"), { make: true }).look([])?.kind).toBe("folder");
  });

  test.each(["", "sub/a.txt", "sub/a.txt/x"])("refuses %p as its root", (path) => {
    expect(() => new LocalTree(path === "" ? "" : folder.at(path), { make: true })).toThrow(TransferError);
  });

  test("may be reached by a link itself: that is the user's choice", () => {
    expect(new LocalTree(folder.at("link"), { make: true }).list([]).names).toEqual(["precious.txt"]);
  });
});
