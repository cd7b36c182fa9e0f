/**
 * The least rate at which a peer must send or read: judged over windows, so that a slow but live peer goes on
 * and one that only pretends does not hold its place for long.
 */
export class ProgressWindow {
  readonly #minRateBytesPerS: number;
  #startBytes = 0;
  #lengthMs = 0;

  constructor(minRateBytesPerS: number) {
    this.#minRateBytesPerS = minRateBytesPerS;
  }

  /** Begins a window of `lengthMs` with `bytes` moved so far. */
  begin(bytes: number, lengthMs: number): void {
    this.#startBytes = bytes;
    this.#lengthMs = lengthMs;
  }

  /** Whether enough has moved since the window began, now that it is over. */
  isMet(bytes: number): boolean {
    return bytes - this.#startBytes >= (this.#minRateBytesPerS * this.#lengthMs) / 1000;
  }
}
