/**
 * Counts what has moved and tells of it, seldom enough not to cost anything.
 */
import type { Clock } from "../base/clock.ts";
import type { TransferProgress } from "./report.ts";

const INTERVAL_MS = 100;

export class ProgressMeter {
  readonly #clock: Clock;
  #totalBytes: number | undefined;
  readonly #tell: ((progress: TransferProgress) => void) | undefined;
  #doneBytes = 0;
  #toldAtMs: number;

  /** @param totalBytes `undefined` when it isn't known. */
  constructor(
    clock: Clock,
    totalBytes: number | undefined,
    tell: ((progress: TransferProgress) => void) | undefined,
  ) {
    this.#clock = clock;
    this.#totalBytes = totalBytes;
    this.#tell = tell;
    this.#toldAtMs = clock.monotonicMs();
  }

  get doneBytes(): number {
    return this.#doneBytes;
  }

  /** Counts `bytes` more, and tells if nothing was told in the last 100 ms. */
  advance(bytes: number): void {
    this.#doneBytes += bytes;
    if (this.#tell === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldAtMs < INTERVAL_MS) return;
    this.#toldAtMs = nowMs;
    this.#tell({ doneBytes: this.#doneBytes, totalBytes: this.#totalBytes });
  }

  /** Sets the counts anew: what is there already, and how much there is. Tells them if that is worth it. */
  restart(doneBytes: number, totalBytes: number | undefined): void {
    this.#doneBytes = doneBytes;
    this.#totalBytes = totalBytes;
    if (doneBytes > 0) this.finish();
  }

  /** Tells the final count. */
  finish(): void {
    this.#tell?.({ doneBytes: this.#doneBytes, totalBytes: this.#totalBytes });
  }
}
