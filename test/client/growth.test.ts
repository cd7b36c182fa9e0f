import { describe, expect, test } from "bun:test";
import { decideConnections, Growth, type TransferState } from "../../src/client/growth.ts";

const MIB = 1024 * 1024;

describe("decideConnections(): one first, more only where they pay", () => {
  const slowAndLong = {
    connections: 1,
    rateBytesPerS: 350_000,
    formerRateBytesPerS: 0,
    remainingBytes: 50 * MIB,
    minRttUs: 50_000,
    isLossy: false,
  };
  test.each([
    ["a long way is filled by several", {}, 4],
    [
      "and by more when these have paid",
      { connections: 4, rateBytesPerS: 1_300_000, formerRateBytesPerS: 350_000 },
      8,
    ],
    ["a long way on which packets get lost by eight at once", { isLossy: true }, 8],
    ["a short one on which some do is tried with two", { isLossy: true, minRttUs: 300 }, 2],
    [
      "but not when they have not",
      { connections: 4, rateBytesPerS: 360_000, formerRateBytesPerS: 350_000 },
      4,
    ],
    ["nor beyond eight", { connections: 8, rateBytesPerS: 3_000_000, formerRateBytesPerS: 1_000_000 }, 8],
    [
      "loopback has enough with one",
      { minRttUs: 30, rateBytesPerS: 500 * MIB, remainingBytes: 9000 * MIB },
      1,
    ],
    ["a short but slow way is tried with two", { minRttUs: 300 }, 2],
    ["what is over soon is left alone", { remainingBytes: 600_000 }, 1],
    ["nothing is concluded from silence", { rateBytesPerS: 0 }, 1],
    [
      "an unknown way counts as short",
      { minRttUs: undefined, rateBytesPerS: 100 * MIB, remainingBytes: 900 * MIB },
      1,
    ],
  ])("%s", (_name, difference, expected) => {
    expect(decideConnections({ ...slowAndLong, ...difference })).toBe(expected);
  });
});

describe("Growth", () => {
  const TOTAL_BYTES = 100_000_000;

  /** Looks every 100 ms at a transfer in which `perMs` bytes came each ms, with as many connections as were decided on. */
  function watch(perMs: readonly number[], state: Partial<TransferState>, wanted: number | "auto" = "auto") {
    const growth = new Growth(wanted, 0, 0);
    let [doneBytes, connections] = [0, 1];
    const decided = perMs.map((rate, index) => {
      doneBytes += rate * 100;
      connections = growth.look(
        {
          minRttUs: 50_000,
          isLossy: false,
          ...state,
          connections,
          doneBytes,
          remainingBytes: TOTAL_BYTES - doneBytes,
        },
        (index + 1) * 100,
      );
      return connections;
    });
    return { decided, growth };
  }

  test("judges one connection by 200 ms, lets new ones come into step for 300, and judges these by 300", () => {
    const perMs = [300, 300, 900, 900, 900, 1200, 1200, 1200];
    expect(watch(perMs, {}).decided).toEqual([1, 4, 4, 4, 4, 4, 4, 8]);
  });

  test("waits four round trips where these are longer", () => {
    expect(watch([300, 300, 300, 300], { minRttUs: 100_000 }).decided).toEqual([1, 1, 1, 4]);
  });

  test("does not wait where packets have got lost", () => {
    expect(watch([300], { isLossy: true }).decided).toEqual([8]);
  });

  test("takes as many as were ordered at the first look", () => {
    expect(watch([300, 300], {}, 5).decided).toEqual([5, 5]);
  });

  test.each([
    [5, 50_000, 5],
    [5, 300, 1],
    [5, undefined, 1],
    ["auto", 50_000, 1],
  ] as const)("of %p at a round trip of %p µs, %i are taken at once", (connections, minRttUs, expected) => {
    expect(new Growth(connections, 0, 0).atOnce(minRttUs)).toBe(expected);
  });

  test("but not where one fills a short way", () => {
    expect(watch([300_000, 300_000], { minRttUs: 30 }, 5).decided).toEqual([1, 1]);
    expect(watch([30_000, 30_000], { minRttUs: 30 }, 5).decided).toEqual([5, 5]);
  });

  test("knows the rate after the first look", () => {
    expect(new Growth("auto", 0, 0).rateBytesPerS).toBeUndefined();
    expect(watch([300, 300], {}).growth.rateBytesPerS).toBe(300_000);
  });
});
