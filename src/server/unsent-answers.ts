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
  readonly #requests: RequestInProgress[] = [];

  constructor(sender: Sender, context: UnsentContext) {
    this.#sender = sender;
    this.#context = context;
  }

  push(request: RequestInProgress): void {
    this.#requests.push(request);
  }

  /** Tells of those that the kernel has taken whole. */
  settleSent(nowMs: number): void {
    while (this.#requests[0]?.answer?.isSent === true) {
      const request = this.#requests.shift();
      if (request !== undefined) this.#settle(request, { isWhole: true, nowMs });
    }
  }

  /** The connection has ended: what is still here was not sent whole. */
  settleAll(nowMs: number): void {
    for (const request of this.#requests.splice(0)) this.#settle(request, { isWhole: false, nowMs });
  }

  #settle(request: RequestInProgress, how: { readonly isWhole: boolean; readonly nowMs: number }): void {
    request.close();
    const { clock, observer, onActivity } = this.#context;
    onActivity(how.nowMs);
    if (observer.answered !== undefined) tellAnswer(observer, this.#sender, request, { ...how, clock });
  }
}
