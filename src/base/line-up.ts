/**
 * Members in the order in which they came to the end last. Each comes, goes and moves in the same short time; a Set would
 * keep the same order, but has to search, and that for each request and each connection.
 */

/** A member's place in one line-up, kept by the member itself. */
export class Place<T> {
  readonly member: T | undefined;
  isTaken = false;
  before: Place<T> = this;
  after: Place<T> = this;

  constructor(member: T | undefined) {
    this.member = member;
  }
}

export class LineUp<T> {
  /** Stands between the last and the first. */
  readonly #gap = new Place<T>(undefined);
  #size = 0;
  /** Iterations under way, and the places that were left meanwhile: a walk may stand on one of them. */
  #walks = 0;
  readonly #leftMeanwhile: Place<T>[] = [];

  get size(): number {
    return this.#size;
  }

  /** The member that came to the end longest ago. */
  get first(): T | undefined {
    return this.#gap.after.member;
  }

  /** From the first to the last. Members may leave meanwhile, and come. */
  *[Symbol.iterator](): Generator<T, void> {
    this.#walks += 1;
    try {
      // A place that is left meanwhile still knows what came after it, and so on until one that is taken, or the gap.
      for (let place = this.#gap.after; place !== this.#gap; place = place.after) {
        if (place.isTaken && place.member !== undefined) yield place.member;
      }
    } finally {
      this.#walks -= 1;
      if (this.#walks === 0) this.#forgetLeft();
    }
  }

  /** Puts the member with `place` at the end, wherever it was. */
  moveToEnd(place: Place<T>): void {
    this.leave(place);
    const last = this.#gap.before;
    place.isTaken = true;
    place.before = last;
    place.after = this.#gap;
    last.after = place;
    this.#gap.before = place;
    this.#size += 1;
  }

  /** Takes the member with `place` out. @returns false when it was not in. */
  leave(place: Place<T>): boolean {
    if (!place.isTaken) return false;
    place.isTaken = false;
    place.before.after = place.after;
    place.after.before = place.before;
    this.#size -= 1;
    if (this.#walks === 0) forgetNeighbours(place);
    else this.#leftMeanwhile.push(place);
    return true;
  }

  #forgetLeft(): void {
    for (const place of this.#leftMeanwhile.splice(0)) if (!place.isTaken) forgetNeighbours(place);
  }
}

/** What has left must not hold on to what came after it: one that outlives a collection of garbage would keep them all. */
function forgetNeighbours<T>(place: Place<T>): void {
  place.before = place;
  place.after = place;
}
