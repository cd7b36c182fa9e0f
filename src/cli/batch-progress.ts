/**
 * The progress of many transfers on a terminal: a line for each that runs, and one for all, drawn again and again in place.
 */
import type { Clock } from "../base/clock.ts";
import { printable } from "../base/printable.ts";
import { formatBytes, formatRate } from "../base/units.ts";
import type { TransferProgress } from "../client/report.ts";
import { formatProgress, formatTimeLeft } from "./progress-bar.ts";
import type { Output } from "./terminal.ts";

/** What is over sooner needs no block. */
const SHOW_AFTER_MS = 500;
const DRAW_INTERVAL_MS = 100;
/** More lines than these would fill a small terminal. */
const MAX_LINES = 8;
const MIN_NAME_COLUMNS = 8;

/** Clears a line and goes to its begin; goes up one (ECMA-48 CR, EL, CUU). */
const CLEAR_LINE = "\r\u001b[K";
const UP = "\u001b[A";

type Running = { readonly name: string; readonly startMs: number; progress: TransferProgress };

/** Draws on a terminal after half a second, and nothing at all elsewhere. */
export class BatchProgress {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #isShown: boolean;
  readonly #startMs: number;
  readonly #running = new Map<number, Running>();
  #expectedCount = 0;
  /** Of what has not been begun: the sizes that are known, and how many aren't. */
  #waitingBytes = 0;
  #waitingUnknown = 0;
  #finishedCount = 0;
  #finishedBytes = 0;
  /** What this run has moved of them. */
  #finishedGain = 0;
  #drawnLines = 0;
  #drawnAtMs = 0;
  #holdCount = 0;

  /** @param isShown false for `--quiet` and `--json`. */
  constructor(output: Output, clock: Clock, { isShown }: { readonly isShown: boolean }) {
    this.#output = output;
    this.#clock = clock;
    this.#isShown = isShown && output.isTerminal;
    this.#startMs = clock.monotonicMs();
  }

  /** @param sizes of all that is to come, in bytes; `undefined` where it isn't known. */
  expect(sizes: readonly (number | undefined)[]): void {
    this.#expectedCount += sizes.length;
    for (const sizeBytes of sizes) this.#await(sizeBytes, 1);
  }

  /** @param sizeBytes as {@link expect} was told. */
  begin(id: number, name: string, sizeBytes: number | undefined): void {
    const startMs = this.#clock.monotonicMs();
    this.#await(sizeBytes, -1);
    this.#running.set(id, { name, startMs, progress: { doneBytes: 0, totalBytes: sizeBytes } });
  }

  update(id: number, progress: TransferProgress): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.progress = progress;
    this.#draw(() => this.#lines());
  }

  finish(id: number): void {
    this.#finishedCount += 1;
    const running = this.#running.get(id);
    this.#finishedBytes += running?.progress.doneBytes ?? 0;
    this.#finishedGain += running === undefined ? 0 : gainOf(running);
    this.#running.delete(id);
    this.#draw(() => this.#lines());
  }

  /** Shows one line instead, for a time without transfers. */
  status(text: string): void {
    this.#draw((columns) => [clip(text, columns)]);
  }

  /** Takes the block away, so that what follows begins a clean line; it comes back with the next update. */
  clear(): void {
    if (this.#drawnLines === 0) return;
    this.#output.print(`${`${CLEAR_LINE}${UP}`.repeat(this.#drawnLines - 1)}${CLEAR_LINE}`);
    this.#drawnLines = 0;
  }

  /** Takes the block away until {@link release}. */
  hold(): void {
    this.clear();
    this.#holdCount += 1;
  }

  release(): void {
    this.#holdCount -= 1;
  }

  /** Takes it away for good. */
  end(): void {
    this.hold();
  }

  #draw(lines: (columns: number) => readonly string[]): void {
    if (!this.#isShown || this.#holdCount > 0) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#startMs < SHOW_AFTER_MS || nowMs - this.#drawnAtMs < DRAW_INTERVAL_MS) return;
    this.#drawnAtMs = nowMs;
    this.clear();
    // The last column stays free: some terminals begin a new line when it is filled.
    const block = lines(this.#output.columns() - 1);
    this.#output.print(block.join("\n"));
    this.#drawnLines = block.length;
  }

  #lines(): readonly string[] {
    const columns = this.#output.columns() - 1;
    const nowMs = this.#clock.monotonicMs();
    const running = [...this.#running.values()];
    const lines = running.slice(0, MAX_LINES).map((one) => formatRunning(one, nowMs, columns));
    if (running.length > MAX_LINES) lines.push(clip(`… and ${running.length - MAX_LINES} more`, columns));
    return [...lines, this.#totalLine(running, nowMs, columns)];
  }

  #await(sizeBytes: number | undefined, count: 1 | -1): void {
    if (sizeBytes === undefined) this.#waitingUnknown += count;
    else this.#waitingBytes += count * sizeBytes;
  }

  #totalLine(running: readonly Running[], nowMs: number, columns: number): string {
    const doneBytes = sumOf(running, ({ progress }) => progress.doneBytes) + this.#finishedBytes;
    const gain = sumOf(running, gainOf) + this.#finishedGain;
    const rateBytesPerS = (gain / Math.max(nowMs - this.#startMs, 1)) * 1000;
    const totalBytes = this.#totalBytes(running);
    const bytes =
      totalBytes === undefined
        ? formatBytes(doneBytes)
        : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
    const left = formatTimeLeft({ doneBytes, totalBytes, rateBytesPerS });
    const parts = [
      `${this.#finishedCount} of ${this.#expectedCount} files`,
      bytes,
      formatRate(rateBytesPerS),
    ];
    return clip([...parts, left].filter((part) => part !== "").join("  "), columns);
  }

  /** Of what has been moved and what is to be; what turned out to be there already is neither. */
  #totalBytes(running: readonly Running[]): number | undefined {
    let bytes = this.#finishedBytes + this.#waitingBytes;
    for (const { progress } of running) {
      if (progress.totalBytes === undefined) return undefined;
      bytes += progress.totalBytes;
    }
    return this.#waitingUnknown > 0 ? undefined : bytes;
  }
}

function sumOf(running: readonly Running[], bytesOf: (one: Running) => number): number {
  return running.reduce((sum, one) => sum + bytesOf(one), 0);
}

/** What this run has moved: what was there before says nothing of the rate. */
function gainOf({ progress: { doneBytes, resumedBytes = 0 } }: Running): number {
  return doneBytes - resumedBytes;
}

function formatRunning(running: Running, nowMs: number, columns: number): string {
  const { name, startMs, progress } = running;
  const rateBytesPerS = (gainOf(running) / Math.max(nowMs - startMs, 1)) * 1000;
  const shown = clip(printable(name), Math.max(MIN_NAME_COLUMNS, Math.floor(columns / 2)));
  // Characters of two columns (CJK, emoji) count once there: the line would wrap, and could not be cleared.
  const extra = Bun.stringWidth(shown) - shown.length;
  return clip(formatProgress({ ...progress, name: shown, rateBytesPerS }, columns - extra), columns);
}

/** Cuts `text` to at most `columns` columns of the terminal. */
export function clip(text: string, columns: number): string {
  if (Bun.stringWidth(text) <= columns) return text;
  let shown = "";
  let width = 1;
  for (const character of text) {
    width += Bun.stringWidth(character);
    if (width > columns) break;
    shown += character;
  }
  return columns < 1 ? "" : `${shown}…`;
}
