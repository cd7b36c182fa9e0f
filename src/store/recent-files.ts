/**
 * Small files that were asked for of late, kept in memory: a store in front of a store. It changes no answer: before a file
 * from memory is given, it is made sure that its path still leads to the same content (`changes`).
 */
import { LineUp, Place } from "../base/line-up.ts";
import { MemoryFile } from "../base/memory-file.ts";
import type { Piece } from "../base/piece.ts";
import type { UrlPath } from "../wire/target.ts";
import { StoreError } from "./store-error.ts";
import type {
  Derived,
  Folder,
  Found,
  KeptContent,
  OpenFile,
  Store,
  UnfinishedUploads,
  UploadStore,
} from "./store.ts";
import { toStoreError } from "./system-error.ts";

export type RecentFilesOptions = {
  /** Files up to this size are kept. */
  readonly fileBytes: number;
  /** So much is kept in all, in bytes; what was read longest ago goes first. */
  readonly totalBytes: number;
};

const FILE_BYTES = 256 * 1024;
/** Of the memory that this process may use, one part in so many is for files, but no more than this. */
const MEMORY_SHARE = 16;
const MOST_TOTAL_BYTES = 256 * 1024 * 1024;

/**
 * When there is no room, one newcomer in so many takes the place of the oldest: of a crowd of files that are asked for once, each
 * would be copied for nothing.
 */
const NEWCOMERS_PER_PLACE = 8;
/** When more than such a part is held for readers of what is forgotten, nothing new is kept. */
const FORGOTTEN_SHARE = 4;

/** Content of this size and more is kept where the kernel can send it by itself; shorter content is sent with its head. */
const LEAST_SLICE_BYTES = 4 * 1024;
/** What an entry costs beside its bytes, as measured: its path, twice, and what was measured of the file. */
const ENTRY_BYTES = 2560;

/** Puts a memory for small files in front of `store`: files up to 256 KiB, 256 MiB of them where there is much memory. */
export function rememberFiles(store: Store, options: RecentFilesOptions = memoryForFiles(1)): Store {
  return new RecentFiles(store, options);
}

/** What one of `processes` that serve together may keep. */
export function memoryForFiles(processes: number): RecentFilesOptions {
  const share = process.constrainedMemory() / MEMORY_SHARE;
  return { fileBytes: FILE_BYTES, totalBytes: Math.min(share, MOST_TOTAL_BYTES) / processes };
}

class RecentFiles implements Store {
  readonly uploads?: UploadStore;
  readonly unfinished?: UnfinishedUploads;
  readonly #store: Store;
  readonly #options: RecentFilesOptions;
  /** By the text of their path. */
  readonly #files = new Map<string, KeptFile>();
  /** Longest kept first. */
  readonly #order = new LineUp<KeptFile>();
  /** Holds what is not short. */
  #memory: MemoryFile | undefined;
  #heldBytes = 0;
  /** Of that, in the memory file. */
  #sliceBytes = 0;
  /** Who found no room since somebody made way. */
  #newcomers = 0;

  constructor(store: Store, options: RecentFilesOptions) {
    this.#store = store;
    this.#options = options;
    if (store.uploads !== undefined) this.uploads = store.uploads;
    if (store.unfinished !== undefined) this.unfinished = store.unfinished;
  }

  get quietMark(): number {
    return this.#store.quietMark ?? Number.NaN;
  }

  find(path: UrlPath): Found | undefined {
    if (path.isFolder) return this.#store.find(path);
    const kept = this.#files.get(path.text);
    if (kept?.isCurrent() === true) return { kind: "file", file: kept.open() };
    if (kept !== undefined) this.#forget(kept);
    return this.#find(path);
  }

  folder(path: UrlPath): Folder | undefined {
    return this.#store.folder(path);
  }

  #find(path: UrlPath): Found | undefined {
    const found = this.#store.find(path);
    if (found?.kind !== "file" || !this.#mayKeep(found.file)) return found;
    const bytes = readWhole(found.file);
    if (bytes === undefined) return found;
    // It was changed while it was read: these bytes may be of two versions.
    if (found.file.isCurrent?.() !== true) return this.#store.find(path);
    const kept = this.#keep(path.text, found.file, bytes);
    const file = kept.open();
    this.#remember(kept);
    return { kind: "file", file };
  }

  #keep(key: string, original: OpenFile, bytes: Uint8Array): KeptFile {
    const isShort = bytes.length < LEAST_SLICE_BYTES;
    const memory = isShort ? undefined : (this.#memory ??= MemoryFile.open());
    return new KeptFile(key, original, memory?.keep(bytes) ?? bytes, memory);
  }

