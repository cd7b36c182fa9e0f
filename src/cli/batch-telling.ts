/**
 * What is told of many transfers while they run: lines and a progress block for people, one JSON object a line for scripts.
 */
import { formatJsonLine } from "../base/json-line.ts";
import { printable } from "../base/printable.ts";
import { formatBytes, formatDurationMs, formatRate } from "../base/units.ts";
import type { TransferProgress } from "../client/report.ts";
import { formatRemoteUrl } from "../client/origin.ts";
import type { BatchCounts, BatchItem, BatchSubject, ItemEnd } from "./batch.ts";
import type { BatchProgress } from "./batch-progress.ts";
import { EXIT, type Failure } from "./exit.ts";
import { describeTransfer, formatConfirmation } from "./transfer-report.ts";
import type { Transfer } from "./transfer-report.ts";
import type { TransferSettings } from "./transfer-run.ts";

/** `progress` events of one file come this seldom. */
const EVENT_INTERVAL_MS = 500;

export type BatchEnd = {
  readonly durationMs: number;
  readonly exitCode: number;
  /** What has ended the run from outside, if anything. */
  readonly ending: Failure | undefined;
};

export type BatchTellingSettings = TransferSettings & {
  /** What to do after a run that was ended from outside, when the same command does not go on. */
  readonly toGoOn?: string | undefined;
};

export class BatchTelling {
  readonly #settings: BatchTellingSettings;
  readonly #progress: BatchProgress;
  readonly #toldAtMs = new Map<number, number>();

  constructor(settings: BatchTellingSettings, progress: BatchProgress) {
    this.#settings = settings;
    this.#progress = progress;
  }

  /** Says which items are to come. */
  expect(items: readonly BatchItem[]): void {
    this.#progress.expect(items.map(({ sizeBytes }) => sizeBytes));
  }

  started(id: number, { name, url, sizeBytes }: BatchItem): void {
    this.#event("started", { n: id, name, url: formatRemoteUrl(url) });
    this.#progress.begin(id, name, sizeBytes);
    this.#toldAtMs.set(id, performance.now());
  }

  progress(id: number, progress: TransferProgress): void {
    this.#progress.update(id, progress);
    const nowMs = performance.now();
    if (nowMs - (this.#toldAtMs.get(id) ?? nowMs) < EVENT_INTERVAL_MS) return;
    this.#toldAtMs.set(id, nowMs);
    this.#event("progress", { n: id, bytes: progress.doneBytes, totalBytes: progress.totalBytes });
  }

  /** An item that did not fail. */
  ended(
    id: number,
    item: BatchItem,
    { end, transfer }: { readonly end: ItemEnd; readonly transfer: Transfer },
  ): void {
    this.#finish(id);
    const { name } = item;
    if (transfer.done === undefined) {
      this.#event(end.kind, { n: id, name, url: formatRemoteUrl(item.url) });
      if (end.kind === "planned") this.#line(`Would ${verbOf(transfer)} ${printable(name)}`);
      return;
    }
    this.#settings.clientLog?.append(transfer);
    this.#event("finished", { n: id, name, ...describeTransfer(transfer) });
    this.#line(formatConfirmation({ ...transfer, done: transfer.done }, name));
  }

  /** An item that failed; of those that were ended from outside, the summary speaks. */
  async failed(
    id: number,
    item: BatchItem,
    { transfer, isEnded }: { readonly transfer: Transfer; readonly isEnded: boolean },
  ): Promise<void> {
    this.#finish(id);
    const { failure } = transfer;
    if (failure === undefined) return;
    this.#settings.clientLog?.append(transfer);
    this.#event("failed", { n: id, name: item.name, ...describeTransfer(transfer) });
    if (!isEnded) await this.#error(`${printable(item.name)}: ${failure.text}`);
  }

  /** Something that never became an item, and counts as a failure. */
  async problem(name: string, failure: Failure): Promise<void> {
    this.#event("failed", { name, error: { message: failure.text }, exitCode: failure.code });
    await this.#error(`${printable(name)}: ${failure.text}`);
  }

  /** What ended everything. Mostly its sentence says of what it speaks. */
  async failedAll({ name, url }: BatchSubject, failure: Failure): Promise<void> {
    const facts = { name, ...(url && { url: formatRemoteUrl(url) }) };
    this.#event("failed", { ...facts, error: { message: failure.text }, exitCode: failure.code });
    const shown = printable(name);
    await this.#error(failure.text.includes(shown) ? failure.text : `${shown}: ${failure.text}`);
  }

  skipped(name: string, reason: string): void {
    this.#event("skipped", { name, reason });
    this.#line(`Skipped ${printable(name)}: ${reason}`);
  }

  deleted(name: string, how: "done" | "planned"): void {
    this.#event("deleted", { name, isPlanned: how === "planned" });
    this.#line(`${how === "planned" ? "Would delete" : "Deleted"} ${printable(name)}`);
  }

  /** A sentence for people in between. */
  remark(text: string): void {
    this.#line(text);
  }

  /** A passing state on the progress line, such as the listings that are being read. */
  status(text: string): void {
    this.#progress.status(text);
  }

  async summary(counts: BatchCounts, end: BatchEnd): Promise<void> {
    this.#progress.end();
    const { bodyBytes, movedBytes, ...numbers } = counts;
    const { durationMs, exitCode, ending } = end;
    this.#event("summary", {
      ...numbers,
      bytes: bodyBytes,
      durationMs: Math.round(durationMs),
      rateBytesPerS: Math.round(rateOf(movedBytes, durationMs)),
      exitCode,
    });
    if (ending !== undefined) await this.#tellEnding(ending);
    this.#line(formatSummary(counts, end));
  }

