/**
 * Many transfers in one run: a few at a time, each told of, and summed up at the end.
 */
import { systemClock } from "../base/clock.ts";
import { printable } from "../base/printable.ts";
import type { Answer } from "../client/download.ts";
import { runPool } from "../client/job-pool.ts";
import type { RemoteUrl } from "../client/origin.ts";
import type { BatchTelling } from "./batch-telling.ts";
import { describeEnding, describeFailure, EXIT } from "./exit.ts";
import { movedBytesOf, type Transfer, type TransferDone } from "./transfer-report.ts";
import type { TransferHooks } from "./transfer-run.ts";

export type BatchItem = {
  /** What is transferred, as it is shown; not printable yet. */
  readonly name: string;
  readonly url: RemoteUrl;
  /** How much it is, where that is known beforehand. */
  readonly sizeBytes?: number | undefined;
  readonly run: (hooks: TransferHooks) => Promise<ItemEnd>;
};

/** How an item ended that did not fail. */
export type ItemEnd =
  | { readonly kind: "transferred"; readonly done: TransferDone }
  | { readonly kind: "unchanged" }
  /** With `--dry-run`: it would have been transferred. */
  | { readonly kind: "planned" };

/** All that a run is to transfer, as it was asked for. */
export type BatchSubject = {
  /** Not printable yet. */
  readonly name: string;
  /** Of a folder on a server. */
  readonly url?: RemoteUrl;
};

export type BatchOptions = {
  readonly command: Transfer["command"];
  readonly jobs: number;
  /**
   * What no further item is begun after: any failure, or only one of the network, so that of a tree as much is transferred as
   * can be; or nothing at all.
   */
  readonly stopsAfter: "any failure" | "network failure" | "nothing";
  readonly signal: AbortSignal;
  readonly telling: BatchTelling;
};

/** What has become of everything. */
export type BatchCounts = {
  transferred: number;
  unchanged: number;
  planned: number;
  deleted: number;
  /** With `--dry-run`: they would have been deleted. */
  toDelete: number;
  skipped: number;
  failed: number;
  /** Never begun, since the run ended before. */
  left: number;
  bodyBytes: number;
  /** Of that, what this run has moved. */
  movedBytes: number;
};

export class Batch {
  readonly counts: BatchCounts = {
    transferred: 0,
    unchanged: 0,
    planned: 0,
    deleted: 0,
    toDelete: 0,
    skipped: 0,
    failed: 0,
    left: 0,
    bodyBytes: 0,
    movedBytes: 0,
  };
  readonly #options: BatchOptions;
  readonly #startedAtMs = systemClock.monotonicMs();
  #itemCount = 0;
  #exitCode: number = EXIT.done;
  #isStopped = false;

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  /** Whether everything has gone well so far. */
  get isFlawless(): boolean {
    return this.#exitCode === EXIT.done && !this.#options.signal.aborted;
  }

  /** Transfers `items`, as far as failures allow. Never rejects: what went wrong has been told. */
  async run(items: readonly BatchItem[]): Promise<void> {
    const { telling, jobs, signal } = this.#options;
    let begunCount = 0;
    telling.expect(items);
    await runPool(items, { jobs, mayGoOn: () => !this.#isStopped && !signal.aborted }, async (item) => {
      begunCount += 1;
      await this.#runItem(item);
    });
    this.counts.left += items.length - begunCount;
  }

  /** Tells of something that is left out although it was asked for; it counts as a failure. */
  async problem(name: string, error: unknown): Promise<void> {
    const failure = describeFailure(error);
    this.#fail(failure.code);
    await this.#options.telling.problem(name, failure);
  }

  /** Tells of what kept all of `subject` from being transferred, or what was left of it. */
  async failAll(subject: BatchSubject, error: unknown): Promise<void> {
    const failure = describeFailure(error);
    this.#fail(failure.code);
    await this.#options.telling.failedAll(subject, failure);
  }

  /** Tells of something that is left out as it should be. */
  skip(name: string, reason: string): void {
    this.counts.skipped += 1;
    this.#options.telling.skipped(name, reason);
  }

  /** Tells of something that was deleted here, or would be. */
  deleted(name: string, how: "done" | "planned"): void {
    this.counts[how === "planned" ? "toDelete" : "deleted"] += 1;
    this.#options.telling.deleted(name, how);
  }

  /** Tells the summary. @returns the exit code: that of the first failure, or of what has ended the run from outside. */
  async finish(): Promise<number> {
    const ending = describeEnding(this.#options.signal);
    const exitCode = ending?.code ?? this.#exitCode;
    const durationMs = systemClock.monotonicMs() - this.#startedAtMs;
    await this.#options.telling.summary(this.counts, { durationMs, exitCode, ending });
    return exitCode;
  }

  async #runItem(item: BatchItem): Promise<void> {
    const { telling, command } = this.#options;
    const id = (this.#itemCount += 1);
    let answer: Answer | undefined;
    telling.started(id, item);
    try {
      const end = await item.run({
        onAnswer: (received) => {
          answer = received;
        },
        onProgress: (progress) => telling.progress(id, progress),
        onNotice: (text) => telling.remark(`${printable(item.name)}: ${text}`),
      });
      this.#count(end);
      const done = end.kind === "transferred" ? end.done : undefined;
      telling.ended(id, item, {
        end,
        transfer: { command, url: item.url, answer, done, failure: undefined },
      });
    } catch (error) {
      const ending = describeEnding(this.#options.signal);
      const failure = { ...(ending ?? describeFailure(error)), error };
      const transfer: Transfer = { command, url: item.url, answer, done: undefined, failure };
      this.#fail(failure.code);
      await telling.failed(id, item, { transfer, isEnded: ending !== undefined });
    }
  }

  #count(end: ItemEnd): void {
    this.counts[end.kind] += 1;
    if (end.kind !== "transferred") return;
    this.counts.bodyBytes += end.done.bodyBytes;
    this.counts.movedBytes += movedBytesOf(end.done);
  }

  #fail(code: number): void {
    this.counts.failed += 1;
    if (this.#exitCode === EXIT.done) this.#exitCode = code;
    const { stopsAfter } = this.#options;
    if (stopsAfter === "any failure" || (stopsAfter === "network failure" && code === EXIT.network)) {
      this.#isStopped = true;
    }
  }
}
