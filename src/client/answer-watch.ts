/**
 * Sees to it that an answer comes: finds a server that is silent, and one that drips the head of its answer. One timer for
 * a whole answer looks now and then when the last sign of life was.
 */
import type { Clock } from "../base/clock.ts";
import type { WireEvent } from "../wire/message.ts";
import { HeadPatience } from "./head-patience.ts";
import { stallWindowOf } from "./pace.ts";

export type AnswerWatchOptions = {
  /** Longest silence of the server while it is being waited for, in ms. */
  readonly silenceMs: number;
  /** How long a head may take that has begun to come, in ms; longer than the silence if left out. */
  readonly stallWindowMs?: number;
  readonly clock: Clock;
};

/** What it looks at. */
export type Watched = {
  /** Whether somebody waits for the server just now. */
  readonly isAwaited: boolean;
  /** Whether some of the request is still to be given to the kernel. */
  readonly isSending: boolean;
  /** Whether some of it is still to be taken by the server's system, and how much that has taken, ever. */
  readonly isDelivering: boolean;
  readonly deliveredBytes: number;
};

/** How often, within the shorter of the two times, it is looked for signs of life. */
const LOOKS = 4;

export class AnswerWatch {
  readonly #options: AnswerWatchOptions;
  readonly #watched: Watched;
  readonly #onLate: (what: string) => void;
  readonly #patience: HeadPatience;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #activeAtMs = 0;
  /** What was delivered when it was last looked at, if some was still on its way then. */
  #undelivered: number | undefined;

  /** @param onLate told once what the server has done: `has been silent for 30 s`. */
  constructor(watched: Watched, options: AnswerWatchOptions, onLate: (what: string) => void) {
    this.#watched = watched;
    this.#options = options;
    this.#onLate = onLate;
    this.#patience = new HeadPatience(stallWindowOf(options));
  }

  /** A request begins. */
  begin(): void {
    this.noteLife();
    this.#undelivered = undefined;
    this.#patience.begin();
    this.#lookAfter(this.#lookMs);
  }

  /** Ends what {@link begin} began. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Something moved, or the server is waited for from now on. @returns when, on the monotonic clock. */
  noteLife(): number {
    this.#activeAtMs = this.#options.clock.monotonicMs();
    return this.#activeAtMs;
  }

  /** Some of the answer came. @returns as {@link noteLife}. */
  noteBytes(): number {
    this.#patience.noteBytes(this.noteLife());
    return this.#activeAtMs;
  }

  /** Takes note of what came. */
  noteEvent(event: WireEvent): void {
    if (event.kind !== "body") this.#patience.noteEvent(event, this.#activeAtMs);
  }

  #lookAfter(delayMs: number): void {
    this.#timer = setTimeout(() => this.#look(), delayMs);
  }

  #look(): void {
    const { clock, silenceMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const isTaking = this.#hasDelivered();
    // Whoever is not being waited for is not silent; nor is a server that takes what is sent, however slowly.
    if (!this.#watched.isAwaited || isTaking) this.#activeAtMs = nowMs;
    if (this.#watched.isSending || isTaking) this.#patience.restart();
    const leftMs = this.#activeAtMs + silenceMs - nowMs;
    if (leftMs <= 0) this.#onLate(`has been silent for ${formatSeconds(silenceMs)}`);
    else if (this.#patience.isOver(nowMs))
      this.#onLate(`has not ended the head of its answer ${this.#inTime}`);
    else this.#lookAfter(Math.min(leftMs, this.#lookMs));
  }

  get #lookMs(): number {
    return Math.min(this.#options.silenceMs, this.#patience.windowMs) / LOOKS;
  }

  get #inTime(): string {
    return `within ${formatSeconds(this.#patience.windowMs)}`;
  }

  /** Whether any of what was on its way at the last look has been taken since. The kernel's buffer hides that from the outbox. */
  #hasDelivered(): boolean {
    const before = this.#undelivered;
    const { deliveredBytes, isDelivering } = this.#watched;
    this.#undelivered = isDelivering ? deliveredBytes : undefined;
    return before !== undefined && deliveredBytes > before;
  }
}

function formatSeconds(ms: number): string {
  return `${Math.max(1, Math.round(ms / 1000))} s`;
}
