/** A clock that only moves when a test says so. */
import type { Clock } from "../../src/base/clock.ts";

export class ManualClock implements Clock {
  #elapsedMs = 0;
  readonly #startMs: number;

  /** @param startMs what {@link nowMs} says at the beginning, since the epoch. */
  constructor(startMs = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    this.#startMs = startMs;
  }

  readonly nowMs = (): number => this.#startMs + this.#elapsedMs;
  readonly monotonicMs = (): number => this.#elapsedMs;

  advance(ms: number): void {
    this.#elapsedMs += ms;
  }
}
