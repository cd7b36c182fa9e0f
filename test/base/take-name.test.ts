import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { takeName, takeNameWithoutLinks } from "../../src/base/take-name.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/client-session.ts";

describe.each([
  ["takeName()", takeName],
  ["takeNameWithoutLinks()", takeNameWithoutLinks],
])("%s", (_, take) => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = makeTemporaryFolder();
    writeFileSync(folder.at("from"), "new");
  });
  afterEach(() => folder.remove());

  test("renames when the name is free", () => {
    expect(take(folder.at("from"), folder.at("to"))).toBe(true);
    expect(folder.names()).toEqual(["to"]);
    expect([readFileSync(folder.at("to"), "utf8"), statSync(folder.at("to")).nlink]).toEqual(["new", 1]);
  });

  test.each([
    ["a file", (path: string) => writeFileSync(path, "old")],
    ["a folder", (path: string) => mkdirSync(path)],
    ["a link that leads nowhere", (path: string) => symlinkSync("nowhere", path)],
  ])("leaves both as they were when %s has the name", (_kind, make) => {
    make(folder.at("to"));
    expect(take(folder.at("from"), folder.at("to"))).toBe(false);
    expect(folder.names()).toEqual(["from", "to"]);
    expect(readFileSync(folder.at("from"), "utf8")).toBe("new");
    rmSync(folder.at("to"), { recursive: true });
    expect(take(folder.at("from"), folder.at("to"))).toBe(true);
  });

  test("leaves no empty file behind when the file is gone", () => {
    rmSync(folder.at("from"));
    expect(() => take(folder.at("from"), folder.at("to"))).toThrow("ENOENT");
    expect(folder.names()).toEqual([]);
  });

  test("fails where there is no folder", () => {
    expect(() => take(folder.at("from"), folder.at("none/to"))).toThrow("ENOENT");
    expect(folder.names()).toEqual(["from"]);
  });
});
