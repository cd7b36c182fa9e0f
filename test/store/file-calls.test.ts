import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import type { DiskPath } from "../../src/store/confine.ts";
import { holdWithoutLinks, measureAt, measureName, measureOpen } from "../../src/store/file-calls.ts";
import { isLink, type Measurement, measurementOf } from "../../src/store/measurement.ts";
import { makeTempRoot, type TempRoot } from "./temp-root.ts";

/** Where the kernel knows `openat2(2)`: Linux 5.6. */
const root = holdWithoutLinks("/" as DiskPath, 0);
if (root !== undefined) closeSync(root);
const BIGINT = { bigint: true } as const;

let temp: TempRoot;
beforeEach(() => {
  temp = makeTempRoot();
});
afterEach(() => temp.remove());

function at(path: string): DiskPath {
  return join(temp.root, path) as DiskPath;
}

function statsAt(path: string): Measurement {
  return measurementOf(statSync(temp.at(path), BIGINT));
}

/** What it holds, measured and let go. */
function heldAt(path: string, flags = 0): Measurement | undefined {
  const descriptor = holdWithoutLinks(at(path), flags);
  if (descriptor === undefined) return undefined;
  try {
    const measured = measureOpen(descriptor);
    expect(measured).toEqual(measurementOf(fstatSync(descriptor, BIGINT)));
    return measured;
  } finally {
    closeSync(descriptor);
  }
}

describe("measureAt()", () => {
  test("tells what the runtime's stat does: of files, folders, links, several names", () => {
    temp.file("a.txt", "content");
    mkdirSync(temp.at("folder"));
    symlinkSync("a.txt", temp.at("link"));
    linkSync(temp.at("a.txt"), temp.at("second"));
    temp.file("日本語 🦊.txt", "x");
    for (const path of ["a.txt", "folder", "link", "second", "日本語 🦊.txt"])
      expect(measureAt(at(path))).toEqual(statsAt(path));
    expect(measureAt(at("a.txt"))?.nameCount).toBe(2);
  });

  test("tells sizes beyond 4 GiB and times before 1970", () => {
    truncateSync(temp.file("large.bin"), 5 * 2 ** 30 + 7);
    // `utimesSync` takes no time before 1970.
    Bun.spawnSync(["touch", "-d", "@-1.5", temp.at("large.bin")]);
    const measured = measureAt(at("large.bin"));
    expect(measured).toEqual(statsAt("large.bin"));
    expect(measured).toMatchObject({ sizeBytes: 5 * 2 ** 30 + 7, modifiedS: -2, modifiedNs: 500_000_000 });
  });

  test.each([
    ["nothing", "none.txt"],
    ["a link to nothing", "dangling"],
    ["a link to itself", "loop"],
    ["a name below a file", "a.txt/b.txt"],
    ["a name that is too long", "x".repeat(256)],
    ["a path that is too long", "x/".repeat(3000)],
  ])("finds nothing at %s", (_, path) => {
    temp.file("a.txt");
    symlinkSync("nowhere", temp.at("dangling"));
    symlinkSync("loop", temp.at("loop"));
    expect(measureAt(at(path))).toBeUndefined();
  });
});

describe("measureName()", () => {
  test("tells what the runtime's lstat does, a link as a link", () => {
    temp.file("a.txt", "content");
    mkdirSync(temp.at("folder"));
    symlinkSync("a.txt", temp.at("link"));
    symlinkSync("none", temp.at("dangling"));
    for (const path of ["a.txt", "folder", "link", "dangling"]) {
      const measured = measureName(at(path))!;
      expect(measured).toEqual(measurementOf(lstatSync(temp.at(path), BIGINT)));
      expect(isLink(measured)).toBe(path === "link" || path === "dangling");
    }
  });

  test("tells that nothing is there, and why it can't be known", () => {
    expect(measureName(at("none.txt"))).toBeUndefined();
    expect(() => measureName(at("x".repeat(256)))).toThrow("ENAMETOOLONG");
  });
});

describe.skipIf(root === undefined)("holdWithoutLinks()", () => {
  test("takes hold of files and folders, in folders too", () => {
    temp.file("a.txt", "content");
    temp.file("one/two/日本語.txt", "deep");
    for (const path of ["a.txt", "one", "one/two/日本語.txt"]) expect(heldAt(path)).toEqual(statsAt(path));
    expect(heldAt("one", constants.O_DIRECTORY)).toEqual(statsAt("one"));
  });

  test("opens nothing, and does not pass its descriptor on to other programs", () => {
    temp.file("a.txt", "content");
    const descriptor = holdWithoutLinks(at("a.txt"), 0)!;
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
    expect(() => readFileSync(descriptor)).toThrow(/EBADF/);
    closeSync(descriptor);
    // O_PATH and O_CLOEXEC.
    expect(Number.parseInt(/flags:\s+0(\d+)/.exec(info)?.[1] ?? "", 8)).toBe(0o12000000);
  });

  test.each([
    ["a link to a file", "link.txt", 0],
    ["a file by way of a link to a folder", "way/a.txt", 0],
    ["a link that leads out", "out.txt", 0],
    ["a link to a folder", "way", constants.O_DIRECTORY],
    ["a file where a folder is wanted", "a.txt", constants.O_DIRECTORY],
    ["nothing", "none.txt", 0],
    ["a name below a file", "a.txt/b.txt", 0],
    ["a path that is too long", `${"x/".repeat(3000)}a.txt`, 0],
  ])("leaves %s to others", (_, path, flags) => {
    temp.file("folder/a.txt", "content");
    temp.file("a.txt", "content");
    symlinkSync("folder", temp.at("way"));
    symlinkSync("a.txt", temp.at("link.txt"));
    symlinkSync(join(temp.outside, "secret.txt"), temp.at("out.txt"));
    expect(heldAt(path, flags)).toBeUndefined();
  });

  test("never gives what lies behind a folder that is swapped for a link, and leaks no descriptor", () => {
    temp.file("folder/secret.txt", "inside");
    symlinkSync(temp.outside, temp.at("other"));
    const inside = statsAt("folder/secret.txt");
    const before = readdirSync("/proc/self/fd").length;
    for (let count = 0; count < 2000; count++) {
      renameSync(temp.at("folder"), temp.at("aside"));
      renameSync(temp.at("other"), temp.at("folder"));
      expect(heldAt("folder/secret.txt")).toBeUndefined();
      renameSync(temp.at("folder"), temp.at("other"));
      renameSync(temp.at("aside"), temp.at("folder"));
      expect(heldAt("folder/secret.txt")).toEqual(inside);
    }
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });
});
