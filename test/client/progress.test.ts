import { describe, expect, test } from "bun:test";
import { ProgressMeter } from "../../src/client/progress.ts";
import type { TransferProgress } from "../../src/client/report.ts";

describe("ProgressMeter", () => {
  test("tells at most every 100 ms, and once at the end", () => {
    let nowMs = 1000;
    const told: TransferProgress[] = [];
    const clock = { nowMs: () => 0, monotonicMs: () => nowMs };
    const meter = new ProgressMeter(clock, 50, (progress) => told.push(progress));
    for (const [atMs, bytes] of [
      [1000, 1],
      [1099, 2],
      [1100, 3],
      [1199, 4],
      [1250, 5],
    ] as const) {
      nowMs = atMs;
      meter.advance(bytes);
    }
    meter.finish();
    expect(told.map((progress) => progress.doneBytes)).toEqual([6, 15, 15]);
    expect(told[0]?.totalBytes).toBe(50);
  });

  test("tells what was there before, unless it was begun anew", () => {
    const told: TransferProgress[] = [];
    const meter = new ProgressMeter({ nowMs: () => 0, monotonicMs: () => 0 }, undefined, (progress) =>
      told.push(progress),
    );
    meter.restart(40, 100);
    meter.advance(20);
    meter.restart(60, 100);
    meter.restart(0, 100);
    meter.advance(10);
    meter.finish();
    expect(told.map(({ doneBytes, resumedBytes }) => [doneBytes, resumedBytes])).toEqual([
      [40, 40],
      [60, 40],
      [10, 0],
    ]);
  });

  test("counts with nobody to tell", () => {
    const meter = new ProgressMeter({ nowMs: () => 0, monotonicMs: () => 0 }, undefined, undefined);
    meter.advance(5);
    meter.finish();
    expect(meter.doneBytes).toBe(5);
  });
});
