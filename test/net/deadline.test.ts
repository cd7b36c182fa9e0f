import { describe, expect, test } from "bun:test";
import { Place } from "../../src/base/line-up.ts";
import { DeadlineWatch, type Timed } from "../../src/net/deadline.ts";
import { ManualClock } from "../support/manual-clock.ts";

class Patient implements Timed {
  readonly watchPlace: Place<Timed> = new Place<Timed>(this);
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
    const watch = new DeadlineWatch(clock, 1_000_000);
    const [early, late] = [new Patient(100), new Patient(200)];
    watch.add(early);
    watch.add(late);
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
    const watch = new DeadlineWatch(clock, 1_000_000);
    const patient = new Patient(0);
    watch.add(patient);
    watch.delete(patient);
    watch.check();
    expect(patient.expiries).toEqual([]);
    watch.stop();
  });

  test("looks by itself, on a timer", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const watch = new DeadlineWatch(new ManualClock(), 1);
    const patient = new Patient(0);
    patient.expire = () => resolve();
    watch.add(patient);
    await promise;
    watch.stop();
  });
});