  #mayKeep(file: OpenFile): boolean {
    const { fileBytes, totalBytes } = this.#options;
    if (!file.isSettled || file.isCurrent === undefined || file.sizeBytes > fileBytes) return false;
    // What slow readers still hold of it, though it is forgotten, is bounded as well.
    const forgottenBytes = (this.#memory?.heldBytes ?? 0) - this.#sliceBytes;
    if (forgottenBytes > totalBytes / FORGOTTEN_SHARE) return false;
    if (this.#heldBytes + file.sizeBytes + ENTRY_BYTES <= totalBytes) return true;
    this.#newcomers = (this.#newcomers + 1) % NEWCOMERS_PER_PLACE;
    return this.#newcomers === 0;
  }

  #remember(file: KeptFile): void {
    const known = this.#files.get(file.key);
    if (known !== undefined) this.#forget(known);
    this.#files.set(file.key, file);
    this.#order.moveToEnd(file.place);
    this.#heldBytes += file.heldBytes + ENTRY_BYTES;
    this.#sliceBytes += file.sliceBytes;
    while (this.#heldBytes > this.#options.totalBytes) this.#forget(this.#order.first ?? file);
  }

  #forget(file: KeptFile): void {
    this.#files.delete(file.key);
    this.#order.leave(file.place);
    this.#heldBytes -= file.heldBytes + ENTRY_BYTES;
    this.#sliceBytes -= file.sliceBytes;
    file.forget();
  }
}

/** A file whose content is in memory. */
class KeptFile implements KeptContent {
  readonly key: string;
  readonly place = new Place<KeptFile>(this);
  readonly whole: Piece;
  readonly derived = new LineUp<Derived>();
  /** As it was when it was read; closed. */
  readonly original: OpenFile;
  /** `undefined` once its part of it has been given back. */
  #memory: MemoryFile | undefined;
  #holds = 0;
  #isForgotten = false;

  /** @param memory where `whole` is a slice of it. */
  constructor(key: string, original: OpenFile, whole: Piece, memory: MemoryFile | undefined) {
    this.key = key;
    this.original = original;
    this.whole = whole;
    this.#memory = memory;
  }

  isCurrent(): boolean {
    return !this.#isForgotten && this.original.isCurrent?.() === true;
  }

  get quietMark(): number {
    return this.original.quietMark ?? Number.NaN;
  }

  /** It is no longer kept for others. */
  forget(): void {
    this.#isForgotten = true;
    for (const each of this.derived) each.end();
    this.#releaseUnused();
  }

  hold(): void {
    this.#holds += 1;
  }

  close(): void {
    this.#holds -= 1;
    this.#releaseUnused();
  }

  /** What it takes of memory. */
  get heldBytes(): number {
    return this.whole instanceof Uint8Array ? this.whole.length : this.sliceBytes;
  }

  /** What of that is in the memory file. */
  get sliceBytes(): number {
    return this.whole instanceof Uint8Array ? 0 : (this.#memory?.roomFor(this.whole.length) ?? 0);
  }

  #releaseUnused(): void {
    if (!this.#isForgotten || this.#holds > 0 || this.whole instanceof Uint8Array) return;
    this.#memory?.release(this.whole);
    this.#memory = undefined;
  }

  open(): OpenFile {
    this.hold();
    return new OpenKeptFile(this);
  }

  read(target: Uint8Array, position: number): number {
    const { whole } = this;
    if (!(whole instanceof Uint8Array)) {
      const most = Math.min(target.length, whole.length - position);
      return most <= 0 ? 0 : whole.file.read(target.subarray(0, most), whole.position + position);
    }
    const part = whole.subarray(position, position + target.length);
    target.set(part);
    return part.length;
  }
}

/** A kept file, opened by one who asked for it. */
class OpenKeptFile implements OpenFile {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly isSettled = true;
  readonly kept: KeptFile;
  #isClosed = false;

  constructor(kept: KeptFile) {
    const { sizeBytes, modifiedMs } = kept.original;
    this.kept = kept;
    this.sizeBytes = sizeBytes;
    this.modifiedMs = modifiedMs;
  }

  get version(): string {
    return this.kept.original.version;
  }

  read(target: Uint8Array, position: number): number {
    if (this.#isClosed) throw new StoreError("failed", "The file was closed before it was read");
    return this.kept.read(target, position);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.kept.close();
  }
}

/**
 * Reads `file` to its end and closes it.
 * @returns `undefined`, and the file stays open, when it is not as long as it was.
 * @throws {StoreError} `failed`, as when the disk is broken.
 */
function readWhole(file: OpenFile): Uint8Array | undefined {
  const bytes = new Uint8Array(file.sizeBytes);
  try {
    for (let filled = 0; filled < bytes.length;) {
      const count = file.read(filled === 0 ? bytes : bytes.subarray(filled), filled);
      if (count === 0) return undefined;
      filled += count;
    }
  } catch (error) {
    file.close();
    throw toStoreError(error);
  }
  file.close();
  return bytes;
}
