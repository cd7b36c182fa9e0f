import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { EVERYBODY, Portions } from "../../src/base/portions.ts";
import { orderNames, sortNames } from "../../src/site/listing-order.ts";
import { DEFAULT_POLICY } from "../../src/site/policy.ts";
import { countTurns } from "../support/count-turns.ts";
import type { Entry, EntryName, Folder } from "../../src/store/store.ts";

setDefaultTimeout(60_000);

describe("sortNames()", () => {
  test.each([
    [
      ["b", "A", "a", "C"],
      ["A", "a", "b", "C"],
    ],
    [
      ["a10.txt", "a9.txt", "a009.txt", "a1b.txt", "a.txt"],
      ["a.txt", "a1b.txt", "a009.txt", "a9.txt", "a10.txt"],
    ],
    [
      ["1.10", "1.9", "1.9.1", "2", "0", "00"],
      ["0", "00", "1.9", "1.9.1", "1.10", "2"],
    ],
    [
      ["z", "é", "e", "f", "ß", "Ä"],
      ["Ä", "e", "é", "f", "z", "ß"],
    ],
    [
      ["_", "a", "0", "-", "~"],
      ["-", "0", "_", "a", "~"],
    ],
    [
      ["img12", "img2", "IMG10", "img1"],
      ["img1", "img2", "IMG10", "img12"],
    ],
    [
      ["😀", "\uffff", "a", "a b", "a-b", "a.b"],
      ["a", "a b", "a-b", "a.b", "😀", "\uffff"],
    ],
    [
      ["9".repeat(200), "1".repeat(201)],
      ["9".repeat(200), "1".repeat(201)],
    ],
    [
      ["", "0"],
      ["", "0"],
    ],
  ])("sorts %j as people look for them", async (names, sorted) => {
    expect(await sortNames(names, new Portions(EVERYBODY))).toEqual(sorted);
    expect(await sortNames(names.toReversed(), new Portions(EVERYBODY))).toEqual(sorted);
  });

  test.each([0, 1, 16_000, 16_001, 50_000, 50_001, 100_001])(
    "sorts %i numbers by their value",
    async (count) => {
      const names = Array.from({ length: count }, (_, index) => String((index * 7919) % 100_003));
      expect(await sortNames(names, new Portions(EVERYBODY))).toEqual(
        names.toSorted((a, b) => Number(a) - Number(b)),
      );
    },
  );

  test("lets others be served in between", async () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `${index % 977}-${index}`);
    const { turns } = await countTurns(() => sortNames(names, new Portions(EVERYBODY)));
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
      names: async function* () {
        yield names;
      },
      measure: (name) => measured[name],
      close: () => undefined,
    };
    expect(
      await orderNames(folder, DEFAULT_POLICY, {
        portions: new Portions(EVERYBODY),
        becomeLong: () => Promise.reject(new Error("It is short")),
      }),
    ).toEqual({
      folders: ["to-folder", "z.exe"],
      files: ["b.txt", "to-file.txt"],
    });
  });
});
