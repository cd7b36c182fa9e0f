/**
 * What a connection waits for, and for how long: the one place where its deadlines are set.
 */
import type { Clock } from "../base/clock.ts";
import type { ServerLimits } from "./limits.ts";
import { ProgressWindow } from "./progress-window.ts";

/**
 * - `request`: between two requests. `head`: the rest of a head. `body`: a request's body.
 * - `site`: an answer being made. `reader`: the client, to read what the kernel can't take yet.
 * - `farewell`: the last answer is out and our side closed; what still comes is thrown away. `nothing`: closed.
 */
export type Awaited = "request" | "head" | "body" | "site" | "reader" | "farewell" | "nothing";

/** A connection that has been idle for so long is at rest: it gives back what it keeps only to be quick. */
const REST_MS = 1_000;
/** How often it is looked whether a tail has been read. */
const TAIL_LOOK_MS = 1_000;

export type PatienceOptions = {
  readonly limits: ServerLimits;
  readonly clock: Clock;
};

/** What a client has moved. */
export interface Traffic {
  /** Bytes that it has sent, ever. */
  readonly sentBytes: number;
  /** Bytes that it has read, ever, as far as can be known. */
  readonly readBytes: number;
}

export class Patience {
  readonly #traffic: Traffic;
  readonly #options: PatienceOptions;
  /** Over which a body, a reader or a tail is judged. */
  #window: ProgressWindow | undefined;
  #awaited: Awaited = "request";
  #deadlineMs = Number.POSITIVE_INFINITY;
  #restMs = Number.POSITIVE_INFINITY;
  #farewellEndMs = Number.POSITIVE_INFINITY;
  /** When the client must have read enough of a {@link awaitTail tail}. */
  #tailWindowEndMs = Number.POSITIVE_INFINITY;

  constructor(traffic: Traffic, options: PatienceOptions) {
    this.#traffic = traffic;
    this.#options = options;
  }

  get awaited(): Awaited {
    return this.#awaited;
  }

  /** On the monotonic clock, in ms; `Infinity` for none. */
  get deadlineMs(): number {
    return Math.min(this.#deadlineMs, this.#restMs);
  }

  /** Whether what has come is only the moment from which an idle connection is at rest; once for each time it is idle. */
  isAtRest(): boolean {
    if (this.#restMs === Number.POSITIVE_INFINITY || this.#nowMs >= this.#deadlineMs) return false;
    this.#restMs = Number.POSITIVE_INFINITY;
    return true;
  }

  /** Whether nothing is acted upon any more. */
  get isOver(): boolean {
    return this.#awaited === "farewell" || this.#awaited === "nothing";
  }

  awaitRequest(timeoutMs: number, nowMs = this.#nowMs): void {
    this.#awaited = "request";
    this.#tailWindowEndMs = Number.POSITIVE_INFINITY;
    this.#deadlineMs = nowMs + timeoutMs;
    this.#restMs = nowMs + REST_MS;
  }

  /** Waits for `awaited`; when it is awaited already, the deadline stays as it is. */
  await(awaited: "head" | "body" | "site" | "reader"): void {
    if (awaited === this.#awaited) return;
    this.#awaited = awaited;
    this.#restMs = Number.POSITIVE_INFINITY;
    if (awaited === "head") this.#deadlineMs = this.#nowMs + this.#options.limits.headMs;
    else if (awaited === "site") this.#beginSite();
    else this.#beginWindow(awaited);
  }

  /** The site may take as long as it needs. */
  #beginSite(): void {
    this.#deadlineMs = this.#nowMs + this.#options.limits.interimMs;
  }

  awaitFarewell(): void {
    this.#awaited = "farewell";
    this.#restMs = Number.POSITIVE_INFINITY;
    this.#tailWindowEndMs = Number.POSITIVE_INFINITY;
    this.#farewellEndMs = this.#nowMs + this.#options.limits.farewellMs;
    this.extendFarewell();
  }

  /** The client still sends: it is given more time, up to a bound. */
  extendFarewell(): void {
    const silenceEndMs = this.#nowMs + this.#options.limits.farewellSilenceMs;
    this.#deadlineMs = Math.min(silenceEndMs, this.#farewellEndMs);
  }

  /** Whether a tail is waited for. */
  get isTailAwaited(): boolean {
    return this.#tailWindowEndMs !== Number.POSITIVE_INFINITY;
  }

  /**
   * What was awaited has not come, but the kernel still holds the tail of an answer that the client is reading: gives
   * it a little time, as long as it keeps up the least rate.
   *
   * @returns false when it has not.
   */
  awaitTail(): boolean {
    const nowMs = this.#nowMs;
    this.#restMs = Number.POSITIVE_INFINITY;
    if (!this.isTailAwaited) this.#beginTailWindow(nowMs);
    else if (nowMs >= this.#tailWindowEndMs) {
      if (this.#window?.isMet(this.#traffic.readBytes) !== true) return false;
      this.#beginTailWindow(nowMs);
    }
    this.#deadlineMs = Math.min(nowMs + TAIL_LOOK_MS, this.#tailWindowEndMs);
    return true;
  }

  #beginTailWindow(nowMs: number): void {
    const { sendWindowMs, minRateBytesPerS } = this.#options.limits;
    this.#window = new ProgressWindow(this.#traffic.readBytes, sendWindowMs, minRateBytesPerS);
    this.#tailWindowEndMs = nowMs + sendWindowMs;
  }

  awaitNothing(): void {
    this.#awaited = "nothing";
    this.#restMs = Number.POSITIVE_INFINITY;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
  }

  /**
   * Whether a deadline that has passed is the end of it: a peer that keeps up the least rate gets another window. That of the site
   * is only the time for a word to the client; the next one begins.
   */
  isExhausted(): boolean {
    if (this.#awaited === "site") this.#beginSite();
    if (this.#awaited !== "body" && this.#awaited !== "reader") return true;
    if (this.#window?.isMet(this.#movedBytes(this.#awaited)) !== true) return true;
    this.#beginWindow(this.#awaited);
    return false;
  }

  #beginWindow(awaited: "body" | "reader"): void {
    const { bodyWindowMs, sendWindowMs, minRateBytesPerS } = this.#options.limits;
    const lengthMs = awaited === "body" ? bodyWindowMs : sendWindowMs;
    this.#window = new ProgressWindow(this.#movedBytes(awaited), lengthMs, minRateBytesPerS);
    this.#deadlineMs = this.#nowMs + lengthMs;
  }

  #movedBytes(awaited: "body" | "reader"): number {
    return awaited === "body" ? this.#traffic.sentBytes : this.#traffic.readBytes;
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}
