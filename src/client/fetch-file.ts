/**
 * Fetches a file to the disk, however often the connection breaks: goes on where an earlier attempt or run has ended, as
 * long as it is certain that it is the same file, and gives it its name when it is whole and proven.
 */
import { throwIfInterrupted } from "./interruption.ts";
import { formatBytes } from "../base/units.ts";
import { parseHttpDate } from "../semantics/http-date.ts";
import { parseRetryAfter } from "../semantics/retry-after.ts";
import type { Fields } from "../wire/fields.ts";
import { asTransferError, discardBody, explainRefusal } from "./conversation.ts";
import type { Place } from "./destination.ts";
import type { DownloadOptions, DownloadResult } from "./download-options.ts";
import { isDivisible, makeSegment, type Segment } from "./download-plan.ts";
import { FileBody } from "./file-body.ts";
import { FileCrew } from "./file-crew.ts";
import { FileProof } from "./file-proof.ts";
import { FileSource } from "./file-source.ts";
import { formatRemoteUrl } from "./origin.ts";
import { stallWindowOf } from "./pace.ts";
import { PartStore } from "./part-store.ts";
import { sweepLeftovers } from "./part-sweep.ts";
import { contentLengthOf } from "./probe.ts";
import {
  type AskedRange,
  judgeRangeAnswer,
  type Naming,
  type RangeVerdict,
  refuseAnswer,
} from "./range-answer.ts";
import type { Arrival } from "./redirect.ts";
import { pause, RetryPolicy } from "./retry.ts";
import type { Reply, Session } from "./session.ts";
import { ToldAnswer } from "./told-answer.ts";
import type { TransferError } from "./transfer-error.ts";
import { strongValidator } from "./validator.ts";
import { DIGEST_FIELDS, type Proven } from "./verify.ts";

/** Content that is not what was announced is fetched once more, not again and again. */
const MAX_MISMATCHES = 2;
/** How long a transfer goes on before its length is asked for, if the server has not told it. */
const LENGTH_AFTER_MS = 300;

/**
 * Fetches `options.url` to `place`.
 * @throws {TransferError} `keptBytes` tells what the next run can go on with.
 */
export async function fetchFile(
  session: Session,
  options: DownloadOptions,
  place: Place,
): Promise<DownloadResult> {
  return new FileFetch(session, options, place).run();
}

class FileFetch {
  readonly #session: Session;
  readonly #options: DownloadOptions;
  readonly #store: PartStore;
  readonly #source: FileSource;
  readonly #body: FileBody;
  readonly #proof: FileProof;
  readonly #policy: RetryPolicy;
  readonly #told: ToldAnswer;
  #attempts = 0;
  #mismatches = 0;
  #connections = 1;
  /** Until the server has refused to give a part. */
  #mayDivide = true;
  /** The most that was ever there: what comes again is no progress. */
  #bestBytes: number;
  #retryAfterMs: number | undefined;
  #modifiedMs: number | undefined;
  /** Whether the end of the content was only the connection's. */
  #isUnbounded = false;

