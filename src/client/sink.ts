/**
 * Where a download's bytes go: a temporary file beside its destination, which gets the real name when it is whole and
 * on the disk. Until then, and whatever goes wrong, the real name holds what it held before.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  futimesSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  statfsSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { DiskFlush } from "../base/disk-flush.ts";
import { errorCode } from "../base/failure.ts";
import { takeOverRights } from "../base/file-rights.ts";
import { removeQuietly } from "../base/remove-quietly.ts";
import { reserveRoom } from "../base/reserve-room.ts";
import { takeName } from "../base/take-name.ts";
import { writeUncached } from "../base/uncached-write.ts";
import { writePiece } from "../base/write-piece.ts";
import type { Place } from "./destination.ts";
import { alreadyThere, cannotSave, diskIsFull } from "./disk-error.ts";
import { type FolderSyncs, keepNames } from "./folder-syncs.ts";

/** POSIX <sys/stat.h>: the unit of `st_blocks`, whatever a block of the file system is. */
const STAT_BLOCK_BYTES = 512;

/** When what was written is read again. */
export type FileUse = "soon" | "later";

export class FileSink {
  /** Absolute. */
  readonly path: string;
  readonly #place: Place;
  readonly #temporaryPath: string;
  readonly #flush: DiskFlush;
  #fd: number;
  #hasTemporary = true;
  /** Whether nothing is in the temporary file, nor room reserved for it. */
  #isEmpty: boolean;

  /**
   * Creates the temporary file, or opens the one that an earlier run has left at `partPath`.
   *
   * @param partPath absolute, beside the destination.
   * @throws {TransferError} phase `save`.
   */
  constructor(place: Place, partPath: string) {
    this.#place = place;
    this.path = join(place.folder, place.name);
    this.#temporaryPath = partPath;
    try {
      const created = createNew(partPath);
      this.#fd = created ?? openLeftover(partPath);
      this.#isEmpty = created !== undefined;
    } catch (error) {
      throw cannotSave(this.path, error);
    }
    this.#flush = new DiskFlush(this.#fd);
  }

  /** The descriptor of the temporary file; `undefined` once it is closed. */
  get fd(): number | undefined {
    return this.#fd < 0 ? undefined : this.#fd;
  }

  /** Length of the temporary file, in bytes. @throws {TransferError} phase `save`. */
  get sizeBytes(): number {
    return this.#attempt(() => fstatSync(this.#fd).size);
  }

