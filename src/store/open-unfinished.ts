/**
 * One unfinished upload on the disk that is open.
 */
import { close, ftruncateSync, readSync } from "node:fs";
import { DiskFlush } from "../base/disk-flush.ts";
import { removeQuietly } from "../base/remove-quietly.ts";
import { chooseWrite, type FileWrite } from "../base/uncached-write.ts";
import { measureOpen } from "./file-calls.ts";
import type { KnownRecords } from "./known-records.ts";
import { modifiedMsOf } from "./measurement.ts";
import { DiskUpload } from "./disk-upload.ts";
import type { HeldFolder, Reach } from "./reach.ts";
import type { Committed, UnfinishedUpload, UploadNote, UploadOptions } from "./store.ts";
import { StoreError } from "./store-error.ts";
import { toStoreError } from "./system-error.ts";
import { dataName, type UnfinishedRecord, writeRecord, writeRecordDurably } from "./unfinished-record.ts";
import type { UploadPlace } from "./upload-place.ts";

export type UnfinishedParts = {
  readonly reach: Reach;
  readonly records: KnownRecords;
  readonly root: HeldFolder;
  readonly place: UploadPlace;
  readonly descriptor: number;
  readonly token: string;
  readonly id: string;
  readonly record: UnfinishedRecord;
  readonly lifeMs: number;
  /** How many bytes the whole is to have; 0 where that isn't known, and of one that is gone on with: at its end it is read back. */
  readonly totalBytes: number;
};

export class OpenUnfinished implements UnfinishedUpload {
  readonly token: string;
  writtenBytes: number;
  readonly #parts: UnfinishedParts;
  readonly #flush: DiskFlush;
  readonly #write: FileWrite;
  #record: UnfinishedRecord;
  #state: "open" | "over" = "open";
  /** Threads at work on the descriptor. */
  #workers = 0;

  /** Takes over the descriptor and both folders. */
  constructor(parts: UnfinishedParts) {
    this.#parts = parts;
    this.#flush = new DiskFlush(parts.descriptor);
    this.#write = chooseWrite(parts.totalBytes);
    this.#record = parts.record;
    this.token = parts.token;
    this.writtenBytes = measureOpen(parts.descriptor).sizeBytes;
  }

  get names(): readonly string[] {
    return this.#record.names;
  }

  get note(): UploadNote {
    return this.#record.note;
  }

  get expiresMs(): number {
    this.#require();
    return modifiedMsOf(measureOpen(this.#parts.descriptor)) + this.#parts.lifeMs;
  }

  /**
   * After a restart of the machine: what wasn't durable then may be missing, or be zeros, and nobody was promised it.
   * @param machine from now on.
   * @returns false when bytes are gone that were promised: then it can't go on.
   */
  distrust(machine: string): boolean {
    const { syncedBytes } = this.#record;
    if (this.writtenBytes < syncedBytes) return false;
    ftruncateSync(this.#parts.descriptor, syncedBytes);
    this.writtenBytes = syncedBytes;
    this.#save({ ...this.#record, machine });
    return true;
  }

  write(bytes: Uint8Array): void {
    this.#require();
    try {
      for (let start = 0; start < bytes.length;) {
        const count = this.#write(this.#parts.descriptor, bytes, start, this.writtenBytes);
        start += count;
        this.writtenBytes += count;
        this.#flush.noteWritten(count);
      }
    } catch (error) {
      throw toStoreError(error);
    }
  }

  read(target: Uint8Array, position: number): number {
    this.#require();
    return readSync(this.#parts.descriptor, target, 0, target.length, position);
  }

  truncate(sizeBytes: number): void {
    this.#require();
    if (sizeBytes < this.#record.syncedBytes || sizeBytes > this.writtenBytes) {
      throw new StoreError("failed", "What was promised is not taken back");
    }
    ftruncateSync(this.#parts.descriptor, sizeBytes);
    this.writtenBytes = sizeBytes;
  }

  remember(note: UploadNote): void {
    this.#require();
    this.#save({ ...this.#record, note });
  }

  async sync(): Promise<void> {
    this.#require();
    const syncedBytes = this.writtenBytes;
    if (syncedBytes === this.#record.syncedBytes) return;
    this.#workers += 1;
    try {
      await this.#flush.finish();
      await this.#parts.place.sync();
      const { root, id } = this.#parts;
      const record = { ...this.#record, syncedBytes };
      if (this.#state === "open") await writeRecordDurably(root, id, record);
      this.#record = record;
    } catch (error) {
      throw toStoreError(error);
    } finally {
      this.#workers -= 1;
      this.#release();
    }
  }

  async commit(options: UploadOptions): Promise<Committed> {
    this.#require();
    this.#state = "over";
    const { reach, records, root, place, descriptor, id } = this.#parts;
    const { names } = this.#record;
    const naming = { reach, folder: place.folder, part: dataName(id), name: names.at(-1) ?? "", options };
    try {
      // From here on it is an upload like every other: it gives back the place and the descriptor.
      const destination = { parents: names.slice(0, -1), place, naming };
      return await new DiskUpload(descriptor, destination, this.#flush).commit();
    } finally {
      records.remove(root, id);
      root.close();
    }
  }

  close(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#release();
  }

  discard(): void {
    if (this.#state === "over") return;
    const { records, root, place, id } = this.#parts;
    removeQuietly(place.folder.at(dataName(id)));
    place.removeMade();
    records.remove(root, id);
    this.close();
  }

  #require(): void {
    if (this.#state === "over") throw new StoreError("failed", "The upload is not open any more");
  }

  #save(record: UnfinishedRecord): void {
    try {
      writeRecord(this.#parts.root, this.#parts.id, record);
      this.#record = record;
    } catch (error) {
      throw toStoreError(error);
    }
  }

  /** SECURITY: not while a thread works on the descriptor: its number could be another file's by then. */
  #release(): void {
    if (this.#state === "open" || this.#workers > 0) return;
    const { root, place, descriptor } = this.#parts;
    this.#flush.whenIdle(() => close(descriptor, () => undefined));
    place.close();
    root.close();
  }
}
