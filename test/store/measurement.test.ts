import { describe, expect, test } from "bun:test";
import type { BigIntStats } from "node:fs";
import { type Measurement, measurementOf, unsettledMs, versionOf } from "../../src/store/measurement.ts";
import { SETTLING_MS } from "../../src/store/store.ts";

const NOW = 1_800_000_000_000;

function stats(change: Partial<Record<"ino" | "size" | "mtimeNs" | "ctimeNs", bigint>> = {}): Measurement {
  const all = {
    dev: 1n,
    ino: 7n,
    mode: 0o100644n,
    nlink: 1n,
    size: 100n,
    mtimeNs: 1_700_000_000_000_000_001n,
    ctimeNs: 1_700_000_000_000_000_002n,
    ...change,
  };
  return measurementOf(all as BigIntStats);
}

function changedAt(ms: number): Measurement {
  return stats({ ctimeNs: BigInt(ms) * 1_000_000n });
}

describe("versionOf()", () => {
  test.each([
    ["the inode", { ino: 8n }],
    ["the size", { size: 101n }],
    ["the modification time, by a nanosecond", { mtimeNs: 1_700_000_000_000_000_002n }],
    ["the change time, by a nanosecond", { ctimeNs: 1_700_000_000_000_000_003n }],
  ])("changes with %s", (_, change) => {
    expect(versionOf(stats(change))).not.toBe(versionOf(stats()));
    expect(versionOf(stats())).toBe(versionOf(stats()));
  });

  test.each([
    ["the year 1901", -2_177_452_800_000_000_000n],
    ["the year 10000", 253_402_300_800_000_000_000n],
    ["the year 99999", 3_093_496_444_800_000_000_000n],
    ["zero", 0n],
  ])("can stand in an entity-tag with a time of %s (RFC 9110 §8.8.3)", (_, mtimeNs) => {
    expect(versionOf(stats({ mtimeNs, ino: 2n ** 64n - 1n, size: 2n ** 63n }))).toMatch(/^[0-9a-z-]+$/);
  });
});

describe("unsettledMs()", () => {
  test.each([
    ["long ago", NOW - 1_000_000, 0],
    ["just long enough ago", NOW - SETTLING_MS, 0],
    ["almost long enough ago", NOW - SETTLING_MS + 1, 1],
    ["now", NOW, SETTLING_MS],
    ["a little ahead, as a file server's clock may be", NOW + 2_000, SETTLING_MS],
    ["far ahead, before the clock was set back", NOW + 3_600_000, 0],
  ])("of a file changed %s", (_, changedMs, expected) => {
    expect(unsettledMs(changedAt(changedMs), NOW)).toBe(expected);
  });

  test("does not mind a modification time in the future, which anybody can set", () => {
    expect(unsettledMs(stats({ mtimeNs: BigInt(NOW + 5) * 1_000_000n }), NOW)).toBe(0);
  });
});
