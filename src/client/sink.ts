/**
 * Where a download's bytes go: a temporary file beside its destination, which gets the real name when it is whole and
 * on the disk. Until then, and whatever goes wrong, the real name holds what it held before.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fsync, linkSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { errorCode } from "../base/failure.ts";
import type { Place } from "./destination.ts";
import { alreadyThere, cannotSave } from "./disk-error.ts";
import type { TransferError } from "./transfer-error.ts";

/** What a file system without hard links says to link(2): FAT, some network and FUSE file systems. */
const NO_LINKS: ReadonlySet<string> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
  "EINVAL",
]);

const synchronize = promisify(fsync);

export class FileSink {
  /** Absolute. */
  readonly path: string;
  readonly #place: Place;
  readonly #temporaryPath: string;
  #fd: number;
  #hasTemporary = true;

  /**
   * Creates the temporary file.
   * @throws {TransferError} phase `save`.
   */
  constructor(place: Place) {
    this.#place = place;
    this.path = join(place.folder, place.name);
    this.#temporaryPath = join(place.folder, `.netfile-${randomBytes(8).toString("hex")}.part`);
    try {
      // SECURITY: `x` never opens what is there, so a link planted under the name isn't followed.
      this.#fd = openSync(this.#temporaryPath, "wx", 0o666);
    } catch (error) {
      throw cannotSave(this.path, error);
    }
  }

  /**
   * Appends `bytes`. Synchronous: a chunk is at most what one read of a socket gives, and goes to the page cache.
   * @throws {TransferError} phase `save`.
   */
  write(bytes: Uint8Array): void {
    try {
      let written = 0;
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written, bytes.length - written);
    } catch (error) {
      throw cannotSave(this.path, error);
    }
  }

  /**
   * Puts the file on the disk under its name: all of it, or nothing.
   *
   * @param isWanted asked right before the name is given; if it throws, nothing is saved.
   * @throws {TransferError} phase `exists` when something else has got the name meanwhile, else `save`; the caller
   *   still calls {@link discard}.
   */
  async commit(isWanted: () => void): Promise<void> {
    await this.#synchronize();
    isWanted();
    try {
      this.#close();
      if (this.#place.isForced) renameSync(this.#temporaryPath, this.path);
      else giveName(this.#temporaryPath, this.path);
    } catch (error) {
      throw this.#namingError(error);
    }
    this.#hasTemporary = false;
    await synchronizeFolder(this.#place.folder);
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

  /** Asynchronous: a slow disk may take seconds. */
  async #synchronize(): Promise<void> {
    try {
      await synchronize(this.#fd);
    } catch (error) {
      throw cannotSave(this.path, error);
    }
  }

  #namingError(error: unknown): TransferError {
    return errorCode(error) === "EEXIST" ? alreadyThere(this.path) : cannotSave(this.path, error);
  }

  #close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    closeSync(fd);
  }
}

/**
 * Renames `from` to `to`, which must not exist.
 *
 * SECURITY: link(2) fails when the name is taken, in the same instant; a look before a rename would leave a gap in
 * which another's file is overwritten (CVE-2020-8177).
 */
function giveName(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!NO_LINKS.has(errorCode(error) ?? "")) throw error;
    giveNameWithoutLinks(from, to);
    return;
  }
  removeQuietly(from);
}

/**
 * The same for file systems without hard links: an empty file takes the name first, if it is free, and is then replaced
 * by the whole one. Both throw the system's error, `EEXIST` when the name is taken.
 */
export function giveNameWithoutLinks(from: string, to: string): void {
  closeSync(openSync(to, "wx", 0o666));
  try {
    renameSync(from, to);
  } catch (error) {
    removeQuietly(to);
    throw error;
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // There is nothing better to do about a leftover than to leave it.
  }
}

/** Makes a new name survive a power failure, where folders can be synchronised; the file is saved in any case. */
async function synchronizeFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Not every file system can; the name is there all the same.
  }
}
