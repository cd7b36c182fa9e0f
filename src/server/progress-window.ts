/**
 * The least rate at which a peer must send or read: judged over windows, so that a slow but live peer goes on
 * and one that only pretends does not hold its place for long.
 */
export class ProgressWindow {
  readonly #dueBytes: number;

  /** Begins a window of `lengthMs` with `bytes` moved so far. */
  constructor(bytes: number, lengthMs: number, minRateBytesPerS: number) {
    this.#dueBytes = bytes + (minRateBytesPerS * lengthMs) / 1000;
  }

  /** Whether enough has moved since the window began, now that it is over: `bytes` so far. */
  isMet(bytes: number): boolean {
    return bytes >= this.#dueBytes;
  }
}
