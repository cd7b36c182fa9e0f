import { describe, expect, test } from "bun:test";
import { FolderSyncs, keepNames } from "../../src/client/folder-syncs.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

// What reaches the disk, and when, is seen from outside: test/binary/mirror.test.ts.
describe("FolderSyncs", () => {
  test("ends well with folders that are there, gone, or more than may wait", async () => {
    using folder = new ScratchFolder({ "a/x.txt": "x" });
    const syncs = new FolderSyncs();
    syncs.add(folder.at("a"));
    for (let count = 0; count < 20; count += 1) syncs.add(folder.at(`missing-${count}`));
    expect(await syncs.finish()).toBeUndefined();
    expect(await syncs.finish()).toBeUndefined();
  });
});

describe("keepNames()", () => {
  test("is content with a file system that has no such thing", async () => {
    expect(await keepNames("/proc/self")).toBeUndefined();
  });
});
