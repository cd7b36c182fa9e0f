/**
 * Deadlines of many connections under one timer: setting one is an assignment, and nothing is left behind when
 * a connection ends. (`socket.timeout` of Bun is one-shot, has a 4 s tick and is no idle timer.)
 */
import type { Clock } from "../base/clock.ts";
import { LineUp, type Place } from "../base/line-up.ts";

/** Something that has a deadline now and then. */
export interface Timed {
  /** Its place in the watch. */
  readonly watchPlace: Place<Timed>;
  /** On the monotonic clock, in ms; `Infinity` for none. */
  readonly deadlineMs: number;
  /** Called at most once a tick while the deadline lies in the past; sets a new one or ends. */
  expire(nowMs: number): void;
}

/** Finds deadlines that have passed, within one tick. */
export class DeadlineWatch {
  readonly #timed = new LineUp<Timed>();
  readonly #clock: Clock;
  readonly #timer: ReturnType<typeof setInterval>;
  #isOver = false;

  /** @param tickMs how late a deadline may be noticed. */
  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock;
    this.#timer = setInterval(() => this.check(), tickMs);
  }

  add(timed: Timed): void {
    this.#timed.moveToEnd(timed.watchPlace);
  }

  delete(timed: Timed): void {
    this.#timed.leave(timed.watchPlace);
  }

  /** Expires what is due now; the timer calls this. */
  check(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const timed of this.#timed) {
      if (timed.deadlineMs <= nowMs) timed.expire(nowMs);
      if (this.#isOver) return;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#isOver = true;
  }
}
