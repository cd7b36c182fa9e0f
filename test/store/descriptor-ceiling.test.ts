import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDiskStore } from "../../src/store/disk.ts";
import { makeTempRoot, openPaths, storeErrorKind, type TempRoot, urlPath } from "./temp-root.ts";

/** Nothing gets a number below it: 0 to 2 are taken. */
const NONE = 3;
const MANY = 1_000_000;
const REFUSE = { onExist: "refuse" } as const;

/** The number after that which the next descriptor gets: there is room for one, and no more. */
function secondFree(): number {
  const [first, second] = [openSync("/dev/null", "r"), openSync("/dev/null", "r")];
  closeSync(first);
  closeSync(second);
  return second;
}

describe.skipIf(process.platform !== "linux")("a store with a ceiling of descriptors", () => {
  let temp: TempRoot;
  beforeEach(() => {
    temp = makeTempRoot();
    writeFileSync(join(temp.root, "a.txt"), "alpha");
  });
  afterEach(() => temp.remove());

  test("is busy above it, and keeps no descriptor", async () => {
    const store = openDiskStore(temp.root, { descriptorCeiling: NONE });
    const before = readdirSync("/proc/self/fd").length;
    expect(await storeErrorKind(() => store.find(urlPath("/a.txt")))).toBe("busy");
    expect(await storeErrorKind(() => store.folder(urlPath("/")))).toBe("busy");
    expect(await storeErrorKind(() => store.uploads?.begin(urlPath("/b.txt"), REFUSE))).toBe("busy");
    expect(readdirSync("/proc/self/fd")).toHaveLength(before);
    expect(readdirSync(temp.root)).toEqual(["a.txt"]);
  });

  test("keeps none either when it is reached on the way to an unfinished upload", async () => {
    const made = openDiskStore(temp.root).unfinished?.create(urlPath("/b.txt"), REFUSE, {});
    made?.close();
    const names = readdirSync(temp.root);
    const { unfinished } = openDiskStore(temp.root, { descriptorCeiling: secondFree() });
    expect(await storeErrorKind(() => unfinished?.create(urlPath("/c.txt"), REFUSE, {}))).toBe("busy");
    expect(await storeErrorKind(() => unfinished?.find(made?.token ?? ""))).toBe("busy");
    expect(openPaths()).not.toContain(temp.root);
    expect(readdirSync(temp.root)).toEqual(names);
  });

  test("serves below it", () => {
    const found = openDiskStore(temp.root, { descriptorCeiling: MANY }).find(urlPath("/a.txt"));
    expect(found?.kind).toBe("file");
    if (found?.kind === "file") found.file.close();
  });
});
