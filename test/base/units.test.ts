import { describe, expect, test } from "bun:test";

import {
  formatBytes,
  formatDurationMs,
  formatLimit,
  formatRate,
  parseSeconds,
  parseSize,
} from "../../src/base/units.ts";

describe("parseSize()", () => {
  test.each([
    ["0", 0],
    ["500", 500],
    ["500B", 500],
    ["500k", 500 * 1024],
    ["500K", 500 * 1024],
    ["10M", 10 * 1024 ** 2],
    ["10MiB", 10 * 1024 ** 2],
    ["10MB", 10_000_000],
    ["10 MB", 10_000_000],
    ["1.5G", 1.5 * 1024 ** 3],
    ["2t", 2 * 1024 ** 4],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("reads %p as %p bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each([
    "",
    "M",
    "-1",
    "+1",
    "1e3",
    "0x10",
    "1,5M",
    "10Mb/s",
    "10X",
    "1 0",
    "1..5",
    ".5",
    "9007199254740992",
    "9999999T",
    "∞",
    "１0",
  ])("refuses %p", (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});

describe("formatLimit()", () => {
  test.each([
    ["1G", "1 GiB"],
    ["50M", "50 MiB"],
    ["500k", "500 KiB"],
    ["1.5G", "1.5 GiB"],
    ["10MB", "10 MB"],
    ["512MB", "512 MB"],
    ["2GB", "2 GB"],
    ["1000k", "1000 KiB"],
    ["500", "500 B"],
    ["1234567", "1.2 MB"],
  ])("shows %s as %s", (typed, shown) => {
    expect(formatLimit(parseSize(typed) ?? 0)).toBe(shown);
  });
});

describe("parseSeconds()", () => {
  test.each([
    ["60", 60_000],
    ["0", 0],
    ["0.5", 500],
    ["2147483", 2_147_483_000],
  ])("reads %p as %p ms", (text, ms) => {
    expect(parseSeconds(text)).toBe(ms);
  });

  test.each(["", "-1", "1s", "1e3", "Infinity", "NaN", "2147484", ".5", " 1"])("refuses %p", (text) => {
    expect(parseSeconds(text)).toBeUndefined();
  });
});

describe("formatBytes()", () => {
  test.each([
    [0, "0 B"],
    [1, "1 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [1234, "1.2 kB"],
    [9949, "9.9 kB"],
    [9950, "10 kB"],
    [12_345, "12 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [98_000_000, "98 MB"],
    [5e12, "5.0 TB"],
    [2e18, "2000 PB"],
    [-5, "0 B"],
  ])("writes %p as %p", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test("writes rates with the same units", () => {
    expect(formatRate(98_000_000)).toBe("98 MB/s");
    expect(formatRate(0.4)).toBe("0 B/s");
  });
});

describe("formatDurationMs()", () => {
  test.each([
    [0, "0 ms"],
    [-1, "0 ms"],
    [0.0001, "1 µs"],
    [0.045, "45 µs"],
    [0.9994, "999 µs"],
    [0.9996, "1 ms"],
    [1.24, "1.2 ms"],
    [9.96, "10 ms"],
    [120.4, "120 ms"],
    [999.6, "1 s"],
    [3400, "3.4 s"],
    [19_000, "19 s"],
    [59_960, "1 min"],
    [125_000, "2 min 5 s"],
    [3_600_000, "1 h"],
    [3_720_000, "1 h 2 min"],
  ])("writes %p as %p", (ms, text) => {
    expect(formatDurationMs(ms)).toBe(text);
  });
});
