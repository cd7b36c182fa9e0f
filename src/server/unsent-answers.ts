/**
 * Requests whose answers are in the outbox and not yet wholly with the kernel, in order: each is told of when it is.
 */
import type { Clock } from "../base/clock.ts";
import type { ServerObserver } from "./observer.ts";
import { type Sender, tellAnswer } from "./records.ts";
import type { RequestInProgress } from "./request-in-progress.ts";

export type UnsentContext = {
  readonly clock: Clock;
  readonly observer: ServerObserver;
  /** Called after each answer, with the time on the monotonic clock. */
  readonly onActivity: (nowMs: number) => void;
};

export class UnsentAnswers {
  readonly #sender: Sender;
  readonly #context: UnsentContext;
  #first: RequestInProgress | undefined;
  /** Those after the first: there are some only when requests are pipelined. */
  #others: RequestInProgress[] | undefined;

  constructor(sender: Sender, context: UnsentContext) {
    this.#sender = sender;
    this.#context = context;
  }

  push(request: RequestInProgress): void {
    if (this.#first === undefined) this.#first = request;
    else (this.#others ??= []).push(request);
  }

  /** Tells of those that the kernel has taken whole. */
  settleSent(nowMs: number): void {
    while (this.#first?.answer?.isSent === true) this.#settle(this.#first, { isWhole: true, nowMs });
  }

  /** The connection has ended: what is still here was not sent whole. */
  settleAll(): void {
    if (this.#first === undefined) return;
    const nowMs = this.#context.clock.monotonicMs();
    while (this.#first !== undefined) this.#settle(this.#first, { isWhole: false, nowMs });
  }

  /** @param request the first one. */
  #settle(request: RequestInProgress, how: { readonly isWhole: boolean; readonly nowMs: number }): void {
    this.#first = this.#others?.shift();
    request.close();
    const { clock, observer, onActivity } = this.#context;
    onActivity(how.nowMs);
    if (observer.answered !== undefined) tellAnswer(observer, this.#sender, request, { ...how, clock });
  }
}
