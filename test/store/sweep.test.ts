import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { openDiskStore } from "../../src/store/disk.ts";
import {
  describeThisProcess,
  FOREIGN_PART_AGE_MS,
  isAbandoned,
  makePartName,
  parsePartName,
} from "../../src/store/part-name.ts";
import { sweepAbandonedUploads } from "../../src/store/sweep.ts";
import { makeTempRoot, type TempRoot, urlPath, WAYS } from "./temp-root.ts";

const HERE = describeThisProcess();
/** An id that no process has: beyond what Linux gives out. */
const NO_PID = 99_999_999;
const DEAD = makePartName({ ...HERE, pid: NO_PID });

describe("makePartName()", () => {
  test("gives hidden names, each another, that say whose they are", () => {
    expect(makePartName(HERE)).toMatch(/^\.netfile-[0-9a-z]+-\d+-\d+-[0-9a-f]{16}\.part$/);
    expect(makePartName(HERE)).not.toBe(makePartName(HERE));
    expect(parsePartName(makePartName(HERE))).toEqual(HERE);
  });
});

describe("parsePartName()", () => {
  test.each([
    "a.txt",
    ".netfile-.part",
    ".netfile-a-1-2-3.part.txt",
    "x.netfile-a-1-2-3.part",
    ".netfile-a-1-2-g.part",
    ".netfile-a-x-2-3.part",
    ".netfile-journal",
  ])("does not take %s for one", (name) => {
    expect(parsePartName(name)).toBeUndefined();
  });
});

describe("isAbandoned()", () => {
  test.each([
    ["this process", HERE, 1e12, false],
    ["a dead process", { ...HERE, pid: NO_PID }, 0, true],
    ["another process with the same id, earlier", { ...HERE, start: "1" }, 0, process.platform === "linux"],
    ["another machine, lately", { ...HERE, machine: "other" }, FOREIGN_PART_AGE_MS, false],
    ["another machine, long ago", { ...HERE, machine: "other" }, FOREIGN_PART_AGE_MS + 1, true],
    ["a process whose start can't be told, lately", { ...HERE, pid: process.ppid, start: "0" }, 0, false],
    [
      "a process whose start can't be told, long ago",
      { ...HERE, pid: process.ppid, start: "0" },
      FOREIGN_PART_AGE_MS + 1,
      true,
    ],
    ["this process, where its start can't be told", { ...HERE, start: "0" }, 1e12, false],
    ["the process 1, whoever it belongs to", { ...HERE, pid: 1, start: "0" }, 0, false],
  ])("of %s", (_, owner, idleMs, expected) => {
    expect(isAbandoned(owner, HERE, idleMs)).toBe(expected);
  });

  test.skipIf(process.platform !== "linux")(
    "takes a process for dead that only waits for its parent",
    async () => {
      // The shell becomes a `sleep` that never asks for its child, which so stays a zombie.
      const parent = Bun.spawn(["sh", "-c", "sleep 60 & echo $!; exec sleep 60"], { stdout: "pipe" });
      const { value } = await parent.stdout.getReader().read();
      const pid = Number(Buffer.from(value ?? []).toString());
      while (!(await readStat(parent.pid)).includes("(sleep)")) await Bun.sleep(1);
      process.kill(pid, "SIGKILL");
      while ((await readStat(pid)).split(") ")[1]?.[0] !== "Z") await Bun.sleep(1);
      const start = (await readStat(pid)).split(") ")[1]?.split(" ")[19];
      expect(isAbandoned({ ...HERE, pid, start: start ?? "" }, HERE, 0)).toBe(true);
      parent.kill();
      await parent.exited;
    },
  );
});

describe.each([...WAYS])("sweepAbandonedUploads() by the %s way", (way) => {
  let temp: TempRoot;
  beforeEach(() => {
    temp = makeTempRoot();
  });
  afterEach(() => temp.remove());

  test("removes what dead processes left, at any depth, and nothing else", async () => {
    const living = makePartName(HERE);
    const foreign = makePartName({ ...HERE, machine: "other" });
    for (const folder of ["", "a/", "a/b/c/", "empty/d/"]) temp.file(`${folder}${DEAD}`);
    for (const kept of [living, foreign, "a.txt", "a/.netfile-x.part", `a/${DEAD}.txt`]) temp.file(kept);
    temp.file(`.git/${DEAD}`);
    mkdirSync(temp.at(`a/b/${DEAD}`));
    expect(await sweepAbandonedUploads(temp.root, { way })).toBe(4);
    expect(temp.list()).toEqual([".git", living, foreign, "a", "a.txt", "empty"].sort());
    expect(temp.list("a")).toEqual([".netfile-x.part", `${DEAD}.txt`, "b"].sort());
    expect(temp.list("a/b/c")).toEqual([]);
    expect(temp.list("a/b")).toEqual([DEAD, "c"]);
    expect(temp.list(".git")).toEqual([DEAD]);
    expect(await sweepAbandonedUploads(temp.root, { way })).toBe(0);
  });

  test("removes what another machine left long ago", async () => {
    const foreign = makePartName({ ...HERE, machine: "other" });
    temp.file(foreign);
    const longAgo = (Date.now() - FOREIGN_PART_AGE_MS - 60_000) / 1_000;
    utimesSync(temp.at(foreign), longAgo, longAgo);
    expect(await sweepAbandonedUploads(temp.root, { way })).toBe(1);
  });

  test("follows no link, neither a folder's nor a file's", async () => {
    const outside = join(temp.outside, DEAD);
    await Bun.write(outside, "");
    symlinkSync(temp.outside, temp.at("folder"));
    symlinkSync(outside, temp.at(DEAD));
    expect(await sweepAbandonedUploads(temp.root, { way })).toBe(0);
    expect(readdirSync(temp.outside)).toContain(DEAD);
    expect(temp.list()).toEqual([DEAD, "folder"]);
  });

  test("leaves an upload alone that is going on", async () => {
    const upload = openDiskStore(temp.root, { way }).uploads?.begin(urlPath("/sub/a.txt"), {
      onExist: "refuse",
    });
    upload?.write(Buffer.from("x"));
    expect(await sweepAbandonedUploads(temp.root, { way })).toBe(0);
    await upload?.commit();
    expect(temp.list("sub")).toEqual(["a.txt"]);
  });

  test("looks into no more folders than it may, the near ones first", async () => {
    for (const folder of ["", "a/", "b/", "a/deep/"]) temp.file(`${folder}${DEAD}`);
    expect(await sweepAbandonedUploads(temp.root, { way, maxFolders: 3 })).toBe(3);
    expect(temp.list("a/deep")).toEqual([DEAD]);
  });

  test("does not reject when there is no root", async () => {
    expect(await sweepAbandonedUploads(temp.at("none"), { way })).toBe(0);
  });
});

async function readStat(pid: number): Promise<string> {
  return await Bun.file(`/proc/${pid}/stat`).text();
}
