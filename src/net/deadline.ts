/**
 * Deadlines of many connections under one timer: setting one is an assignment, and nothing is left behind when
 * a connection ends. (`socket.timeout` of Bun is one-shot, has a 4 s tick and is no idle timer.)
 */
import type { Clock } from "../base/clock.ts";

/** Something that has a deadline now and then. */
export interface Timed {
  /** On the monotonic clock, in ms; `Infinity` for none. */
  readonly deadlineMs: number;
  /** Called at most once a tick while the deadline lies in the past; sets a new one or ends. */
  expire(nowMs: number): void;
}

/** Finds deadlines that have passed, within one tick. */
export class DeadlineWatch {
  readonly #clock: Clock;
  readonly #groups: readonly Iterable<Timed>[];
  readonly #timer: ReturnType<typeof setInterval>;
  #isOver = false;

  /**
   * @param tickMs how late a deadline may be noticed.
   * @param groups whose members are watched as long as they are in them; members may leave and come at any time.
   */
  constructor(clock: Clock, tickMs: number, ...groups: readonly Iterable<Timed>[]) {
    this.#clock = clock;
    this.#groups = groups;
    this.#timer = setInterval(() => this.check(), tickMs);
  }

  /** Expires what is due now; the timer calls this. */
  check(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const group of this.#groups) {
      for (const timed of group) {
        if (timed.deadlineMs <= nowMs) timed.expire(nowMs);
        if (this.#isOver) return;
      }
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#isOver = true;
  }
}
