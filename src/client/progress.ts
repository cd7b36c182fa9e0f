/**
 * Counts what has moved and tells of it, seldom enough not to cost anything.
 */
import type { Clock } from "../base/clock.ts";
import type { LastWait, TransferProgress } from "./report.ts";
import type { WrittenSpans } from "./written-spans.ts";

const INTERVAL_MS = 100;

export class ProgressMeter {
  readonly #clock: Clock;
  #totalBytes: number | undefined;
  readonly #tell: ((progress: TransferProgress) => void) | undefined;
  readonly #written: WrittenSpans | undefined;
  #doneBytes = 0;
  #resumedBytes: number | undefined;
  #toldAtMs: number;

  /**
   * @param totalBytes `undefined` when it isn't known.
   * @param written what is there, if that may grow in several places.
   */
  constructor(
    clock: Clock,
    totalBytes: number | undefined,
    tell: ((progress: TransferProgress) => void) | undefined,
    written?: WrittenSpans,
  ) {
    this.#clock = clock;
    this.#totalBytes = totalBytes;
    this.#tell = tell;
    this.#written = written;
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
    this.finish();
  }

  /**
   * Sets the counts anew: what is there already, and how much there is. Tells them if that is worth it. What is there the first
   * time is of an earlier run, unless the file is begun anew.
   */
  restart(doneBytes: number, totalBytes: number | undefined): void {
    this.#resumedBytes = Math.min(this.#resumedBytes ?? doneBytes, doneBytes);
    this.#doneBytes = doneBytes;
    this.#totalBytes = totalBytes;
    if (doneBytes > 0) this.finish();
  }

  /** Tells the count as it is, such as the final one, and what is waited for, if anything. */
  finish(waitsFor?: LastWait): void {
    const [doneBytes, totalBytes, resumedBytes] = [this.#doneBytes, this.#totalBytes, this.#resumedBytes];
    const extents = this.#written?.extents;
    this.#tell?.({ doneBytes, totalBytes, resumedBytes, extents, ...(waitsFor && { waitsFor }) });
  }
}
