/**
 * Files on their way onto the disk. The bytes go to a temporary file in the destination's own folder, which is given
 * its name only when all of them are there and durable: at every instant, even if the power fails, the name holds the
 * old file or the whole new one.
 */
import { close, closeSync, constants, openSync, statfsSync } from "node:fs";
import { DiskFlush } from "../base/disk-flush.ts";
import { removeQuietly } from "../base/remove-quietly.ts";
import { chooseWrite, type FileWrite } from "../base/uncached-write.ts";
import type { UrlPath } from "../wire/target.ts";
import { learnStamping, unprovenMs } from "./change-times.ts";
import { type DiskRoot, isStorableName } from "./confine.ts";
import { LARGE_BYTES } from "./disk-file.ts";
import { measureOpen } from "./file-calls.ts";
import { type Given, giveName, lookBeforeUpload, type Naming } from "./give-name.ts";
import { modifiedMsOf, versionOf } from "./measurement.ts";
import { describeThisProcess, makePartName, type PartOwner } from "./part-name.ts";
import type { HeldFolder, Reach } from "./reach.ts";
import type { Committed, Upload, UploadOptions, UploadStore } from "./store.ts";
import { StoreError } from "./store-error.ts";
import { toStoreError } from "./system-error.ts";
import { UploadPlace } from "./upload-place.ts";

// SECURITY: O_EXCL: never an existing file, and never through a link.
export const O_PART = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** What Linux takes as a path, in bytes, without the NUL at its end; systems with less say so themselves. */
const MAX_PATH_BYTES = 4_095;

