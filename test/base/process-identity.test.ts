import { describe, expect, test } from "bun:test";
import { identifyThisProcess, isRunning } from "../../src/base/process-identity.ts";

const HERE = identifyThisProcess();
const isLinux = process.platform === "linux";

describe("identifyThisProcess()", () => {
  test.skipIf(!isLinux)("tells all there is to tell", () => {
    expect(HERE).toEqual({
      host: expect.stringMatching(/./),
      boot: expect.stringMatching(/^[0-9a-f-]{36}$/),
      namespace: expect.stringMatching(/^pid:\[\d+\]$/),
      pid: process.pid,
      start: expect.stringMatching(/^\d+$/),
    });
  });
});

describe("isRunning()", () => {
  test.each([
    ["this process", HERE.pid, HERE.start, true],
    ["an earlier one with the same number", HERE.pid, "1", !isLinux],
    ["one whose beginning nobody could tell", HERE.pid, "", true],
    ["a number that no process has", 99_999_999, "", false],
    ["a process of somebody else's", 1, "", true],
  ])("of %s", (_name, pid, start, expected) => {
    expect(isRunning(pid, start)).toBe(expected);
  });
});