  constructor(session: Session, options: DownloadOptions, place: Place) {
    const { clock } = session.options;
    this.#session = session;
    this.#options = options;
    this.#told = new ToldAnswer(options.onAnswer, clock.monotonicMs());
    sweepLeftovers(place.folder);
    this.#store = new PartStore(place, formatRemoteUrl(options.url), clock);
    this.#source = new FileSource(session, options, this.#store);
    this.#body = new FileBody(this.#store, {
      clock,
      stallWindowMs: stallWindowOf(session.options),
      pace: options.pace,
      onProgress: options.onProgress,
      signal: options.signal,
    });
    this.#policy = new RetryPolicy({ retries: options.retries ?? 0 });
    this.#bestBytes = this.#store.earlierBytes;
    this.#proof = new FileProof(this.#store, this.#body.hash, options);
  }

  async run(): Promise<DownloadResult> {
    try {
      for (;;) {
        this.#attempts += 1;
        const gainedFrom = this.#bestBytes;
        this.#retryAfterMs = undefined;
        try {
          await this.#attempt();
          return await this.#finish();
        } catch (error) {
          await this.#recover(asTransferError(error), gainedFrom);
        }
      }
    } catch (error) {
      this.#body.hash.stop();
      throw await this.#end(asTransferError(error));
    }
  }

  /** One request for what is missing, and what follows from its answer. */
  async #attempt(): Promise<void> {
    const asked = this.#rangeToAsk();
    let arrival = await this.#source.ask(asked, this.#proof.isWanted);
    let verdict = asked && judgeRangeAnswer(arrival.reply.head, asked, this.#naming(arrival));
    if (verdict?.kind === "unfit" || verdict?.kind === "refused") {
      await discardBody(this.#session, arrival.reply);
      if (verdict.kind === "unfit") {
        this.#notice(`Nothing that is there can be kept, since ${verdict.reason}; beginning again`);
        this.#forget();
      }
      arrival = await this.#source.ask(undefined, this.#proof.isWanted);
      verdict = undefined;
    }
    this.#noteAnswer(arrival);
    if (verdict?.kind === "nothing-more") return this.#takeNothing(arrival);
    if (verdict?.kind === "part") return this.#takePart(arrival, verdict, asked?.start ?? 0);
    const refusal = refuseAnswer(arrival.reply.head, this.#naming(arrival));
    if (refusal === undefined) return this.#takeWhole(arrival);
    throw await explainRefusal(this.#session, arrival.reply, refusal);
  }

  #naming({ url }: Arrival): Naming {
    return { url, savedAs: this.#store.path };
  }

  /** The first gap of what is there already, if that can be relied on. */
  #rangeToAsk(): AskedRange | undefined {
    const { version, written } = this.#store;
    if (version?.validator === undefined || written.totalBytes === 0) return undefined;
    const { validator, totalBytes } = version;
    const [gap] = totalBytes === undefined ? [] : written.gaps(totalBytes);
    const start = gap?.start ?? totalBytes ?? written.prefixEnd;
    const end = gap === undefined || gap.end === totalBytes ? undefined : gap.end;
    return { start, end, validator, totalBytes };
  }

  #noteAnswer(arrival: Arrival): void {
    const { clock } = this.#session.options;
    const { connection } = this.#told.note(arrival, this.#store.version?.totalBytes);
    this.#body.rtt.sample(connection, clock.monotonicMs());
    this.#retryAfterMs = parseRetryAfter(arrival.reply.head.fields.get("retry-after"), clock.nowMs());
  }

  async #takeNothing({ reply }: Arrival): Promise<void> {
    this.#store.learn({ totalBytes: this.#store.written.prefixEnd });
    this.#learnFrom(reply.head.fields, "part");
    this.#orClose(reply, () => this.#told.tell());
    this.#body.recount();
    await discardBody(this.#session, reply);
  }

  /** @param position where the part begins, which was asked for. */
  async #takePart(
    arrival: Arrival,
    verdict: RangeVerdict & { readonly kind: "part" },
    position: number,
  ): Promise<void> {
    const { reply } = arrival;
    this.#store.learn({ totalBytes: verdict.totalBytes });
    this.#told.learnTotal(verdict.totalBytes);
    this.#learnFrom(reply.head.fields, "part");
    await this.#takeSegments(arrival, makeSegment(position, verdict.end), { mayDivide: true });
  }

  async #takeWhole(arrival: Arrival): Promise<void> {
    const { reply } = arrival;
    const { head } = reply;
    if (this.#store.written.totalBytes > 0) {
      this.#notice("The server sends the file from its beginning: it has changed, or can't be resumed");
    }
    const validator = strongValidator(head.fields, this.#session.options.clock.nowMs());
    const totalBytes = head.framing.kind === "length" ? head.framing.length : undefined;
    this.#isUnbounded = head.framing.kind === "until-close";
    this.#store.begin({ validator, totalBytes, sha256: undefined });
    this.#body.hash.restart();
    this.#learnFrom(head.fields, "whole");
    this.#proof.refuseUnprovable(head.fields);
    const mayDivide =
      validator !== undefined &&
      isDivisible(totalBytes) &&
      /\bbytes\b/i.test(head.fields.get("accept-ranges") ?? "");
    await this.#takeSegments(arrival, makeSegment(0, totalBytes), { mayDivide });
  }

  #learnFrom(fields: Fields, content: "whole" | "part"): void {
    const modified = fields.get("last-modified");
    const nowMs = this.#session.options.clock.nowMs();
    if (modified !== undefined) this.#modifiedMs = parseHttpDate(modified, nowMs);
    this.#proof.learn(fields, content);
  }

  async #takeSegments(
    arrival: Arrival,
    segment: Segment,
    { mayDivide }: { readonly mayDivide: boolean },
  ): Promise<void> {
    const { reply } = arrival;
    this.#orClose(reply, () => {
      this.#store.reserve();
      this.#told.tell();
    });
    this.#body.recount();
    const crew = new FileCrew({
      store: this.#store,
      clock: this.#session.options.clock,
      connections: this.#options.connections ?? 1,
      ask: (part) => this.#source.askPart(arrival.url, part),
      take: (from, part) => this.#takeBody(from, part),
    });
    const over = new AbortController();
    const asking = this.#learnLength(arrival, segment, over.signal);
    try {
      const trailers = await crew.run(reply, segment, mayDivide && this.#mayDivide);
      this.#proof.learnFromTrailers(reply.head.fields, trailers);
    } finally {
      over.abort();
      await asking;
      this.#connections = Math.max(this.#connections, crew.most);
      if (crew.isRefused) this.#mayDivide = false;
      this.#bestBytes = Math.max(this.#bestBytes, this.#store.written.totalBytes);
    }
  }

  async #takeBody(reply: Reply, segment: Segment): Promise<Fields | undefined> {
    const trailers = await this.#body.take(reply, segment);
    if (trailers === undefined) return undefined;
    if (segment.end === undefined) this.#store.learn({ totalBytes: segment.position });
    this.#session.release(reply.connection);
    return trailers;
  }

  /**
   * Asks how long the file is when a transfer without a length lasts: for the progress, to divide it, and whether there is room.
   * Never rejects. Once the transfer is `over` it ends, and nothing is touched: the connection may be another transfer's by then.
   */
  async #learnLength({ url, reply }: Arrival, segment: Segment, over: AbortSignal): Promise<void> {
    const isWanted = () =>
      !over.aborted && segment.end === undefined && this.#store.version?.totalBytes === undefined;
    if (this.#store.version?.validator === undefined || !isWanted()) return;
    await pause(LENGTH_AFTER_MS, over);
    if (!isWanted()) return;
    const head = await this.#source.askHead(url, [], over).catch(() => undefined);
    if (!isWanted()) return;
    const totalBytes = head && contentLengthOf(head);
    if (totalBytes === undefined || totalBytes < segment.position) return;
    this.#store.learn({ totalBytes });
    segment.end = totalBytes;
    segment.askedEnd = totalBytes;
    segment.hintedEnd = totalBytes;
    try {
      this.#body.recount();
      this.#store.reserve();
    } catch (error) {
      reply.connection.abandon(asTransferError(error));
    }
  }

  /** All is there: proves it, and gives it its name. */
  async #finish(): Promise<DownloadResult> {
    const { signal, folderSyncs } = this.#options;
    const transferredAtMs = this.#session.options.clock.monotonicMs();
    const sizeBytes = this.#store.version?.totalBytes ?? 0;
    if (this.#proof.isMissing) await this.#askDigest();
    this.#body.finish("check");
    const proven = await this.#proof.check(sizeBytes);
    this.#body.finish("disk");
    const modifiedMs = this.#options.modifiedMs ?? this.#modifiedMs;
    if (modifiedMs !== undefined) this.#store.setModified(modifiedMs);
    await this.#store.commit(sizeBytes, () => throwIfInterrupted("save", signal), folderSyncs);
    this.#body.finish();
    return this.#result(sizeBytes, transferredAtMs, proven);
  }

  /** For a digest that has not come with the content. Without an answer it is just not had; who ends the transfer meanwhile is heard later. */
  async #askDigest(): Promise<void> {
    this.#body.finish("digest");
    const url = this.#told.answer?.url ?? this.#options.url;
    const fields = await this.#source.askHead(url, DIGEST_FIELDS.slice(0, 1)).catch(() => undefined);
    if (fields !== undefined) this.#proof.learn(fields, "whole");
  }

  #result(sizeBytes: number, transferredAtMs: number, proven: Proven | undefined): DownloadResult {
    const { answer } = this.#told;
    const phases = this.#told.phasesUntil(transferredAtMs, this.#session.options.clock.monotonicMs());
    if (answer === undefined || phases === undefined) throw new Error("Done without an answer");
    return {
      answer,
      savedPath: this.#store.path,
      bodyBytes: sizeBytes,
      phases,
      proof: proven?.algorithm ?? (this.#isUnbounded ? "none" : "length"),
      provenBy: proven?.by,
      attempts: this.#attempts,
      resumedBytes: this.#store.earlierBytes,
      receivedBytes: this.#body.receivedBytes,
      connections: this.#connections,
      isUnchanged: false,
      rtt: this.#body.rtt.summary,
    };
  }

  /** Decides what follows a failure, and waits for it. @throws the failure when nothing does. */
  async #recover(failure: TransferError, gainedFrom: number): Promise<void> {
    const { signal } = this.#options;
    if (failure.phase === "verify") {
      this.#forget();
      this.#mismatches += 1;
      if (this.#mismatches >= MAX_MISMATCHES) throw failure;
    }
    const gainedBytes = this.#bestBytes - gainedFrom;
    const delayMs = this.#policy.delayAfter(failure, { gainedBytes, retryAfterMs: this.#retryAfterMs });
    if (delayMs === undefined || signal?.aborted === true) throw failure;
    this.#notice(this.#retryText(failure, delayMs));
    await pause(delayMs, signal);
    throwIfInterrupted("send", signal);
    if (!this.#store.isResumable) this.#forget();
  }

  #retryText(failure: TransferError, delayMs: number): string {
    const { written, isResumable } = this.#store;
    const when = delayMs < 100 ? "now" : `in ${(delayMs / 1000).toFixed(1)} s`;
    const from = isResumable
      ? `, going on after ${formatBytes(written.totalBytes)}`
      : written.totalBytes > 0
        ? ", from the beginning, since the server gives no strong ETag to go on by"
        : "";
    return `${failure.whatHappened}. Trying again ${when}${from}`;
  }

  #forget(): void {
    this.#store.begin(undefined);
    this.#body.hash.restart();
  }

  #notice(text: string): void {
    this.#options.onNotice?.(text);
  }

  #orClose(reply: Reply, work: () => void): void {
    try {
      work();
    } catch (error) {
      reply.connection.close();
      throw error;
    }
  }

  /** Ends for good: keeps what the next run can go on with. @returns the error that says so. */
  async #end(failure: TransferError): Promise<TransferError> {
    if (!this.#store.isResumable || failure.phase === "verify") {
      this.#store.discard();
      if (failure.status !== undefined) this.#told.tell();
      return failure;
    }
    const keptBytes = await this.#store.keep();
    if (failure.status !== undefined) this.#told.tell();
    return keptBytes === 0 ? failure : failure.keeping(keptBytes);
  }
}
