/**
 * Values that leave in the order in which they came. A Map or a Set keeps that order, too, but looks for its first member among
 * all that were removed before.
 */

export class Fifo<T> {
  /** The last comer last. */
  #back: T[] = [];
  /** The next to leave last. */
  #front: T[] = [];

  /** Takes in `value`, behind all others. */
  push(value: T): void {
    this.#back.push(value);
  }

  /** Lets the one go that came first; `undefined` when there is none. */
  shift(): T | undefined {
    if (this.#front.length === 0) {
      this.#front = this.#back.toReversed();
      this.#back = [];
    }
    return this.#front.pop();
  }
}
