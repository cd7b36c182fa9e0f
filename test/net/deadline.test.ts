import { describe, expect, test } from "bun:test";
import { DeadlineWatch, type Timed } from "../../src/net/deadline.ts";
import { ManualClock } from "../support/manual-clock.ts";

class Patient implements Timed {
  deadlineMs: number;
  expiries: number[] = [];

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs;
  }

  expire(nowMs: number): void {
    this.expiries.push(nowMs);
    this.deadlineMs = Number.POSITIVE_INFINITY;
  }
}

describe("DeadlineWatch", () => {
  test("expires what is due, and nothing before", () => {
    const clock = new ManualClock();
    const [early, late] = [new Patient(100), new Patient(200)];
    const watch = new DeadlineWatch(clock, 1_000_000, [early], [late]);
    clock.advance(99);
    watch.check();
    expect(early.expiries).toEqual([]);
    clock.advance(1);
    watch.check();
    expect([early.expiries, late.expiries]).toEqual([[100], []]);
    watch.stop();
  });

  test("forgets what has ended", () => {
    const clock = new ManualClock();
    const [patient, other] = [new Patient(0), new Patient(0)];
    const group = new Set([patient, other]);
    const watch = new DeadlineWatch(clock, 1_000_000, group);
    group.delete(patient);
    watch.check();
    expect([patient.expiries, other.expiries]).toEqual([[], [0]]);
    watch.stop();
  });

  test("looks by itself, on a timer", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const patient = new Patient(0);
    patient.expire = () => resolve();
    const watch = new DeadlineWatch(new ManualClock(), 1, [patient]);
    await promise;
    watch.stop();
  });
});