  /** Who has pressed Ctrl-C knows; all else is an error. */
  async #tellEnding({ code, text }: Failure): Promise<void> {
    const { toGoOn = "the same command goes on from here" } = this.#settings;
    if (code === EXIT.interrupted) this.#line(`${text}; ${toGoOn}`);
    else await this.#error(`${text}; ${toGoOn}`);
  }

  #finish(id: number): void {
    this.#progress.finish(id);
    this.#toldAtMs.delete(id);
  }

  #event(event: string, facts: Readonly<Record<string, unknown>>): void {
    if (this.#settings.telling !== "json") return;
    this.#settings.terminal.out.print(`${formatJsonLine({ event, ...facts })}\n`);
  }

  #line(text: string): void {
    const { telling, terminal } = this.#settings;
    if (telling !== "panel" && telling !== "line") return;
    this.#progress.clear();
    terminal.err.print(`${text}\n`);
  }

  async #error(text: string): Promise<void> {
    this.#progress.hold();
    await this.#settings.log.error(text);
    this.#progress.release();
  }
}

function verbOf({ command }: Transfer): string {
  return command === "get" ? "fetch" : "send";
}

const COUNT_WORDS: readonly (readonly [key: keyof BatchCounts, words: string])[] = [
  ["planned", "to transfer"],
  ["unchanged", "unchanged"],
  ["deleted", "deleted"],
  ["toDelete", "to delete"],
  ["skipped", "skipped"],
  ["failed", "failed"],
  ["left", "not begun"],
];

/** Formats `12 files, 3.4 MB in 1.2 s (2.8 MB/s), 30 unchanged, 1 failed`. */
export function formatSummary(counts: BatchCounts, { durationMs }: BatchEnd): string {
  const files = counts.transferred === 1 ? "1 file" : `${counts.transferred} files`;
  const rate = counts.movedBytes === 0 ? "" : ` (${formatRate(rateOf(counts.movedBytes, durationMs))})`;
  const begin = `${files}, ${formatBytes(counts.bodyBytes)} in ${formatDurationMs(durationMs)}${rate}`;
  const others = COUNT_WORDS.filter(([key]) => counts[key] > 0).map(
    ([key, words]) => `${counts[key]} ${words}`,
  );
  return [begin, ...others].join(", ");
}

function rateOf(bytes: number, durationMs: number): number {
  return (bytes / Math.max(durationMs, 1)) * 1000;
}
