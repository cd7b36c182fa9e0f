import { describe, expect, test } from "bun:test";
import { findTree, parseProcessStat, parseResidentBytes, readUsage } from "./process-usage.ts";

const STAT = "4242 (nginx) S 4000 4242 4242 0 -1 4194560 900 0 3 0 120 30 7 3 20 0 1 0 5000 11000000 1500";

describe("parseProcessStat()", () => {
  test("adds user and system time, of ended children too, in ms", () => {
    expect(parseProcessStat(STAT)).toEqual({ pid: 4242, parent: 4000, cpuMs: 1600 });
  });

  test("is not led astray by a name with spaces and parentheses", () => {
    expect(parseProcessStat(STAT.replace("(nginx)", "(a) S 1 (b)"))).toMatchObject({
      pid: 4242,
      parent: 4000,
    });
  });

  test.each(["", "4242", "4242 (nginx) S", "x (nginx) S 1"])("gives nothing for %p", (text) => {
    expect(parseProcessStat(text)).toBeUndefined();
  });
});

describe("parseResidentBytes()", () => {
  test("reads VmRSS", () => {
    expect(parseResidentBytes("VmHWM:\t  900 kB\nVmRSS:\t   100 kB\nThreads: 1\n")).toBe(102_400);
  });

  test("is 0 for a process that has ended", () => {
    expect(parseResidentBytes("Name:\tnginx\nState:\tZ (zombie)\n")).toBe(0);
  });
});

describe("findTree()", () => {
  test("finds children and their children, and nobody else", () => {
    const processes = [
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 3],
      [5, 1],
    ].map(([pid = 0, parent = 0]) => ({ pid, parent, cpuMs: 0 }));
    expect(findTree(2, processes).map(({ pid }) => pid)).toEqual([2, 3, 4]);
  });
});

describe.skipIf(process.platform !== "linux")("readUsage()", () => {
  test("sees this process", () => {
    const { cpuMs, memoryBytes } = readUsage(process.pid);
    expect(cpuMs).toBeGreaterThan(0);
    expect(memoryBytes).toBeGreaterThan(2 ** 20);
  });
});
