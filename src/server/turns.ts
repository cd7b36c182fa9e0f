/**
 * Bulk work in small portions: connections that have much to write take turns, and between two portions everybody
 * else is served. However many downloads run, a small request waits for one portion and not for all of them.
 */
import type { Clock } from "../base/clock.ts";
import { runLater } from "../base/turn.ts";

/** Something that goes on when its turn has come. */
export interface TurnTaker {
  takeTurn(): void;
}

/** Portions of so many ms; a turn that was begun is ended. */
const PORTION_MS = 2;

/** Who waits for a turn, first come, first served. */
export class TurnQueue {
  readonly #clock: Clock;
  readonly #waiting = new Set<TurnTaker>();
  #isPlanned = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Gives `taker` a turn soon; once, however often it asks before. */
  add(taker: TurnTaker): void {
    this.#waiting.add(taker);
    this.#plan();
  }

  delete(taker: TurnTaker): void {
    this.#waiting.delete(taker);
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    runLater(this.#run);
  }

  readonly #run = (): void => {
    this.#isPlanned = false;
    const endMs = this.#clock.monotonicMs() + PORTION_MS;
    // Who asks again meanwhile comes last, in a later portion: it is their first turn that ends this one's round.
    let left = this.#waiting.size;
    for (const taker of this.#waiting) {
      this.#waiting.delete(taker);
      taker.takeTurn();
      left -= 1;
      if (left <= 0 || this.#clock.monotonicMs() >= endMs) break;
    }
    if (this.#waiting.size > 0) this.#plan();
  };
}
