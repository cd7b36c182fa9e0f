/**
 * The state of a download on the disk: a hidden part file beside the destination, its journal and its lock, under names
 * that follow from the destination and the URL, so that the next run finds them.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { KEPT_BELOW_BYTES } from "../base/uncached-write.ts";
import type { Place } from "./destination.ts";
import { cannotSave } from "./disk-error.ts";
import type { FolderSyncs } from "./folder-syncs.ts";
import { type JournalEntry, type Kept, readJournal, removeJournal, writeJournal } from "./journal.ts";
import { PartLock } from "./part-lock.ts";
import { FileSink, type FileUse } from "./sink.ts";
import type { Validator } from "./validator.ts";
import { WrittenSpans } from "./written-spans.ts";

/** What is known of the version that is being fetched; without a validator nothing is kept. */
export type Version = {
  readonly validator: Validator | undefined;
  readonly totalBytes: number | undefined;
  readonly sha256: Uint8Array | undefined;
};

/** How often the journal is written: what the end of the process can cost. */
const NOTE_INTERVAL_MS = 200;
/** How often it waits for the disk: what the end of the machine can cost. */
const SYNC_INTERVAL_MS = 5000;

/** For less it is not worth asking. */
const RESERVED_ABOVE_BYTES = 1024 * 1024;

export class PartStore {
  readonly written = new WrittenSpans();
  #earlierBytes = 0;
  /** So much the journal claims. */
  #notedBytes = 0;
  readonly #url: string;
  readonly #clock: Clock;
  readonly #lock: PartLock;
  readonly #journalPath: string;
  #hasJournal: boolean;
  readonly #sink: FileSink;
  #version: Version | undefined;
  #synced: JournalEntry["synced"] = [];
  #notedAtMs: number;
  #syncedAtMs: number;
  #isSyncing = false;
  /** Counts the versions: what was found out of one says nothing of the next. */
  #generation = 0;
  #isClosed = false;

