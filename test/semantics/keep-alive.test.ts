import { describe, expect, test } from "bun:test";
import { formatKeepAlive, parseKeepAliveTimeout } from "../../src/semantics/keep-alive.ts";

describe("parseKeepAliveTimeout()", () => {
  test.each([
    ["timeout=5", 5000],
    ["timeout=5, max=100", 5000],
    ["max=100,timeout=15", 15_000],
    ["Timeout=1", 1000],
    ["timeout=0", 0],
    [`timeout=${"9".repeat(400)}`, 2_147_483_647],
    ["timeout=x, timeout=3", 3000],
  ])("reads %p", (value, ms) => {
    expect(parseKeepAliveTimeout(value)).toBe(ms);
  });

  test.each([
    undefined,
    "",
    "300",
    "max=100",
    "timeout",
    "timeout=",
    "timeout=-1",
    "timeout=1.5",
    "timeout = 5",
    "xtimeout=5",
  ])("finds no time in %p", (value) => {
    expect(parseKeepAliveTimeout(value)).toBeUndefined();
  });
});

describe("formatKeepAlive()", () => {
  test.each([
    [5000, "timeout=5"],
    [19_999, "timeout=19"],
    [999, "timeout=0"],
    [0, "timeout=0"],
    [-1, "timeout=0"],
  ])("writes %p ms as %p, never more than is kept", (ms, value) => {
    expect(formatKeepAlive(ms)).toBe(value);
  });
});