export class DiskUploads implements UploadStore {
  readonly #reach: Reach;
  #owner: PartOwner | undefined;

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  begin(path: UrlPath, options: UploadOptions): Upload {
    const { parents, name } = requireNames(path, this.#reach.root);
    this.#owner ??= describeThisProcess();
    const place = new UploadPlace(this.#reach);
    const part = makePartName(this.#owner);
    try {
      for (const parent of parents) place.enter(parent);
      const naming: Naming = { reach: this.#reach, folder: place.folder, part, name, options };
      const mode = lookBeforeUpload(naming);
      if (options.sizeBytes !== undefined) requireSpace(place.folder, options.sizeBytes);
      const descriptor = openSync(place.folder.at(part), O_PART, mode);
      return new DiskUpload(descriptor, { parents, place, naming });
    } catch (error) {
      place.removeMade();
      place.close();
      throw toStoreError(error);
    }
  }
}

/** Where an upload is to go; whoever has it closes the place. */
export type Destination = {
  readonly parents: readonly string[];
  readonly place: UploadPlace;
  readonly naming: Naming;
};

export class DiskUpload implements Upload {
  writtenBytes = 0;
  readonly #destination: Destination;
  readonly #descriptor: number;
  readonly #flush: DiskFlush;
  readonly #write: FileWrite;
  #state: "open" | "committing" | "named" | "dropped" = "open";
  #failure: StoreError | undefined;
  /** So many are on the disk; -1 when that was not asked yet. */
  #syncedBytes = -1;

  /** Takes over `descriptor`, whose `flush` may have begun, and the destination's place. */
  constructor(descriptor: number, destination: Destination, flush = new DiskFlush(descriptor)) {
    this.#descriptor = descriptor;
    this.#flush = flush;
    this.#destination = destination;
    this.#write = chooseWrite(destination.naming.options.sizeBytes ?? 0);
  }

  write(bytes: Uint8Array): void {
    this.#require("open");
    try {
      let start = 0;
      // A disk that is nearly full takes a part first, and fails on the rest.
      while (start < bytes.length)
        start += this.#write(this.#descriptor, bytes, start, this.writtenBytes + start);
      this.writtenBytes += bytes.length;
      this.#flush.noteWritten(bytes.length);
    } catch (error) {
      this.#failure = toStoreError(error);
      throw this.#failure;
    }
  }

  async sync(): Promise<void> {
    this.#require("open");
    try {
      await this.#flushAll();
    } catch (error) {
      this.#failure = toStoreError(error);
      throw this.#failure;
    }
  }

  /**
   * @throws {StoreError} as `begin`, and `changed`. Nothing is left then, unless the disk failed after the name was
   * given.
   */
  async commit(): Promise<Committed> {
    this.#require("open");
    this.#state = "committing";
    try {
      // After a write that failed the file is not what was sent.
      if (this.#failure !== undefined) throw this.#failure;
      await this.#flushAll();
      this.#require("committing");
      const given = giveName(this.#destination.naming);
      this.#state = "named";
      return await this.#describe(given);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      if (this.#state !== "named") this.#removeTraces();
      this.#release();
    }
  }

  discard(): void {
    if (this.#state === "named" || this.#state === "dropped") return;
    const wasCommitting = this.#state === "committing";
    this.#removeTraces();
    if (!wasCommitting) this.#release();
  }

  async #describe(given: Given): Promise<Committed> {
    await this.#destination.place.sync();
    const { reach, folder } = this.#destination.naming;
    // Measured after the last change of name, since that counts as a change; on the descriptor, since somebody may
    // replace it again.
    let measured = measureOpen(this.#descriptor);
    if (unprovenMs(measured, reach.clock.nowMs()) > 0) {
      learnStamping(this.#descriptor, measured, folder.path);
      measured = measureOpen(this.#descriptor);
    }
    const waitMs = unprovenMs(measured, reach.clock.nowMs());
    if (waitMs > 0) {
      await Bun.sleep(waitMs + 1);
      measured = measureOpen(this.#descriptor);
    }
    return {
      names: [...this.#destination.parents, given.name],
      isNew: given.isNew,
      version: versionOf(measured),
      isSettled: unprovenMs(measured, reach.clock.nowMs()) === 0,
      modifiedMs: modifiedMsOf(measured),
    };
  }

  async #flushAll(): Promise<void> {
    const { writtenBytes } = this;
    if (this.#syncedBytes === writtenBytes) return;
    await this.#flush.finish();
    this.#syncedBytes = writtenBytes;
  }

  #require(state: "open" | "committing"): void {
    if (this.#state === state) return;
    throw new StoreError(
      "failed",
      this.#state === "dropped" ? "The upload was discarded" : "The upload is over",
    );
  }

  #removeTraces(): void {
    if (this.#state === "dropped") return;
    this.#state = "dropped";
    const { place, naming } = this.#destination;
    // Gone already, with its folder; or the disk fails, and the sweep of the next start tries again.
    removeQuietly(naming.folder.at(naming.part));
    place.removeMade();
  }

  #release(): void {
    this.#destination.place.close();
    this.#flush.whenIdle(() => {
      if (this.writtenBytes < LARGE_BYTES) closeSync(this.#descriptor);
      // In a thread: to give back the blocks of a large file that has no name any more takes the disk a while.
      else close(this.#descriptor, () => undefined);
    });
  }
}

/** Checks every name before anything is made; returns the last one. */
export function requireNames(
  path: Pick<UrlPath, "names" | "isFolder">,
  root: DiskRoot,
): { parents: readonly string[]; name: string } {
  const name = path.names.at(-1);
  if (name === undefined || path.isFolder) throw new StoreError("conflict", "The path is a folder's");
  const refused = path.names.find((each) => !isStorableName(each));
  if (refused !== undefined) throw new StoreError("bad-name", `Nothing is saved under the name "${refused}"`);
  // Going down folder by folder, a file could be saved where no path is short enough to find it.
  const sizeBytes = Buffer.byteLength(root.prefix) + Buffer.byteLength(path.names.join("/"));
  if (sizeBytes > MAX_PATH_BYTES) throw new StoreError("bad-name", "The path is too long");
  return { parents: path.names.slice(0, -1), name };
}

/**
 * Refuses what can't fit, before the first byte. A file system that doesn't tell its size is given the benefit of the
 * doubt.
 */
export function requireSpace(folder: HeldFolder, sizeBytes: number): void {
  const disk = statfsSync(folder.path);
  if (disk.blocks > 0 && disk.bavail * disk.bsize < sizeBytes) {
    throw new StoreError("full", `${sizeBytes} bytes don't fit on the disk`, "ENOSPC");
  }
}
