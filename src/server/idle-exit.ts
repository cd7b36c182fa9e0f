/**
 * The end of a server that nobody needs: it ends itself when no request came for long enough. A connection on which
 * something is under way is need enough.
 */
import type { Timed } from "../net/deadline.ts";

export type IdleExitOptions = {
  /** `undefined`: never. */
  readonly idleExitMs: number | undefined;
  /** Connections on which something is under way, now. */
  readonly busyCount: () => number;
  readonly onIdle: () => void;
};

export class IdleExit implements Timed {
  readonly #options: IdleExitOptions;
  #deadlineMs: number;
  #activeMs: number;

  /** Begins to count at `nowMs`, on the monotonic clock. */
  constructor(options: IdleExitOptions, nowMs: number) {
    this.#options = options;
    this.#activeMs = nowMs;
    this.#deadlineMs = nowMs + (options.idleExitMs ?? Number.POSITIVE_INFINITY);
  }

  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** Begins to count anew: a request has been answered. */
  note(nowMs: number): void {
    this.#activeMs = nowMs;
    this.#deadlineMs = nowMs + (this.#options.idleExitMs ?? Number.POSITIVE_INFINITY);
  }

  /** For how long nothing was asked, in ms; 0 while something is under way. */
  quietMs(nowMs: number): number {
    return this.#options.busyCount() > 0 ? 0 : nowMs - this.#activeMs;
  }

  expire(nowMs: number): void {
    if (this.#options.busyCount() > 0) return this.note(nowMs);
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#options.onIdle();
  }
}
