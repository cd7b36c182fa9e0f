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

export type PatienceOptions = {
  readonly limits: ServerLimits;
  readonly clock: Clock;
  /** Bytes that the client has sent, ever. */
  readonly sentBytes: () => number;
  /** Bytes that the client has read, ever, as far as can be known. */
  readonly readBytes: () => number;
};

export class Patience {
  readonly #options: PatienceOptions;
  readonly #window: ProgressWindow;
  #awaited: Awaited = "request";
  #deadlineMs = Number.POSITIVE_INFINITY;
  #farewellEndMs = Number.POSITIVE_INFINITY;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#window = new ProgressWindow(options.limits.minRateBytesPerS);
  }

  get awaited(): Awaited {
    return this.#awaited;
  }

  /** On the monotonic clock, in ms; `Infinity` for none. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** Whether nothing is acted upon any more. */
  get isOver(): boolean {
    return this.#awaited === "farewell" || this.#awaited === "nothing";
  }

  awaitRequest(timeoutMs: number): void {
    this.#awaited = "request";
    this.#deadlineMs = this.#nowMs + timeoutMs;
  }

  /** Waits for `awaited`; when it is awaited already, the deadline stays as it is. */
  await(awaited: "head" | "body" | "site" | "reader"): void {
    if (awaited === this.#awaited) return;
    this.#awaited = awaited;
    if (awaited === "head") this.#deadlineMs = this.#nowMs + this.#options.limits.headMs;
    else if (awaited === "site") this.#deadlineMs = Number.POSITIVE_INFINITY;
    else this.#beginWindow(awaited);
  }

  awaitFarewell(): void {
    this.#awaited = "farewell";
    this.#farewellEndMs = this.#nowMs + this.#options.limits.farewellMs;
    this.extendFarewell();
  }

  /** The client still sends: it is given more time, up to a bound. */
  extendFarewell(): void {
    const silenceEndMs = this.#nowMs + this.#options.limits.farewellSilenceMs;
    this.#deadlineMs = Math.min(silenceEndMs, this.#farewellEndMs);
  }

  awaitNothing(): void {
    this.#awaited = "nothing";
    this.#deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** Whether a deadline that has passed is the end of it: a peer that keeps up the least rate gets another window. */
  isExhausted(): boolean {
    if (this.#awaited !== "body" && this.#awaited !== "reader") return true;
    if (!this.#window.isMet(this.#movedBytes(this.#awaited))) return true;
    this.#beginWindow(this.#awaited);
    return false;
  }

  #beginWindow(awaited: "body" | "reader"): void {
    const { bodyWindowMs, sendWindowMs } = this.#options.limits;
    const lengthMs = awaited === "body" ? bodyWindowMs : sendWindowMs;
    this.#window.begin(this.#movedBytes(awaited), lengthMs);
    this.#deadlineMs = this.#nowMs + lengthMs;
  }

  #movedBytes(awaited: "body" | "reader"): number {
    return awaited === "body" ? this.#options.sentBytes() : this.#options.readBytes();
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}
