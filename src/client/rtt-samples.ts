/**
 * Round-trip times over a transfer: the kernel's figure, looked at now and then.
 */
import type { RttSummary } from "./report.ts";

const INTERVAL_MS = 50;

export class RttSamples {
  #count = 0;
  #sumUs = 0;
  #minUs = Infinity;
  #maxUs = 0;
  #sampledAtMs = -Infinity;

  /** Takes a sample, if the last one is long enough ago. */
  sample(connection: { readonly rttUs: number | undefined }, nowMs: number): void {
    if (nowMs - this.#sampledAtMs < INTERVAL_MS) return;
    this.#sampledAtMs = nowMs;
    const { rttUs } = connection;
    if (rttUs === undefined) return;
    this.#count += 1;
    this.#sumUs += rttUs;
    this.#minUs = Math.min(this.#minUs, rttUs);
    this.#maxUs = Math.max(this.#maxUs, rttUs);
  }

  /** `undefined` when there was none. */
  get summary(): RttSummary | undefined {
    if (this.#count === 0) return undefined;
    const meanUs = Math.round(this.#sumUs / this.#count);
    return { minUs: this.#minUs, meanUs, maxUs: this.#maxUs, samples: this.#count };
  }
}
