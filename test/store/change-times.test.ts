import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, fstatSync, openSync, statSync, writeSync } from "node:fs";
import { learnStamping, stampsApart, unprovenMs } from "../../src/store/change-times.ts";
import { measureOpen } from "../../src/store/file-calls.ts";
import { SETTLING_MS } from "../../src/store/store.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

describe("stampsApart()", () => {
  test.each([
    ["each change has another time", [1, 2, 3, 4], 0, true],
    ["two share one", [1, 2, 2, 3], 0, false],
    ["all have that of the last tick", [1, 1, 1, 1], 0, false],
    ["a tick came between", [1, 1, 2, 2], 0, false],
    ["they took long enough for a tick after each", [1, 2, 3, 4], 0.5, undefined],
  ])("%s", (_name, times, msEach, expected) => {
    const left = [...times];
    let nowMs = 0;
    const change = () => {
      nowMs += msEach;
      return String(left.shift());
    };
    expect(stampsApart(change, { monotonicMs: () => nowMs })).toBe(expected);
  });
});

describe("learnStamping()", () => {
  let folder: ScratchFolder;
  let fd: number;
  beforeEach(() => {
    folder = new ScratchFolder();
    fd = openSync(folder.at("a"), "w", 0o640);
  });
  afterEach(() => {
    closeSync(fd);
    folder[Symbol.dispose]();
  });

  test("makes a version proof at once only where no two changes share a time", () => {
    const before = fstatSync(fd).mode;
    learnStamping(fd, measureOpen(fd), folder.path);
    const times = Array.from({ length: 200 }, () => {
      writeSync(fd, "x", 0);
      const measured = measureOpen(fd);
      const isProof = unprovenMs(measured, measured.changedS * 1000 + measured.changedNs / 1e6) === 0;
      return { isProof, at: `${measured.changedS}.${measured.changedNs}` };
    });
    if (times.some(({ isProof }) => isProof)) expect(new Set(times.map(({ at }) => at)).size).toBe(200);
    else expect(times.every(({ isProof }) => !isProof)).toBe(true);
    expect(statSync(folder.at("a")).mode).toBe(before);
  });

  test("says nothing of a disk that can't be asked, or was not", () => {
    const device = 123_456_789;
    const measured = { ...measureOpen(fd), device };
    const nowMs = measured.changedS * 1000 + Math.floor(measured.changedNs / 1e6);
    expect(unprovenMs(measured, nowMs)).toBe(SETTLING_MS);
    learnStamping(fd, measured, folder.at("missing"));
    expect(unprovenMs(measured, nowMs)).toBe(SETTLING_MS);
  });
});
