/**
 * When a failed request is made again, and after how long: exponential backoff with jitter, bounded in number; progress
 * in between begins the count anew, and Retry-After is obeyed (RFC 9110 §10.2.3).
 */
import type { TransferError } from "./transfer-error.ts";

export type RetryOptions = {
  /** How often in a row, without progress. 0 never. */
  readonly retries: number;
  /** Between 0 (inclusive) and 1; spreads the clients of a server that has just come back. */
  readonly random?: () => number;
};

/** What a failed attempt has brought, and what the server asked for. */
export type Attempt = {
  /** Bytes that were never there before. */
  readonly gainedBytes: number;
  readonly retryAfterMs: number | undefined;
};

/** How often in a row something is tried again, unless the user says otherwise. */
export const DEFAULT_RETRIES = 5;

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** Who is told to wait longer than this is told so, and decides himself. */
export const LONGEST_RETRY_AFTER_MS = 120_000;
/** Less is no progress: a server that says a byte per connection would keep one busy for ever. */
const PROGRESS_BYTES = 1024;
/** After so much the server is fine, and only the connection was not: no reason to wait. */
const AT_ONCE_BYTES = 64 * 1024;

export class RetryPolicy {
  readonly #retries: number;
  readonly #random: () => number;
  #failures = 0;

  constructor({ retries, random = Math.random }: RetryOptions) {
    this.#retries = retries;
    this.#random = random;
  }

  /**
   * Decides what follows a failure.
   * @returns ms to wait before the next attempt; `undefined` when there is none.
   */
  delayAfter(error: TransferError, { gainedBytes, retryAfterMs }: Attempt): number | undefined {
    if (gainedBytes >= PROGRESS_BYTES) this.#failures = 0;
    this.#failures += 1;
    if (!error.isRetryable || error.isFinal || this.#failures > this.#retries) return undefined;
    if (retryAfterMs !== undefined) return retryAfterMs <= LONGEST_RETRY_AFTER_MS ? retryAfterMs : undefined;
    if (gainedBytes >= AT_ONCE_BYTES) return 0;
    const longestMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#failures - 1));
    // At least half of it, so that "exponential" stays true.
    return longestMs * (0.5 + 0.5 * this.#random());
  }
}

/** Waits `ms`, or until `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true || ms <= 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  signal?.addEventListener("abort", onAbort);
  const timer = setTimeout(resolve, ms);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