  /**
   * Makes sure that a file of `sizeBytes` can be written, and keeps the room for it where the system can.
   * @throws {TransferError} phase `save` when the disk hasn't so much room.
   */
  reserve(sizeBytes: number): void {
    this.#isEmpty = false;
    const isReserved = this.#attempt(() => {
      const { bavail, bsize, blocks } = statfsSync(this.#place.folder);
      // What an earlier run has reserved is the file's already. A file system that doesn't tell gets the benefit of the doubt.
      const missingBytes = sizeBytes - fstatSync(this.#fd).blocks * STAT_BLOCK_BYTES;
      return blocks > 0 && bavail * bsize < missingBytes ? "full" : reserveRoom(this.#fd, sizeBytes);
    });
    if (isReserved !== true) this.#release();
    if (isReserved === "full") throw diskIsFull(this.path);
  }

  /**
   * Writes `bytes` at `position`. Synchronous: a chunk is at most what one read of a socket
   * gives, and goes to the page cache.
   * @param use where nobody reads the bytes back, the system may forget them when they are on the disk.
   * @throws {TransferError} phase `save`.
   */
  write(bytes: Uint8Array, position: number, use: FileUse): void {
    const write = use === "soon" ? writePiece : writeUncached;
    this.#isEmpty = false;
    try {
      let written = 0;
      while (written < bytes.length) {
        written += write(this.#fd, bytes, written, position + written);
      }
    } catch (error) {
      throw cannotSave(this.path, error);
    }
    this.#flush.noteWritten(bytes.length);
  }

  /**
   * Reads back what was written, at `position` into `target`.
   * @returns the number of bytes; 0 behind the end.
   * @throws {TransferError} phase `save`.
   */
  read(target: Uint8Array, position: number): number {
    return this.#attempt(() => readSync(this.#fd, target, 0, target.length, position));
  }

  /** Forgets all that was written. @throws {TransferError} phase `save`. */
  clear(): void {
    if (this.#isEmpty) return;
    this.#attempt(() => ftruncateSync(this.#fd, 0));
    this.#isEmpty = true;
  }

  /** Cuts off what an earlier run may have left behind the end. @throws {TransferError} phase `save`. */
  trim(sizeBytes: number): void {
    if (this.sizeBytes > sizeBytes) this.#attempt(() => ftruncateSync(this.#fd, sizeBytes));
  }

  /** Gives the file the time of the server's; one that the file system can't hold is left out. */
  setModified(modifiedMs: number): void {
    try {
      futimesSync(this.#fd, Date.now() / 1000, modifiedMs / 1000);
    } catch {
      // The content is what counts.
    }
  }

  /** Waits until all that was written is on the disk: a slow one may take seconds. @throws {TransferError} phase `save`. */
  async synchronize(): Promise<void> {
    try {
      await this.#flush.finish();
    } catch (error) {
      throw cannotSave(this.path, error);
    }
  }

  /**
   * Puts the file on the disk under its name: all of it, or nothing.
   *
   * @param isWanted asked right before the name is given; if it throws, nothing is saved.
   * @param folders where the name is noted, of one among many files; else it is waited for.
   * @throws {TransferError} phase `exists` when something else has got the name meanwhile, else `save`; the caller
   *   still calls {@link discard}.
   */
  async commit(isWanted: () => void, folders?: FolderSyncs): Promise<void> {
    await this.synchronize();
    isWanted();
    if (!this.#attempt(() => this.#giveName())) throw alreadyThere(this.path);
    this.#hasTemporary = false;
    if (folders === undefined) await keepNames(this.#place.folder);
    else folders.add(this.#place.folder);
  }

  /** A file in whose place this one comes keeps its rights: what was secret stays so, and what could be run, can be. */
  #keepRights(): void {
    const replaced = lstatSync(this.path, { throwIfNoEntry: false });
    if (replaced?.isFile() === true) takeOverRights(this.#fd, replaced.mode);
  }

  /** Closes the temporary file and leaves it for a later run, without the room that is reserved for more. Never throws. */
  keep(): void {
    try {
      this.#release();
      this.#close();
    } catch {
      // The journal claims no more than what is known to be there.
    }
    this.#hasTemporary = false;
  }

  /** Removes the temporary file, if there still is one. Never throws. */
  discard(): void {
    try {
      this.#close();
    } catch {
      // What could not be written is removed anyway.
    }
    if (!this.#hasTemporary) return;
    this.#hasTemporary = false;
    removeQuietly(this.#temporaryPath);
  }

  /** Gives back the room that is reserved behind the end. */
  #release(): void {
    this.#attempt(() => ftruncateSync(this.#fd, fstatSync(this.#fd).size));
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw cannotSave(this.path, error);
    }
  }

  /** Returns false when the name is taken, and mayn't be. */
  #giveName(): boolean {
    if (!this.#place.isForced) {
      this.#close();
      return takeName(this.#temporaryPath, this.path);
    }
    this.#keepRights();
    this.#close();
    renameSync(this.#temporaryPath, this.path);
    return true;
  }

  #close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    this.#flush.whenIdle(() => closeSync(fd));
  }
}

/**
 * Creates a file; `undefined` when something is there.
 * SECURITY: `x` never opens what is there, so a link planted under the name isn't followed.
 */
function createNew(path: string): number | undefined {
  try {
    return openSync(path, "wx+", 0o666);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return undefined;
    throw error;
  }
}

/**
 * Opens what an earlier run has left.
 *
 * SECURITY: the name can be guessed. In a folder that others write to, a file of somebody else's could stand there, or a link
 * to one of the user's own, which would be overwritten: then it is taken away, and a new one made.
 */
function openLeftover(path: string): number {
  const own = openOwn(path);
  if (own !== undefined) return own;
  unlinkSync(path);
  return openSync(path, "wx+", 0o666);
}

/** Opens a file of this user's that has no other name; `undefined` for everything else. */
function openOwn(path: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch {
    return undefined;
  }
  const stats = fstatSync(fd);
  const isOwn =
    stats.isFile() && stats.nlink === 1 && (process.getuid === undefined || stats.uid === process.getuid());
  if (isOwn) return fd;
  closeSync(fd);
  return undefined;
}
