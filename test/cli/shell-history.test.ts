import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";

import { completeLine } from "../../src/cli/shell-completion.ts";
import type { CompletionSource } from "../../src/cli/shell-completion.ts";
import { ShellHistory } from "../../src/cli/shell-history.ts";
import { makeTemporaryFolder } from "../support/client-session.ts";
import type { TemporaryFolder } from "../support/client-session.ts";

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
});
afterEach(() => folder.remove());

describe("ShellHistory", () => {
  test("gives back what was said, the newest first", () => {
    const history = new ShellHistory(folder.path);
    expect(history.load()).toEqual([]);
    history.add("get a");
    history.add("get b");
    expect(new ShellHistory(folder.path).load()).toEqual(["get b", "get a"]);
  });

  test("is readable by its owner alone", () => {
    new ShellHistory(folder.path).add("get a");
    expect(statSync(folder.at("netfile/history")).mode & 0o777).toBe(0o600);
    expect(statSync(folder.at("netfile")).mode & 0o777).toBe(0o700);
  });

  test("keeps out empty lines, and those that begin with a space", () => {
    const history = new ShellHistory(folder.path);
    history.add("");
    history.add(" get secret");
    expect(history.load()).toEqual([]);
  });

  test("is cut when it gets long", () => {
    mkdirSync(folder.at("netfile"));
    writeFileSync(folder.at("netfile/history"), "get x\n".repeat(1001));
    expect(new ShellHistory(folder.path).load()).toHaveLength(500);
    expect(readFileSync(folder.at("netfile/history"), "utf8").split("\n")).toHaveLength(501);
  });

  test("is nothing without a home, or where nothing can be written", () => {
    const none = new ShellHistory(undefined);
    none.add("get a");
    expect(none.load()).toEqual([]);
    writeFileSync(folder.at("file"), "");
    const blocked = new ShellHistory(folder.at("file"));
    blocked.add("get a");
    expect(blocked.load()).toEqual([]);
  });
});

function source(): CompletionSource {
  return {
    folder: "/",
    localFolder: folder.path,
    entriesOf: async (path) =>
      path === "/sub/"
        ? [{ name: "deep.txt", kind: "file", sizeBytes: 1, modifiedMs: 0 }]
        : [
            { name: "sub", kind: "folder", sizeBytes: undefined, modifiedMs: 0 },
            { name: "a b.txt", kind: "file", sizeBytes: 1, modifiedMs: 0 },
            { name: "photo.jpg", kind: "file", sizeBytes: 1, modifiedMs: 0 },
            { name: "evil\u001b.txt", kind: "file", sizeBytes: 1, modifiedMs: 0 },
          ],
  };
}

describe("completeLine()", () => {
  test.each<[string, string[], string]>([
    ["g", ["get "], "g"],
    ["GE", ["get "], "GE"],
    ["get ph", ["photo.jpg"], "ph"],
    ["get ", ["sub/", "a\\ b.txt", "photo.jpg"], ""],
    ["get a", ["a\\ b.txt"], "a"],
    ["get a\\ b", ["a\\ b.txt"], "a\\ b"],
    ["ls s", ["sub/"], "s"],
    ["get sub/d", ["sub/deep.txt"], "sub/d"],
    ["get evil", [], "evil"],
    ["put ", ["here/", "mine.txt"], ""],
    ["put here/i", ["here/inner.txt"], "here/i"],
    ["get photo.jpg m", ["mine.txt"], "m"],
    ["put mine.txt s", ["sub/"], "s"],
    ["lcd h", ["here/"], "h"],
    ["put nowhere/x", [], "nowhere/x"],
    ["get 'a", ["'a b.txt'"], "'a"],
    ['get "a b', ['"a b.txt"'], '"a b'],
    ["get 's", ["'sub/"], "'s"],
    ["get 'sub/", ["'sub/deep.txt'"], "'sub/"],
    ["get 'a'\\ b", ["'a'\\ b.txt"], "'a'\\ b"],
    ["get -f ph", ["photo.jpg"], "ph"],
    ["get # a", [], ""],
  ])("completes %j", async (line, completions, part) => {
    mkdirSync(folder.at("here"));
    writeFileSync(folder.at("here/inner.txt"), "");
    writeFileSync(folder.at("mine.txt"), "");
    const [found, replaced] = await completeLine(line, source());
    expect(found.sort()).toEqual(completions.toSorted());
    expect(replaced).toBe(part);
  });
});
