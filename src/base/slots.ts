/**
 * A limited number of places for what takes much memory as long as it lasts.
 */
import { Fifo } from "./fifo.ts";

export class Slots {
  #free: number;
  readonly #waiting = new Fifo<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Whether {@link tryTake} would get a place. */
  get hasFree(): boolean {
    return this.#free > 0;
  }

  /** Takes a place if one is free. @returns whether it was. */
  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** Takes a place as soon as one is free, first come, first served. */
  take(): Promise<void> {
    return this.tryTake() ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives a place back: to the one who has waited longest, if anybody does. */
  giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
