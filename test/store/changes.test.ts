import { afterEach, describe, expect, test } from "bun:test";
import { appendFileSync, readdirSync, readFileSync, renameSync } from "node:fs";
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
  for (const name of ["a.txt", "b.txt"]) lookAt(made, name);
  await nextTurn();
  return made;
}

/** Makes the file, and looks at it in the store of the folder `served`. */
function lookAt(made: TempRoot, path: string, served = ""): void {
  made.file(path, path);
  const found = openDiskStore(made.at(served)).find(
    parseUrlPath(path.slice(served.length).replace(/^\/?/, "/"))!,
  );
  if (found?.kind !== "file") throw new Error("not found");
  found.file.isCurrent?.();
  found.file.close();
}

/** How many folders the kernel watches for this process. */
function countWatches(): number {
  const texts = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
    } catch {
      // That of the folder itself, closed by now.
      return "";
    }
  });
  return texts.join("").match(/^inotify /gm)?.length ?? 0;
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

  test("watches a folder that was moved no more, nor those below", async () => {
    const folder = await setUp();
    const count = countWatches();
    for (const path of ["dir/c.txt", "dir/sub/d.txt"]) lookAt(folder, path);
    expect(countWatches()).toBe(count + 2);
    await nextTurn();
    renameSync(folder.at("dir"), `${folder.outside}/dir`);
    await nextTurn();
    lookAt(folder, "a.txt");
    expect(countWatches()).toBe(count);
  });

  test("watches what has come in the place of a folder, and no more what was there", async () => {
    const folder = await setUp();
    lookAt(folder, "above/root/c.txt", "above/root");
    const count = countWatches();
    renameSync(folder.at("above"), folder.at("moved"));
    for (const mark = diskChanges.doubtMark; diskChanges.doubtMark === mark;) await Bun.sleep(10);
    lookAt(folder, "above/root/c.txt", "above/root");
    expect(countWatches()).toBe(count);
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
