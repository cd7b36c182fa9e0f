import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { DiskPath } from "../../src/store/confine.ts";
import type { HeldFolder } from "../../src/store/reach.ts";
import {
  recordName,
  type UnfinishedRecord,
  writeRecord,
  writeRecordDurably,
} from "../../src/store/unfinished-record.ts";
import { makeTempRoot } from "./temp-root.ts";

const RECORD = { names: ["a.txt"], note: {}, writtenBytes: 0 } as unknown as UnfinishedRecord;

describe.each([
  ["writeRecord()", async (root: HeldFolder) => writeRecord(root, "id", RECORD)],
  ["writeRecordDurably()", (root: HeldFolder) => writeRecordDurably(root, "id", RECORD)],
])("%s", (_name, write) => {
  test("leaves nothing when the record can't be given its name", async () => {
    const temp = makeTempRoot();
    const path = temp.root as DiskPath;
    const root: HeldFolder = {
      path,
      descriptor: undefined,
      at: (name) => join(path, name) as DiskPath,
      isInPlace: () => true,
      close: () => undefined,
    };
    // A folder with something in it gives way to no file.
    mkdirSync(join(path, recordName("id"), "sub"), { recursive: true });
    const before = readdirSync(path);
    let failure: unknown;
    await write(root).catch((error: unknown) => (failure = error));
    expect(failure).toBeInstanceOf(Error);
    expect(readdirSync(path)).toEqual(before);
    temp.remove();
  });
});
