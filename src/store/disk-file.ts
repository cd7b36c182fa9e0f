/**
 * A file of this system that is open for reading, and what its measurements tell about its content.
 */
import { type BigIntStats, closeSync, lstatSync, readSync } from "node:fs";
import { diskChanges } from "./changes.ts";
import type { DiskPath, DiskRoot } from "./confine.ts";
import { type ContentLook, lookFor } from "./content-look.ts";
import type { OpenFile } from "./store.ts";
import { StoreError } from "./store-error.ts";

/** The option that gives times in ns and sizes beyond 2^53. */
export const BIGINT = { bigint: true } as const;

/** Files of this size and more are removed in a thread: to give back their blocks takes the disk a while. */
export const LARGE_BYTES = 16_777_216;

/**
 * The kernel stamps files with the time of its last tick, 1 to 10 ms ago (CONFIG_HZ 100 to 1000); within one tick,
 * two changes carry the same timestamps. One more for the clock that is read in whole ms.
 */
export const SETTLING_MS = 11;

// A change time further ahead than this can't be the work of a clock that is a little off: it is a clock that was set
// back, and what changes now would be stamped differently. Otherwise such a file would stay unsettled until the clock
// catches up.
const CLOCK_DOUBT_MS = 60_000;

const FORMAT_MASK = 0o170000n;
const FORMAT_REGULAR = 0o100000n;
const FORMAT_FOLDER = 0o040000n;
const FORMAT_LINK = 0o120000n;

/** Whether `stats` are those of a regular file. */
export function isRegularMode(stats: BigIntStats): boolean {
  return (stats.mode & FORMAT_MASK) === FORMAT_REGULAR;
}

/** Whether `stats` are those of a folder. */
export function isFolderMode(stats: BigIntStats): boolean {
  return (stats.mode & FORMAT_MASK) === FORMAT_FOLDER;
}

/** Whether `stats` are those of a symbolic link itself. */
export function isLinkMode(stats: BigIntStats): boolean {
  return (stats.mode & FORMAT_MASK) === FORMAT_LINK;
}

/**
 * Names the content of a file: inode, size, and both times in ns. The change time can't be set by anybody, so
 * that an edit in place that keeps the size and restores the modification time is told, too.
 */
export function versionOf(stats: BigIntStats): string {
  // Base 32 and not 36: a power of two costs BigInt half the time, and this runs for each request.
  return `${stats.ino.toString(32)}-${stats.size.toString(32)}-${stats.mtimeNs.toString(32)}-${stats.ctimeNs.toString(32)}`;
}

/** Last modification in ms since the epoch, rounded down. */
export function modifiedMsOf(stats: BigIntStats): number {
  return Number(stats.mtimeMs);
}

/**
 * For how long the version of a file is not proof yet (git's "racy" entries, Apache's weak tags of the first second).
 * Only the change time counts: the modification time can be set to anything, and setting it updates the change time.
 *
 * @returns ms to wait, 0 for a version that is proof.
 */
export function unsettledMs(stats: BigIntStats, nowMs: number): number {
  const ageMs = nowMs - Number(stats.ctimeMs);
  return ageMs >= SETTLING_MS || ageMs < -CLOCK_DOUBT_MS ? 0 : Math.min(SETTLING_MS, SETTLING_MS - ageMs);
}

/** A path is followed anew, link by link, after so many looks at its end: a folder on the way may have been moved. */
const LOOKS_PER_FIND = 256;

/** What was measured of a file, when (ms since the epoch), and below which root it was found. */
export type Measured = { readonly stats: BigIntStats; readonly nowMs: number; readonly root: DiskRoot };

export class DiskFile implements OpenFile {
  readonly #path: DiskPath;
  /** Until there is a look that knows them: they are large. */
  #stats: BigIntStats | undefined;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly version: string;
  readonly isSettled: boolean;
  readonly #root: DiskRoot;
  #descriptor: number | undefined;
  #look: ContentLook | undefined;
  #looksLeft = LOOKS_PER_FIND;
  /** Not by way of a link, or of several names: then it can be changed in a folder that is not watched. */
  #isWatchable = false;
  /** Whether the kernel tells of changes; and how things stood when it was looked last. */
  #isWatched = false;
  #mark: number | undefined;

  /**
   * Takes over `descriptor`, by which the file at `path` is open.
   */
  constructor(path: DiskPath, descriptor: number, measured: Measured) {
    const { stats, nowMs, root } = measured;
    this.#root = root;
    this.#path = path;
    this.#stats = stats;
    this.#descriptor = descriptor;
    this.sizeBytes = Number(stats.size);
    this.modifiedMs = modifiedMsOf(stats);
    this.version = versionOf(stats);
    this.isSettled = unsettledMs(stats, nowMs) === 0;
  }

  /** `undefined` once it is closed: the number may belong to another file by then. */
  get fd(): number | undefined {
    return this.#descriptor;
  }

  isCurrent(): boolean {
    return this.quietMark === this.#mark || this.#lookAgain();
  }

  get quietMark(): number {
    return this.#isWatched ? diskChanges.watchMark : diskChanges.turnMark;
  }

  #lookAgain(): boolean {
    if (this.#looksLeft === 0) return false;
    this.#looksLeft -= 1;
    this.#look ??= this.#makeLook();
    this.#isWatched = this.#isWatchable && diskChanges.watch(this.#root, this.#path);
    const mark = this.quietMark;
    if (this.#mark !== undefined && diskChanges.wasModified(this.#path, this.#mark)) return false;
    if (this.#look?.isSame() !== true) return false;
    this.#mark = mark;
    return true;
  }

  #makeLook(): ContentLook | undefined {
    const stats = this.#stats;
    if (stats === undefined) return undefined;
    this.#stats = undefined;
    this.#isWatchable = stats.nlink === 1n && isNoLink(this.#path);
    return lookFor(this.#path, stats);
  }

  read(target: Uint8Array, position: number): number {
    if (this.#descriptor === undefined)
      throw new StoreError("failed", "The file was closed before it was read");
    return readSync(this.#descriptor, target, 0, target.length, position);
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    closeSync(descriptor);
  }
}

function isNoLink(path: DiskPath): boolean {
  try {
    return lstatSync(path).isFile();
  } catch {
    return false;
  }
}
