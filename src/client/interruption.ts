/**
 * Waiting that always ends: by the result, by a time limit, or because the user wants it to end.
 */
import { TransferError, type TransferPhase } from "./transfer-error.ts";

export type Limits = {
  readonly phase: TransferPhase;
  readonly signal: AbortSignal | undefined;
  /** No time limit when absent. */
  readonly timeout?: { readonly afterMs: number; readonly error: () => TransferError };
};

/** The error of a transfer that was ended from outside; an error given as the signal's reason is that error. */
export function interruption(phase: TransferPhase, signal: AbortSignal): TransferError {
  const reason: unknown = signal.reason;
  if (reason instanceof TransferError) return reason;
  return new TransferError(phase, "The transfer was interrupted", { cause: reason });
}

/** @throws {TransferError} when `signal` is aborted already. */
export function throwIfInterrupted(phase: TransferPhase, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw interruption(phase, signal);
}

/**
 * Waits for `promise` within `limits`. When a limit is hit, what becomes of the promise is ignored.
 * @throws {TransferError} at the limit, or whatever the promise rejects with.
 */
export async function settleWithin<T>(promise: Promise<T>, limits: Limits): Promise<T> {
  const { signal, timeout, phase } = limits;
  const { promise: limit, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    if (signal !== undefined) reject(interruption(phase, signal));
  };
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort);
  const timer = timeout && setTimeout(() => reject(timeout.error()), timeout.afterMs);
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
