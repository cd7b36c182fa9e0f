import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { compareCodePoints, orderNames, sortNames } from "../../src/site/listing-order.ts";
import { DEFAULT_POLICY } from "../../src/site/policy.ts";
import { countTurns } from "../support/count-turns.ts";
import type { Entry, EntryName, Folder } from "../../src/store/store.ts";

setDefaultTimeout(60_000);

describe("compareCodePoints()", () => {
  test.each([
    ["a", "b"],
    ["B", "a"],
    ["", "a"],
    ["a", "aa"],
    ["a10", "a9"],
    ["z", "é"],
    ["\uffff", "😀"],
    ["\ue000", "😀"],
    ["\ud7ff", "\ue000"],
    ["😀", "😁"],
  ])("puts %j before %j, as their UTF-8 does", (a, b) => {
    expect(compareCodePoints(a, b)).toBeLessThan(0);
    expect(compareCodePoints(b, a)).toBeGreaterThan(0);
    expect(Buffer.compare(Buffer.from(a), Buffer.from(b))).toBe(-1);
    expect(compareCodePoints(a, a)).toBe(0);
  });
});

function bytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

describe("sortNames()", () => {
  test.each([0, 1, 49_999, 50_000, 50_001, 100_001])("sorts %i names", async (count) => {
    const names = Array.from({ length: count }, (_, index) => ((index * 7919) % 100_003).toString(36));
    expect(await sortNames(names)).toEqual(names.toSorted(bytewise));
  });

  test.each([4, 8_000, 8_001, 16_001])("sorts %i names beyond the order of UTF-16", async (count) => {
    const starts = ["\uffff", "😀", "a", "\ue000"];
    const names = Array.from(
      { length: count },
      (_, index) => `${starts[index % 4]}${(index * 7919) % 100_003}`,
    );
    expect(await sortNames(names)).toEqual(names.toSorted(bytewise));
  });

  test("lets others be served in between", async () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `${index % 977}-${index}`);
    const { turns } = await countTurns(() => sortNames(names));
    expect(turns).toBeGreaterThan(2);
  });
});

describe("orderNames()", () => {
  test("follows links to know what they are, and hides what the whitelist does", async () => {
    const measured: Readonly<Record<string, Entry | undefined>> = {
      "to-folder": { kind: "folder", name: "to-folder", modifiedMs: 0 },
      "to-file.txt": { kind: "file", name: "to-file.txt", sizeBytes: 1, modifiedMs: 0 },
      "to-file.exe": { kind: "file", name: "to-file.exe", sizeBytes: 1, modifiedMs: 0 },
    };
    const names: readonly EntryName[] = [
      { kind: "file", name: "b.txt" },
      { kind: "file", name: "b.exe" },
      { kind: "file", name: "README" },
      { kind: "folder", name: "z.exe" },
      ...["to-folder", "to-file.txt", "to-file.exe", "dangling.txt"].map((name) => ({
        kind: "link" as const,
        name,
      })),
    ];
    const folder: Folder = {
      names: async () => names,
      measure: (name) => measured[name],
      close: () => undefined,
    };
    expect(await orderNames(folder, DEFAULT_POLICY)).toEqual({
      folders: ["to-folder", "z.exe"],
      files: ["b.txt", "to-file.txt"],
    });
  });
});
