import { describe, expect, test } from "bun:test";
import { closeSync, openSync, statSync } from "node:fs";
import { rightsIn, takeOverRights } from "../../src/base/file-rights.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

describe.skipIf(process.platform === "win32")("takeOverRights()", () => {
  test("gives a path or a descriptor the rights, and never those of somebody else", () => {
    using folder = new ScratchFolder({ "a.txt": "a" });
    const path = folder.at("a.txt");
    const fd = openSync(path, "r");
    for (const file of [path, fd]) {
      for (const mode of [0o100600, 0o104755, 0o102711]) {
        takeOverRights(file, mode);
        expect(statSync(path).mode & 0o7777).toBe(rightsIn(mode));
      }
    }
    closeSync(fd);
    expect(rightsIn(0o106755)).toBe(0o755);
  });

  test("throws when there is no such file", () => {
    using folder = new ScratchFolder();
    expect(() => takeOverRights(folder.at("missing"), 0o600)).toThrow("ENOENT");
  });

  test.skipIf(process.platform !== "linux")(
    "is content with file systems that have no rights to give",
    () => {
      // As FAT, /proc answers EPERM, to root too.
      takeOverRights("/proc/self/stat", 0o600);
    },
  );
});