  /**
   * Takes over what an earlier run has left, or begins.
   * @param url as the user gave it.
   * @throws {TransferError} phase `save`, also when another run is at it.
   */
  constructor(place: Place, url: string, clock: Clock) {
    const target = join(place.folder, place.name);
    const key = new Bun.CryptoHasher("sha256").update(`${place.name}\n${url}`).digest("hex").slice(0, 16);
    const base = join(place.folder, `.netfile-${key}`);
    this.#url = url;
    this.#clock = clock;
    this.#journalPath = `${base}.journal`;
    this.#lock = PartLock.take(`${base}.lock`, target, `${base}.part`);
    try {
      this.#sink = new FileSink(place, `${base}.part`);
      this.#hasJournal = existsSync(this.#journalPath);
      this.#adopt(this.#hasJournal ? readJournal(this.#journalPath, url) : undefined);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    this.#notedAtMs = clock.monotonicMs();
    this.#syncedAtMs = this.#notedAtMs;
  }

  /** Absolute path of the destination. */
  get path(): string {
    return this.#sink.path;
  }

  /** The part file's descriptor, for reading; `undefined` once it is closed. */
  get fd(): number | undefined {
    return this.#sink.fd;
  }

  /** The version that is being fetched; `undefined` before an answer has told. */
  get version(): Version | undefined {
    return this.#version;
  }

  /** What is there of an earlier run; nothing once it was forgotten for another version. */
  get earlierBytes(): number {
    return this.#earlierBytes;
  }

  /** Whether the next run can go on with what is there. */
  get isResumable(): boolean {
    return this.#version?.validator !== undefined && this.written.totalBytes > 0;
  }

  /**
   * Forgets everything, for another version.
   * The journal goes first: it must never stand beside bytes that it does not mean.
   */
  begin(version: Version | undefined): void {
    this.#removeJournal();
    this.#generation += 1;
    this.written.clear();
    this.#earlierBytes = 0;
    this.#notedBytes = 0;
    this.#synced = [];
    this.#sink.clear();
    this.#version = version;
  }

  /** Adds to what is known of the version. */
  learn(known: Partial<Version>): void {
    if (this.#version !== undefined) this.#version = { ...this.#version, ...known };
  }

  /**
   * Makes room for the whole, if its length is known.
   * @throws {TransferError} as {@link FileSink.reserve}.
   */
  reserve(): void {
    const { totalBytes = 0 } = this.#version ?? {};
    if (totalBytes >= RESERVED_ABOVE_BYTES) this.#sink.reserve(totalBytes);
  }

  /**
   * @param use whether they are read back at once.
   * @throws {TransferError} phase `save`.
   */
  write(bytes: Uint8Array, position: number, use: FileUse): void {
    const { totalBytes = 0 } = this.#version ?? {};
    this.#sink.write(bytes, position, totalBytes < KEPT_BELOW_BYTES ? "soon" : use);
    this.written.add(position, position + bytes.length);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#notedAtMs >= NOTE_INTERVAL_MS) this.#note(nowMs);
  }

  /** As {@link FileSink.read}. */
  read(target: Uint8Array, position: number): number {
    return this.#sink.read(target, position);
  }

  /** As {@link FileSink.setModified}. */
  setModified(modifiedMs: number): void {
    this.#sink.setModified(modifiedMs);
  }

  /**
   * Gives the file its name: all of `sizeBytes`, on the disk, or nothing.
   * @throws {TransferError} as {@link FileSink.commit}.
   */
  async commit(sizeBytes: number, isWanted: () => void, folders?: FolderSyncs): Promise<void> {
    this.#sink.trim(sizeBytes);
    await this.#sink.commit(isWanted, folders);
    this.#isClosed = true;
    this.#removeJournal();
    this.#lock.release();
  }

  /**
   * Ends for now; what is there is kept for the next run. Never throws.
   * @returns so many bytes; 0 when no journal could be written, as on a full disk: then nothing is left.
   */
  async keep(): Promise<number> {
    if (this.#isClosed) return 0;
    try {
      const extents = [...this.written.extents];
      await this.#sink.synchronize();
      this.#synced = extents;
      this.#writeJournal("disk");
    } catch {
      // Then the journal stays as it was, and claims less.
    }
    if (this.#notedBytes === 0) {
      this.discard();
      return 0;
    }
    this.#isClosed = true;
    this.#sink.keep();
    this.#lock.release();
    return this.#notedBytes;
  }

  /** Ends, and leaves nothing. Never throws. */
  discard(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#removeJournal();
    this.#sink.discard();
    this.#lock.release();
  }

  #adopt(kept: Kept | undefined): void {
    if (kept === undefined) return this.begin(undefined);
    const { sizeBytes } = this.#sink;
    if (kept.extents.some(({ end }) => end > sizeBytes)) return this.begin(undefined);
    for (const { start, end } of kept.extents) this.written.add(start, end);
    this.#earlierBytes = this.written.totalBytes;
    this.#notedBytes = this.#earlierBytes;
    this.#synced = kept.extents;
    this.#version = { validator: kept.validator, totalBytes: kept.totalBytes, sha256: kept.sha256 };
  }

  #note(nowMs: number): void {
    this.#notedAtMs = nowMs;
    if (this.#version?.validator === undefined) return;
    this.#writeJournal("system");
    if (this.#isSyncing || nowMs - this.#syncedAtMs < SYNC_INTERVAL_MS) return;
    this.#syncedAtMs = nowMs;
    this.#isSyncing = true;
    void this.#synchronize();
  }

  /** What is written until now will be on the disk afterwards; what comes meanwhile is not counted. */
  async #synchronize(): Promise<void> {
    const extents = [...this.written.extents];
    const generation = this.#generation;
    try {
      await this.#sink.synchronize();
      if (this.#isClosed || this.#generation !== generation) return;
      this.#synced = extents;
      this.#writeJournal("disk");
    } catch {
      // The next write or the end of it all tells of a disk that fails.
    } finally {
      this.#isSyncing = false;
    }
  }

  #writeJournal(durability: "disk" | "system"): void {
    const version = this.#version;
    if (version?.validator === undefined) return;
    const { validator, totalBytes, sha256 } = version;
    const { extents: written } = this.written;
    const [url, synced] = [this.#url, this.#synced];
    this.#hasJournal = true;
    try {
      writeJournal(this.#journalPath, { url, validator, totalBytes, sha256, written, synced }, durability);
      this.#notedBytes = this.written.totalBytes;
    } catch (error) {
      throw cannotSave(this.path, error);
    }
  }

  #removeJournal(): void {
    if (this.#hasJournal) removeJournal(this.#journalPath);
    this.#hasJournal = false;
  }
}
