/**
 * The progress of one transfer, drawn again and again on one line of a terminal.
 */
import type { Clock } from "../base/clock.ts";
import { printable } from "../base/printable.ts";
import { formatBytes, formatDurationMs, formatRate } from "../base/units.ts";
import type { LastWait, TransferProgress } from "../client/report.ts";
import type { Extent } from "../client/written-spans.ts";
import type { Output } from "./terminal.ts";

/** What is over sooner needs no bar. */
const SHOW_AFTER_MS = 500;

const MAX_BAR = 30;
const MIN_BAR = 6;

/** Begins a line anew and clears what was on it (ECMA-48 CR, EL). */
const CLEAR_LINE = "\r\u001b[K";

const WAIT_WORDS: Readonly<Record<LastWait, string>> = {
  digest: "waiting for the server's digest",
  check: "checking",
  disk: "writing to the disk",
};

export type ProgressFacts = TransferProgress & { readonly name: string; readonly rateBytesPerS: number };

/** Draws on a terminal after half a second, and nothing at all elsewhere. */
export class ProgressBar {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #startMs: number;
  /** The first count, and when it came. */
  #first: { readonly bytes: number; readonly ms: number } | undefined;
  #isDrawn = false;
  #late: ReturnType<typeof setTimeout> | undefined;

  constructor(output: Output, clock: Clock, name: string) {
    this.#output = output;
    this.#clock = clock;
    this.#name = name;
    this.#startMs = clock.monotonicMs();
  }

  /** Takes the counts as they are now. */
  update(progress: TransferProgress): void {
    const { doneBytes, waitsFor } = progress;
    const nowMs = this.#clock.monotonicMs();
    // What an earlier run had fetched does not count for the rate of this one, nor does the wait for the first byte.
    this.#first ??= { bytes: doneBytes, ms: nowMs };
    clearTimeout(this.#late);
    if (!this.#output.isTerminal) return;
    const earlyMs = this.#startMs + SHOW_AFTER_MS - nowMs;
    if (earlyMs <= 0) this.#draw(progress, this.#first, nowMs);
    // Nothing more is told while it is waited.
    else if (waitsFor !== undefined) this.#late = setTimeout(() => this.update(progress), earlyMs);
  }

  #draw(
    progress: TransferProgress,
    first: { readonly bytes: number; readonly ms: number },
    nowMs: number,
  ): void {
    const movedMs = nowMs - first.ms;
    const rateBytesPerS = movedMs > 0 ? ((progress.doneBytes - first.bytes) / movedMs) * 1000 : 0;
    const facts = { ...progress, name: this.#name, rateBytesPerS };
    this.#output.print(`${CLEAR_LINE}${formatProgress(facts, this.#output.columns() - 1)}`);
    this.#isDrawn = true;
  }

  /** Takes the bar away, so that what follows begins a clean line. */
  clear(): void {
    clearTimeout(this.#late);
    if (this.#isDrawn) this.#output.print(CLEAR_LINE);
    this.#isDrawn = false;
  }
}

/**
 * Formats `photo.jpg  45 % [#####-----] 12 MB of 30 MB  98 MB/s  3 s left` within `columns`; what does not fit is left
 * out, the least important first: the bar, the time left, the counts, the rate, the name.
 *
 * A file that comes over several connections has a bar with a front for each, `[##>---#>--]`, which is more important than the rate.
 */
export function formatProgress(facts: ProgressFacts, columns: number): string {
  const { doneBytes, totalBytes, rateBytesPerS } = facts;
  const share =
    totalBytes === undefined || totalBytes === 0 ? undefined : Math.min(1, doneBytes / totalBytes);
  const percent = share === undefined ? formatBytes(doneBytes) : `${Math.floor(share * 100)} %`.padStart(5);
  const counts = totalBytes === undefined ? "" : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
  if (facts.waitsFor !== undefined) return formatWait(facts, { percent, counts, columns });
  // The least bar holds the place of the one that is drawn when it is known how much room is left.
  const reserved = isScattered(facts) ? " ".repeat(MIN_BAR + 2) : "";
  const parts = [percent, printable(facts.name), reserved, formatRate(rateBytesPerS), counts];
  const kept = keepFitting([...parts, formatTimeLeft(facts)], columns);
  const width = kept.reduce((sum, part) => sum + (part === "" ? 0 : part.length + 2), 0);
  const [shownPercent = "", name = "", place = "", rate = "", shownCounts = "", left = ""] = kept;
  const room = columns - width + (place === "" ? 0 : place.length + 2);
  const bar = share === undefined ? "" : formatBar(facts, share, room);
  return [name, shownPercent, bar, shownCounts, rate, left].filter((part) => part !== "").join("  ");
}

/** Formats `photo.jpg  100 %  30 MB of 30 MB  writing to the disk`. */
function formatWait(
  { name, waitsFor = "check" }: ProgressFacts,
  shown: { readonly percent: string; readonly counts: string; readonly columns: number },
): string {
  const parts = [shown.percent, printable(name), WAIT_WORDS[waitsFor], shown.counts];
  const [percent = "", shownName = "", wait = "", counts = ""] = keepFitting(parts, shown.columns);
  return [shownName, percent, counts, wait].filter((part) => part !== "").join("  ");
}

/** The parts as far as they fit one behind the other, with two spaces between them; empty where they don't. */
function keepFitting(parts: readonly string[], columns: number): readonly string[] {
  let width = 0;
  return parts.map((part) => {
    if (part === "" || width + part.length > columns) return "";
    width += part.length + 2;
    return part;
  });
}

/** Whether what is there is more than the file's beginning. */
function isScattered({ extents = [], totalBytes }: ProgressFacts): boolean {
  const [first, second] = extents;
  return totalBytes !== undefined && first !== undefined && (second !== undefined || first.start > 0);
}

/** Formats `3 s left`; empty when that can't be known, or there is nothing left. */
export function formatTimeLeft({
  doneBytes,
  totalBytes,
  rateBytesPerS,
}: Omit<ProgressFacts, "name" | "extents">): string {
  if (totalBytes === undefined || rateBytesPerS <= 0 || doneBytes >= totalBytes) return "";
  return `${formatDurationMs(Math.ceil((totalBytes - doneBytes) / rateBytesPerS) * 1000)} left`;
}

function formatBar(facts: ProgressFacts, share: number, columns: number): string {
  const cells = Math.min(MAX_BAR, columns - 2);
  if (cells < MIN_BAR) return "";
  if (isScattered(facts)) return `[${formatCells(facts, cells)}]`;
  const full = Math.floor(share * cells);
  return `[${"#".repeat(full)}${"-".repeat(cells - full)}]`;
}

/** One character for each of `cells` equal parts of the file: all of it is there, some of it, nothing. */
function formatCells({ extents = [], totalBytes = 0 }: ProgressFacts, cells: number): string {
  const cellBytes = totalBytes / cells;
  // Less than a byte is none missing, since cells don't end between bytes.
  const fullBytes = cellBytes - Math.min(0.5, cellBytes / 2);
  let text = "";
  for (let cell = 0; cell < cells; cell += 1) {
    const there = overlap(extents, cell * cellBytes, (cell + 1) * cellBytes);
    text += there > fullBytes ? "#" : there > 0 ? ">" : "-";
  }
  return text;
}

function overlap(extents: readonly Extent[], from: number, to: number): number {
  return extents.reduce(
    (sum, { start, end }) => sum + Math.max(0, Math.min(end, to) - Math.max(start, from)),
    0,
  );
}
