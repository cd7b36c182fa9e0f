import { afterEach, describe, expect, test } from "bun:test";
import { appendFileSync } from "node:fs";
import { hearSocket, runLater } from "../../src/base/turn.ts";
import { diskChanges } from "../../src/store/changes.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import { parseUrlPath } from "../../src/wire/target.ts";
import { makeTempRoot, type TempRoot } from "./temp-root.ts";

let root: TempRoot | undefined;

afterEach(() => {
  root?.remove();
  root = undefined;
});

/** A folder with two files, both looked at. */
async function setUp(): Promise<TempRoot> {
  const made = (root = makeTempRoot());
  const store = openDiskStore(made.root);
  for (const name of ["a.txt", "b.txt"]) {
    made.file(name, name);
    const found = store.find(parseUrlPath(`/${name}`)!);
    if (found?.kind === "file") found.file.isCurrent?.();
    if (found?.kind === "file") found.file.close();
  }
  await nextTurn();
  return made;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

describe.skipIf(process.platform !== "linux")("diskChanges", () => {
  test("tells which file's content was changed, whatever its times say", async () => {
    const folder = await setUp();
    const mark = diskChanges.watchMark;
    appendFileSync(folder.at("a.txt"), "more");
    await nextTurn();
    expect(diskChanges.watchMark).toBeGreaterThan(mark);
    const [a, b] = ["a.txt", "b.txt"].map((name) => diskChanges.wasModified(folder.at(name) as never, mark));
    expect([a, b]).toEqual([true, false]);
    expect(diskChanges.wasModified(folder.at("a.txt") as never, diskChanges.watchMark)).toBe(false);
  });

  test("looks again when sockets are heard after what was put off has run", async () => {
    const folder = await setUp();
    const marks = await new Promise<number[]>((resolve) => {
      runLater(() => {
        const before = diskChanges.watchMark;
        appendFileSync(folder.at("a.txt"), "more");
        const inTheSameTurn = diskChanges.watchMark;
        hearSocket();
        resolve([before, inTheSameTurn, diskChanges.watchMark]);
      });
    });
    expect(marks[1]).toBe(marks[0]);
    expect(marks[2]).toBeGreaterThan(marks[0] ?? Number.NaN);
  });
});
