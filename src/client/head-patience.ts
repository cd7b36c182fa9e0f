/**
 * How long the head of an answer is waited for once something of it has come: silence is limited elsewhere, and who drips a
 * head, or says one interim answer after the other (RFC 9110 §15.2), is never silent.
 */
import type { WireEvent } from "../wire/message.ts";

/** Interim answers that tell of work: 102 Processing (RFC 2518 §10.1), 104 Upload Resumption Supported. */
const WORKING_STATUSES: ReadonlySet<number> = new Set([102, 104]);
/** So long a server may say that it is at work: the digest of many terabytes takes hours. */
const LONGEST_WORK_MS = 24 * 3_600_000;

export class HeadPatience {
  /** How long a head may take from its first byte on, or from the last word of work, in ms. */
  readonly windowMs: number;
  #isWaiting = false;
  /** When the answer began, or the server last told of its work; `undefined` while it has said nothing since. */
  #sinceMs: number | undefined;
  /** When it told of its work first. */
  #workedFromMs: number | undefined;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /** A request begins. */
  begin(): void {
    this.#isWaiting = true;
    this.restart();
  }

  /** What has come until now does not count: the server is still taking the request. */
  restart(): void {
    this.#sinceMs = undefined;
    this.#workedFromMs = undefined;
  }

  /** Something came at `nowMs`, on the monotonic clock. */
  noteBytes(nowMs: number): void {
    this.#sinceMs ??= nowMs;
  }

  /** Takes note of a head; other events are none of it. */
  noteEvent(event: WireEvent, nowMs: number): void {
    if (event.kind === "response") this.#isWaiting = false;
    if (event.kind !== "informational" || !WORKING_STATUSES.has(event.status)) return;
    this.#workedFromMs ??= nowMs;
    if (nowMs - this.#workedFromMs < LONGEST_WORK_MS) this.#sinceMs = nowMs;
  }

  /** Whether the answer's head is overdue at `nowMs`. */
  isOver(nowMs: number): boolean {
    return this.#isWaiting && this.#sinceMs !== undefined && nowMs - this.#sinceMs >= this.windowMs;
  }
}
