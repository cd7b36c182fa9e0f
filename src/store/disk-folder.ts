/**
 * A folder of this system that is open for listing.
 */
import { type BigIntStats, type Dirent, lstatSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { isServableName } from "./confine.ts";
import { BIGINT, isFolderMode, isLinkMode, isRegularMode, modifiedMsOf } from "./disk-file.ts";
import type { HeldFolder, Reach } from "./reach.ts";
import type { Entry, EntryName, Folder } from "./store.ts";
import { absentOrThrow, isAbsence, toStoreError } from "./system-error.ts";

/** How many names are looked at before others are served: about 1 ms. */
const BATCH = 2_000;

export class DiskFolder implements Folder {
  readonly #reach: Reach;
  readonly #held: HeldFolder;
  #isClosed = false;
  #readers = 0;

  /** Takes over `held`. */
  constructor(reach: Reach, held: HeldFolder) {
    this.#reach = reach;
    this.#held = held;
  }

  /** @throws {StoreError} `denied` (it may be entered but not read), `busy`, `failed`. */
  async names(): Promise<readonly EntryName[]> {
    if (this.#isClosed) return [];
    this.#readers += 1;
    try {
      // Reads in a thread of the pool. (`opendir` is no better: this runtime reads all of a folder at its first
      // entry.)
      const dirents = await readdir(this.#held.path, { withFileTypes: true });
      return this.#held.isInPlace() ? await this.#select(dirents) : [];
    } catch (error) {
      return absentOrThrow(error) ?? [];
    } finally {
      this.#readers -= 1;
      this.#release();
    }
  }

  /** @throws {StoreError} `busy`, `failed`. */
  measure(name: string): Entry | undefined {
    if (this.#isClosed || !isServableName(name)) return undefined;
    try {
      const stats = this.#measure(name);
      return stats === undefined || !this.#held.isInPlace() ? undefined : entryOf(name, stats);
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

  /** SECURITY: not while a thread reads: the descriptor's number could be another folder's by then. */
  #release(): void {
    if (this.#isClosed && this.#readers === 0) this.#held.close();
  }

  async #select(dirents: readonly Dirent[]): Promise<readonly EntryName[]> {
    const names: EntryName[] = [];
    for (const [index, dirent] of dirents.entries()) {
      if (index % BATCH === BATCH - 1) await new Promise((resolve) => setImmediate(resolve));
      if (!isServableName(dirent.name)) continue;
      const kind = dirent.name.includes("\uFFFD")
        ? this.#lookAtKind(dirent)
        : (kindOf(dirent) ?? this.#lookAtKind(dirent));
      if (kind !== undefined) names.push({ kind, name: dirent.name });
    }
    return names;
  }

  /**
   * For file systems that don't tell the kind with the name, and for names that may not be UTF-8, which nobody can
   * ask for.
   */
  #lookAtKind(dirent: Dirent): EntryName["kind"] | undefined {
    const stats = lstatSync(this.#held.at(dirent.name), { throwIfNoEntry: false });
    return stats === undefined ? undefined : kindOf(stats);
  }

  #measure(name: string): BigIntStats | undefined {
    const path = this.#held.at(name);
    const stats = lstatSync(path, BIGINT);
    return isLinkMode(stats) ? this.#reach.look(path) : stats;
  }
}

function kindOf(
  item: Pick<Dirent, "isFile" | "isDirectory" | "isSymbolicLink">,
): EntryName["kind"] | undefined {
  if (item.isFile()) return "file";
  if (item.isDirectory()) return "folder";
  return item.isSymbolicLink() ? "link" : undefined;
}

function entryOf(name: string, stats: BigIntStats): Entry | undefined {
  const modifiedMs = modifiedMsOf(stats);
  if (isRegularMode(stats)) return { kind: "file", name, sizeBytes: Number(stats.size), modifiedMs };
  return isFolderMode(stats) ? { kind: "folder", name, modifiedMs } : undefined;
}
