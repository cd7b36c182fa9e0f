/**
 * A file of this system that is open for reading, and whether its path still leads to it.
 */
import { closeSync, readSync } from "node:fs";
import { diskChanges } from "./changes.ts";
import type { DiskPath, DiskRoot } from "./confine.ts";
import { measureAt, measureOpen } from "./file-calls.ts";
import {
  isIntactSince,
  isSameContent,
  type Measurement,
  modifiedMsOf,
  unsettledMs,
  versionOf,
} from "./measurement.ts";
import type { OpenFile } from "./store.ts";
import { StoreError } from "./store-error.ts";

/** Files of this size and more are removed in a thread: to give back their blocks takes the disk a while. */
export const LARGE_BYTES = 16_777_216;

/** What is known of a file that was found. */
export type FoundFile = {
  readonly measured: Measurement;
  /** When it was measured, in ms since the epoch. */
  readonly nowMs: number;
  /** The root below which it was found. */
  readonly root: DiskRoot;
  /** Whether no part of its path is a link. */
  readonly hasNoLinks: boolean;
};

export class DiskFile implements OpenFile {
  readonly #path: DiskPath;
  readonly #measured: Measurement;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly isSettled: boolean;
  readonly #root: DiskRoot;
  #descriptor: number | undefined;
  /** Not by way of a link, or of several names: then it can be changed in a folder that is not watched. */
  readonly #isWatchable: boolean;
  /** Whether the kernel tells of changes; how things stood when it was looked last, and when it was looked first. */
  #isWatched = false;
  #mark: number | undefined;
  #doubtMark: number | undefined;

  /**
   * Takes over `descriptor`, by which the file at `path` is open.
   */
  constructor(path: DiskPath, descriptor: number, { measured, nowMs, root, hasNoLinks }: FoundFile) {
    this.#root = root;
    this.#path = path;
    this.#measured = measured;
    this.#descriptor = descriptor;
    this.#isWatchable = hasNoLinks && measured.nameCount === 1;
    this.sizeBytes = measured.sizeBytes;
    this.modifiedMs = modifiedMsOf(measured);
    this.isSettled = unsettledMs(measured, nowMs) === 0;
  }

  /** Made when it is asked for: of most files in memory it is asked once, and is longer than what it is made of. */
  get version(): string {
    return versionOf(this.#measured);
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
    const isWatched = this.#isWatchable && diskChanges.watch(this.#root, this.#path);
    this.#doubtMark ??= diskChanges.doubtMark;
    // A look at the end of a path doesn't tell that a folder on the way was moved, and a link put in its place: it is followed anew,
    // link by link, at once where that would be told, elsewhere after a while.
    if (!isWatched && (this.#isWatched || this.#doubtMark !== diskChanges.doubtMark)) return false;
    this.#isWatched = isWatched;
    const mark = this.quietMark;
    if (this.#mark !== undefined && diskChanges.wasModified(this.#path, this.#mark)) return false;
    const seen = measureAt(this.#path);
    if (seen === undefined || !isSameContent(seen, this.#measured)) return false;
    this.#mark = mark;
    return true;
  }

  /** Another name, or none any more, changes nothing. A file that grew is taken for one that was appended to, as logs are. */
  isIntact(): boolean {
    return this.#descriptor !== undefined && isIntactSince(this.#measured, measureOpen(this.#descriptor));
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
