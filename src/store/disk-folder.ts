/**
 * A folder of this system that is open for listing.
 */
import { closeSync, constants, type Dirent, lstatSync, openSync } from "node:fs";
import { asyncFiles } from "../base/late-modules.ts";
import { isServableName } from "./confine.ts";
import { entryOf, type FolderCalls, folderCalls, type RawName } from "./folder-calls.ts";
import { measureIn, measureName, measureOpen } from "./file-calls.ts";
import { isLink, type Measurement } from "./measurement.ts";
import type { HeldFolder, Reach } from "./reach.ts";
import type { Entry, EntryName, Folder } from "./store.ts";
import { StoreError } from "./store-error.ts";
import { isAbsence, toStoreError } from "./system-error.ts";

/** So many names are looked at in one batch: about 1 ms. */
const BATCH = 2_000;
const O_FOLDER = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0);

export class DiskFolder implements Folder {
  readonly #reach: Reach;
  readonly #held: HeldFolder;
  readonly #calls: FolderCalls | undefined;
  #isClosed = false;
  #readers = 0;

  /** Takes over `held`. */
  constructor(reach: Reach, held: HeldFolder) {
    this.#reach = reach;
    this.#held = held;
    this.#calls = held.descriptor === undefined ? undefined : folderCalls();
  }

  /**
   * @throws {StoreError} `denied` (it may be entered but not read), `busy`, `failed`; also when the folder is removed meanwhile: half of
   *   its names are no list of them, and whoever mirrors it would delete the other half.
   */
  async *names(): AsyncGenerator<readonly EntryName[], void> {
    if (this.#isClosed) return;
    this.#readers += 1;
    try {
      yield* this.#calls === undefined ? this.#readAtOnce() : this.#readInTurns(this.#calls);
    } catch (error) {
      if (this.#isClosed) return;
      throw isAbsence(error) ? folderIsGone() : toStoreError(error);
    } finally {
      this.#readers -= 1;
      this.#release();
    }
  }

  /** @throws {StoreError} `busy`, `failed`; as {@link names} when the folder is removed. */
  measure(name: string): Entry | undefined {
    if (this.#isClosed || !isServableName(name)) return undefined;
    const measured = this.#measureHeld(name);
    if (measured !== undefined) return measured;
    try {
      const seen = this.#measure(name);
      if (seen === undefined && this.#isRemoved()) throw folderIsGone();
      return seen === undefined || !this.#held.isInPlace() ? undefined : entryOf(name, seen);
    } catch (error) {
      if (isAbsence(error)) return undefined;
      const failure = toStoreError(error);
      // A link into a folder that we may not enter: one such name must not spoil a whole listing.
      if (failure.kind === "denied") return undefined;
      throw failure;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  /** Whether it has no name any more. (Of one that is only known by its path that can't be told.) */
  #isRemoved(): boolean {
    const { descriptor } = this.#held;
    return descriptor !== undefined && measureOpen(descriptor).nameCount === 0;
  }

  /** SECURITY: not while a thread reads: the descriptor's number could be another folder's by then. */
  #release(): void {
    if (this.#isClosed && this.#readers === 0) this.#held.close();
  }

  /** Piece by piece, by the kernel's own calls; where they fail, the rest at once. */
  async *#readInTurns(calls: FolderCalls): AsyncGenerator<readonly EntryName[], void> {
    const descriptor = openSync(this.#held.path, O_FOLDER);
    let readCount = 0;
    try {
      while (!this.#isClosed) {
        const found = calls.readNames(descriptor);
        if (found === "end") return;
        if (found === undefined) {
          yield* this.#readAtOnce(readCount);
          return;
        }
        readCount += found.length;
        yield this.#select(found);
      }
    } finally {
      closeSync(descriptor);
    }
  }

  /**
   * In a thread of the pool, all but the first `skippedCount`. (`opendir` is no better: this runtime reads all of a folder at its
   * first entry.)
   */
  async *#readAtOnce(skippedCount = 0): AsyncGenerator<readonly EntryName[], void> {
    const dirents = await asyncFiles().readdir(this.#held.path, { withFileTypes: true });
    if (!this.#held.isInPlace()) throw new StoreError("failed", "The folder was moved away");
    for (let start = skippedCount; start < dirents.length && !this.#isClosed; start += BATCH) {
      yield this.#select(dirents.slice(start, start + BATCH).map(rawNameOf));
    }
  }

  /** What may be listed of `found`. */
  #select(found: readonly RawName[]): readonly EntryName[] {
    const names: EntryName[] = [];
    for (const { kind, name } of found) {
      if (!isServableName(name)) continue;
      // A name that is not UTF-8 can't be asked for: then nothing is there.
      const known = kind === "unknown" || name.includes("\uFFFD") ? this.#lookAtKind(name) : kind;
      if (known !== "other") names.push({ kind: known, name });
    }
    return names;
  }

  #lookAtKind(name: string): EntryName["kind"] | "other" {
    const stats = lstatSync(this.#held.at(name), { throwIfNoEntry: false });
    return stats === undefined ? "other" : kindOf(stats);
  }

  /**
   * By the descriptor of the folder; `undefined` where that can't be, for links, and when the system refuses.
   * SECURITY: `name` is one that {@link isServableName} passes, so it has no way out of the folder.
   */
  #measureHeld(name: string): Entry | undefined {
    const { descriptor } = this.#held;
    const measured = descriptor === undefined ? undefined : measureIn(descriptor, name);
    return measured && entryOf(name, measured);
  }

  #measure(name: string): Measurement | undefined {
    const path = this.#held.at(name);
    const measured = measureName(path);
    return measured !== undefined && isLink(measured) ? this.#reach.look(path) : measured;
  }
}

function folderIsGone(): StoreError {
  return new StoreError("failed", "The folder is gone");
}

function rawNameOf(dirent: Dirent): RawName {
  const kind = kindOf(dirent);
  return { kind: kind === "other" ? "unknown" : kind, name: dirent.name };
}

function kindOf(
  item: Pick<Dirent, "isFile" | "isDirectory" | "isSymbolicLink">,
): EntryName["kind"] | "other" {
  if (item.isFile()) return "file";
  if (item.isDirectory()) return "folder";
  return item.isSymbolicLink() ? "link" : "other";
}
