/**
 * The progress of one transfer, drawn again and again on one line of a terminal.
 */
import type { Clock } from "../base/clock.ts";
import { printable } from "../base/printable.ts";
import { formatBytes, formatDurationMs, formatRate } from "../base/units.ts";
import type { TransferProgress } from "../client/report.ts";
import type { Output } from "./terminal.ts";

/** What is over sooner needs no bar. */
const SHOW_AFTER_MS = 500;

const MAX_BAR = 30;
const MIN_BAR = 6;

/** Begins a line anew and clears what was on it (ECMA-48 CR, EL). */
const CLEAR_LINE = "\r\u001b[K";

export type ProgressFacts = {
  readonly name: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  readonly rateBytesPerS: number;
};

/** Draws on a terminal after half a second, and nothing at all elsewhere. */
export class ProgressBar {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #startMs: number;
  /** The first count, and when it came. */
  #first: { readonly bytes: number; readonly ms: number } | undefined;
  #isDrawn = false;

  constructor(output: Output, clock: Clock, name: string) {
    this.#output = output;
    this.#clock = clock;
    this.#name = name;
    this.#startMs = clock.monotonicMs();
  }

  /** Takes the counts as they are now. */
  update({ doneBytes, totalBytes }: TransferProgress): void {
    const nowMs = this.#clock.monotonicMs();
    // What an earlier run had fetched does not count for the rate of this one, nor does the wait for the first byte.
    this.#first ??= { bytes: doneBytes, ms: nowMs };
    if (!this.#output.isTerminal || nowMs - this.#startMs < SHOW_AFTER_MS) return;
    const movedMs = nowMs - this.#first.ms;
    const rateBytesPerS = movedMs > 0 ? ((doneBytes - this.#first.bytes) / movedMs) * 1000 : 0;
    const facts = { name: this.#name, doneBytes, totalBytes, rateBytesPerS };
    this.#output.print(`${CLEAR_LINE}${formatProgress(facts, this.#output.columns() - 1)}`);
    this.#isDrawn = true;
  }

  /** Takes the bar away, so that what follows begins a clean line. */
  clear(): void {
    if (this.#isDrawn) this.#output.print(CLEAR_LINE);
    this.#isDrawn = false;
  }
}

/**
 * Formats `photo.jpg  45 % [#####-----] 12 MB of 30 MB  98 MB/s  3 s left` within `columns`; what does not fit is left
 * out, the least important first: the bar, the time left, the rate, the name.
 */
export function formatProgress(facts: ProgressFacts, columns: number): string {
  const { doneBytes, totalBytes, rateBytesPerS } = facts;
  const share =
    totalBytes === undefined || totalBytes === 0 ? undefined : Math.min(1, doneBytes / totalBytes);
  const percent = share === undefined ? formatBytes(doneBytes) : `${Math.floor(share * 100)} %`.padStart(5);
  const counts = totalBytes === undefined ? "" : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
  const parts = [percent, printable(facts.name), formatRate(rateBytesPerS), counts, formatTimeLeft(facts)];
  const kept: string[] = [];
  let width = 0;
  for (const part of parts) {
    const isFitting = part !== "" && width + part.length + 2 <= columns + 2;
    kept.push(isFitting ? part : "");
    if (isFitting) width += part.length + 2;
  }
  const [shownPercent = "", name = "", rate = "", shownCounts = "", left = ""] = kept;
  const bar = share === undefined ? "" : formatBar(share, columns - width);
  return [name, shownPercent, bar, shownCounts, rate, left].filter((part) => part !== "").join("  ");
}

function formatTimeLeft({ doneBytes, totalBytes, rateBytesPerS }: ProgressFacts): string {
  if (totalBytes === undefined || rateBytesPerS <= 0 || doneBytes >= totalBytes) return "";
  return `${formatDurationMs(Math.ceil((totalBytes - doneBytes) / rateBytesPerS) * 1000)} left`;
}

function formatBar(share: number, columns: number): string {
  const cells = Math.min(MAX_BAR, columns - 2);
  if (cells < MIN_BAR) return "";
  const full = Math.floor(share * cells);
  return `[${"#".repeat(full)}${"-".repeat(cells - full)}]`;
}
