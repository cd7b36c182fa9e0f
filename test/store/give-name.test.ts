import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { MAX_NUMBERED_NAMES, numberName } from "../../src/store/give-name.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import { FAST_BASE, makeTempRoot, storeErrorKind, type TempRoot, urlPath } from "./temp-root.ts";

describe("numberName()", () => {
  test.each([
    ["photo.jpg", 1, "photo-1.jpg"],
    ["photo.jpg", 10_000, "photo-10000.jpg"],
    ["README", 2, "README-2"],
    ["a.tar.gz", 1, "a.tar-1.gz"],
    ["a.", 1, "a-1."],
    ["photo-1.jpg", 1, "photo-1-1.jpg"],
    ["🦊.png", 3, "🦊-3.png"],
    [`${"x".repeat(251)}.txt`, 1, `${"x".repeat(249)}-1.txt`],
    [`${"x".repeat(250)}.txt`, 10, `${"x".repeat(248)}-10.txt`],
    [`${"é".repeat(125)}.txt`, 1, `${"é".repeat(124)}-1.txt`],
    [`${"🦊".repeat(62)}.txt`, 1, `${"🦊".repeat(62)}-1.txt`],
    [`${"🦊".repeat(62)}.html`, 1, `${"🦊".repeat(62)}-1.html`],
    [`${"🦊".repeat(62)}.html`, 12, `${"🦊".repeat(61)}-12.html`],
    ["x".repeat(255), 1, `${"x".repeat(253)}-1`],
  ])("makes of %j and %d: %j", (name, number, expected) => {
    expect(numberName(name, number)).toBe(expected);
  });

  test("refuses a name that is nothing but extension", async () => {
    expect(await storeErrorKind(() => numberName(`a.${"x".repeat(253)}`, 1))).toBe("bad-name");
  });

  test("always fits into 255 bytes, is whole characters, and keeps the extension", () => {
    const stem = fc.string({ unit: "grapheme", minLength: 1, maxLength: 255 });
    fc.assert(
      fc.property(stem, fc.integer({ min: 1, max: MAX_NUMBERED_NAMES }), (text, number) => {
        const numbered = numberName(`x${text}.txt`, number);
        expect(Buffer.byteLength(numbered)).toBeLessThanOrEqual(255);
        expect(numbered.isWellFormed()).toBe(true);
        expect(numbered.endsWith(`-${number}.txt`)).toBe(true);
      }),
    );
  });
});

describe("giveName()", () => {
  let temp: TempRoot;
  beforeEach(() => {
    temp = makeTempRoot(FAST_BASE);
  });
  afterEach(() => temp.remove());

  test("rename gives up after as many names as it says", async () => {
    for (let number = 0; number <= MAX_NUMBERED_NAMES; number += 1) {
      writeFileSync(temp.at(number === 0 ? "a.txt" : numberName("a.txt", number)), "");
    }
    const uploads = openDiskStore(temp.root).uploads;
    expect(
      await storeErrorKind(() => uploads?.begin(urlPath("/a.txt"), { onExist: "rename" }).commit()),
    ).toBe("exists");
    expect(temp.list()).toHaveLength(MAX_NUMBERED_NAMES + 1);
  });
});
