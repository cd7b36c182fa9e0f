/**
 * Fetches content for a consumer, standard output for instance. What was handed over can't be taken back: so another
 * attempt is made only as long as nothing was.
 */
import { parseRetryAfter } from "../semantics/retry-after.ts";
import type { Field } from "../wire/fields.ts";
import { type Answer, describeAnswer, measurePhases } from "./answer.ts";
import type { Connection } from "./connection.ts";
import { asTransferError, explainRefusal } from "./conversation.ts";
import { DigestCheck } from "./digest-check.ts";
import { cannotSave } from "./disk-error.ts";
import type { DownloadOptions, DownloadResult } from "./download-options.ts";
import { settleWithin, throwIfInterrupted } from "./interruption.ts";
import { ProgressMeter } from "./progress.ts";
import { refuseAnswer } from "./range-answer.ts";
import { type Arrival, follow } from "./redirect.ts";
import { pause, RetryPolicy } from "./retry.ts";
import { RttSamples } from "./rtt-samples.ts";
import type { Reply, Session } from "./session.ts";
import { DIGEST_FIELDS } from "./verify.ts";
import { readWatchedBody } from "./watched-body.ts";

export type Consume = (bytes: Uint8Array) => void | Promise<void>;

type Fetched = Omit<DownloadResult, "attempts">;

/**
 * Fetches `options.url` and hands its content to `consume`, in order.
 * @throws {TransferError}
 */
export async function fetchForConsumer(
  session: Session,
  options: DownloadOptions,
  consume: Consume,
): Promise<DownloadResult> {
  const { signal, onNotice } = options;
  const policy = new RetryPolicy({ retries: options.retries ?? 0 });
  for (let attempts = 1; ; attempts += 1) {
    const content = new ContentFetch(session, options, consume);
    try {
      return { ...(await content.run()), attempts };
    } catch (error) {
      const failure = asTransferError(error);
      const { retryAfterMs, isBegun } = content;
      const delayMs = policy.delayAfter(failure, { gainedBytes: 0, retryAfterMs });
      if (isBegun || delayMs === undefined || signal?.aborted === true) {
        content.tellAnswer();
        throw failure;
      }
      onNotice?.(`${failure.whatHappened}. Trying again in ${(delayMs / 1000).toFixed(1)} s`);
      await pause(delayMs, signal);
      throwIfInterrupted("send", signal);
    }
  }
}

/** One attempt. */
class ContentFetch {
  readonly #session: Session;
  readonly #options: DownloadOptions;
  readonly #consume: Consume;
  readonly #startedAtMs: number;
  #arrival: Arrival | undefined;
  #answer: Answer | undefined;
  #isTold = false;

  constructor(session: Session, options: DownloadOptions, consume: Consume) {
    this.#session = session;
    this.#options = options;
    this.#consume = consume;
    this.#startedAtMs = session.options.clock.monotonicMs();
  }

  /** Whether something was told or handed over. */
  get isBegun(): boolean {
    return this.#isTold;
  }

  get retryAfterMs(): number | undefined {
    const value = this.#arrival?.reply.head.fields.get("retry-after");
    return parseRetryAfter(value, this.#session.options.clock.nowMs());
  }

  /** Tells of the answer, if one came and it hasn't been told. */
  tellAnswer(): void {
    if (this.#isTold || this.#answer === undefined) return;
    this.#isTold = true;
    this.#options.onAnswer?.(this.#answer);
  }

  async run(): Promise<Fetched> {
    const { url, ownFields, signal, accept = "*/*" } = this.#options;
    const fields: readonly Field[] = [["Accept", accept], ...DIGEST_FIELDS];
    const arrival = await follow(this.#session, { url, fields, ownFields, signal });
    this.#arrival = arrival;
    const answer = describeAnswer(arrival.reply, arrival.url, this.#startedAtMs);
    this.#answer = answer;
    const refusal = refuseAnswer(arrival.reply.head, arrival);
    if (refusal === undefined) return this.#take(arrival.reply, answer);
    throw await explainRefusal(this.#session, arrival.reply, refusal);
  }

  async #take(reply: Reply, answer: Answer): Promise<Fetched> {
    const { head, connection } = reply;
    const { clock } = this.#session.options;
    this.#tellOrClose(connection);
    const totalBytes = head.framing.kind === "length" ? head.framing.length : undefined;
    const meter = new ProgressMeter(clock, totalBytes, this.#options.onProgress);
    const rtt = new RttSamples();
    const { pace } = this.#options;
    try {
      const check = new DigestCheck(head.fields, this.#options);
      const limits = { ...this.#session.options, pace };
      const trailers = await readWatchedBody(connection, limits, (bytes) => {
        check.update(bytes);
        meter.advance(bytes.length);
        rtt.sample(connection, clock.monotonicMs());
        return this.#handOver(bytes, pace?.take(bytes.length, this.#options.signal));
      });
      const phases = measurePhases(reply, clock);
      this.#session.release(connection);
      const checked = check.finish(trailers);
      meter.finish();
      return {
        answer,
        savedPath: undefined,
        bodyBytes: meter.doneBytes,
        phases,
        proof: checked?.algorithm ?? (head.framing.kind === "until-close" ? "none" : "length"),
        provenBy: checked?.by,
        resumedBytes: 0,
        receivedBytes: meter.doneBytes,
        connections: 1,
        isUnchanged: false,
        rtt: rtt.summary,
      };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  #tellOrClose(connection: Connection): void {
    try {
      this.tellAnswer();
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  #handOver(bytes: Uint8Array, due: Promise<void> | undefined): void | Promise<void> {
    const { signal } = this.#options;
    try {
      const pending = this.#consume(bytes);
      if (pending === undefined) return due;
      return due === undefined ? settleConsumer(pending, signal) : settleBoth(pending, due, signal);
    } catch (error) {
      throw cannotSave("the output", error);
    }
  }
}

async function settleBoth(
  pending: Promise<void>,
  due: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await settleConsumer(pending, signal);
  await due;
}

async function settleConsumer(pending: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const failing = pending.catch((error: unknown) => {
    throw cannotSave("the output", error);
  });
  await settleWithin(failing, { phase: "save", signal });
}
