import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, constants, mkdirSync, openSync, symlinkSync, truncateSync, utimesSync } from "node:fs";
import { measureIn } from "../../src/store/file-calls.ts";
import { entryOf, type FolderCalls, folderCalls, type RawName } from "../../src/store/folder-calls.ts";
import type { Entry } from "../../src/store/store.ts";
import { FAST_BASE, makeSpecial, makeTempRoot, type TempRoot } from "./temp-root.ts";

function measure(descriptor: number, name: string): Entry | undefined {
  const measured = measureIn(descriptor, name);
  return measured && entryOf(name, measured);
}

describe.skipIf(process.platform !== "linux")("folderCalls()", () => {
  let temp: TempRoot;
  let descriptor: number;
  let calls: FolderCalls;
  beforeEach(() => {
    temp = makeTempRoot(FAST_BASE);
    descriptor = openSync(temp.root, constants.O_RDONLY | constants.O_DIRECTORY);
    calls = folderCalls()!;
  });
  afterEach(() => {
    closeSync(descriptor);
    temp.remove();
  });

  function readAll(): RawName[] {
    const all: RawName[] = [];
    for (;;) {
      const found = calls.readNames(descriptor);
      if (found === "end") return all;
      if (found === undefined) throw new Error("The system refuses");
      all.push(...found);
    }
  }

  test("reads every name of a long folder once, in several pieces", () => {
    const names = Array.from({ length: 3_000 }, (_, index) => `${index}-${"é".repeat(index % 100)}.txt`);
    for (const name of names) temp.file(name, "");
    const first = calls.readNames(descriptor);
    expect(first).toBeArray();
    const rest = readAll();
    expect(rest.length).toBeGreaterThan(0);
    const all = [...(first as RawName[]), ...rest].map(({ name }) => name);
    expect(all.toSorted()).toEqual(names.toSorted());
  });

  test("tells kinds, and gives names of any length and script", () => {
    const long = "x".repeat(255);
    temp.file(long);
    temp.file("日本語 🦊.txt");
    mkdirSync(temp.at("folder"));
    symlinkSync("nowhere", temp.at("link"));
    makeSpecial("mkfifo", temp.at("fifo"));
    expect(readAll().toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { kind: "other", name: "fifo" },
      { kind: "folder", name: "folder" },
      { kind: "link", name: "link" },
      { kind: "file", name: long },
      { kind: "file", name: "日本語 🦊.txt" },
    ]);
  });

  test("measures files and folders, beyond 4 GiB and before 1970 as well", () => {
    truncateSync(temp.file("large.bin"), 5 * 2 ** 30 + 7);
    // `utimesSync` takes no time before 1970.
    Bun.spawnSync(["touch", "-d", "@-1.5", temp.at("large.bin")]);
    mkdirSync(temp.at("日本語"));
    utimesSync(temp.at("日本語"), 0, 5_000_000_000.25);
    expect(measure(descriptor, "large.bin")).toEqual({
      kind: "file",
      name: "large.bin",
      sizeBytes: 5 * 2 ** 30 + 7,
      modifiedMs: -1_500,
    });
    expect(measure(descriptor, "日本語")).toEqual({
      kind: "folder",
      name: "日本語",
      modifiedMs: 5_000_000_000_250,
    });
  });

  test("leaves links, what is neither, what is missing and too long names to others", () => {
    symlinkSync(temp.file("a.txt"), temp.at("link"));
    makeSpecial("mkfifo", temp.at("fifo"));
    for (const name of ["link", "fifo", "missing", "x".repeat(256), "é".repeat(128)]) {
      expect(measure(descriptor, name)).toBeUndefined();
    }
  });

  test("is refused what is no folder", () => {
    const file = openSync(temp.file("a.txt"), "r");
    expect(calls.readNames(file)).toBeUndefined();
    expect(measure(file, "a.txt")).toBeUndefined();
    closeSync(file);
  });

  test("measures the right name after any number of calls, with garbage collected in between", () => {
    for (let index = 0; index < 200; index += 1) temp.file(`${index}.txt`, "x".repeat(index));
    for (let round = 0; round < 200; round += 1) {
      for (let index = 0; index < 200; index += 1) {
        const entry = measure(descriptor, `${index}.txt`);
        if (entry?.kind !== "file" || entry.sizeBytes !== index)
          throw new Error(`${index}: ${JSON.stringify(entry)}`);
      }
      if (round % 20 === 0) Bun.gc(true);
    }
  });
});
