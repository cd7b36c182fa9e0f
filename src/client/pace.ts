/**
 * Limits on the rate of a transfer: one that the user sets (it may not be faster), and one below which a server counts as
 * stalled (it may not be slower).
 */
import type { Clock } from "../base/clock.ts";
import { pause } from "./retry.ts";
import type { SessionOptions } from "./session.ts";
import { TransferError } from "./transfer-error.ts";

/** Bytes that may come at once, in ms of the rate. */
const BURST_MS = 100;

/** Keeps all connections of a transfer, and of all transfers that share it, together below a rate. */
export class Pace {
  readonly rateBytesPerS: number;
  readonly #clock: Clock;
  /** When all bytes so far would have come at exactly the rate. */
  #dueAtMs: number;

  constructor(rateBytesPerS: number, clock: Clock) {
    this.rateBytesPerS = rateBytesPerS;
    this.#clock = clock;
    this.#dueAtMs = clock.monotonicMs();
  }

  /** Counts `bytes`. @returns what to wait for before more are taken, if anything. */
  take(bytes: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    const nowMs = this.#clock.monotonicMs();
    this.#dueAtMs = Math.max(this.#dueAtMs, nowMs - BURST_MS) + (bytes / this.rateBytesPerS) * 1000;
    const waitMs = this.#dueAtMs - nowMs;
    return waitMs <= BURST_MS ? undefined : pause(waitMs, signal);
  }
}

/** Bytes per second: slower than any modem, but not a server that drips to hold a client. */
const LEAST_BYTES_PER_S = 100;
const MOST_SHARES = 64;

/** Finds a connection that brings too little over a window: silence is only the extreme of it. */
export class StallWatch {
  readonly #leastBytesPerS: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #windowBytes = 0;

  /**
   * @param windowMs how long it may bring too little.
   * @param limitBytesPerS the rate that the user allows, if any, for up to {@link MOST_SHARES} connections together: a server
   *   may not be blamed for that.
   * @param onStall called at the end of each window that brought too little.
   * @param moved how much has been moved in all, for who does not {@link count} it.
   */
  constructor(
    windowMs: number,
    limitBytesPerS: number | undefined,
    onStall: () => void,
    moved?: () => number,
  ) {
    this.#leastBytesPerS = Math.min(LEAST_BYTES_PER_S, (limitBytesPerS ?? Infinity) / MOST_SHARES);
    const leastBytes = (this.#leastBytesPerS * windowMs) / 1000;
    let formerBytes = moved?.() ?? 0;
    this.#timer = setInterval(() => {
      const movedBytes = moved?.() ?? 0;
      const isStalled = this.#windowBytes + movedBytes - formerBytes < leastBytes;
      this.#windowBytes = 0;
      formerBytes = movedBytes;
      if (isStalled) onStall();
    }, windowMs);
  }

  count(bytes: number): void {
    this.#windowBytes += bytes;
  }

  /** Leaves `ms` out of account, in which nobody waited for the server. */
  excuse(ms: number): void {
    this.#windowBytes += this.#leastBytesPerS * (ms / 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** A rate over less says nothing. */
const LEAST_WINDOW_MS = 10_000;

/** Over how long a rate that is next to nothing counts as a stall: longer than silence, which is told sooner. */
export function stallWindowOf({
  silenceMs,
  stallWindowMs,
}: Pick<SessionOptions, "silenceMs" | "stallWindowMs">): number {
  return stallWindowMs ?? Math.max(LEAST_WINDOW_MS, 1.5 * silenceMs);
}

/** The error for a server that has sent, or taken, next to nothing over a window. */
export function stallError(phase: "send" | "receive", windowMs: number): TransferError {
  const seconds = Math.max(1, Math.round(windowMs / 1000));
  const done = phase === "send" ? "taken" : "sent";
  return new TransferError(
    phase,
    `The server has ${done} next to nothing for ${seconds} s; try again, or allow more time`,
    { isRetryable: true },
  );
}
