/**
 * Small files that were asked for of late, kept in memory: a store in front of a store. It changes no answer: before a file
 * from memory is given, it is made sure that its path still leads to the same content (`changes`).
 */
import type { UrlPath } from "../wire/target.ts";
import type { Folder, Found, OpenFile, Store, UnfinishedUploads, UploadStore } from "./store.ts";

export type RecentFilesOptions = {
  /** Files up to this size are kept. */
  readonly fileBytes: number;
  /** So much is kept in all, in bytes; what was read longest ago goes first. */
  readonly totalBytes: number;
};

const FILE_BYTES = 64 * 1024;
/** Of the memory that this process may use, one part in so many is for files, but no more than this. */
const MEMORY_SHARE = 16;
const MOST_TOTAL_BYTES = 256 * 1024 * 1024;

/** What an entry costs beside its bytes, roughly. */
const ENTRY_BYTES = 1024;

/** Puts a memory for small files in front of `store`: files up to 64 KiB, 256 MiB of them where there is much memory. */
export function rememberFiles(store: Store, options: RecentFilesOptions = defaultOptions()): Store {
  return new RecentFiles(store, options);
}

function defaultOptions(): RecentFilesOptions {
  const share = process.constrainedMemory() / MEMORY_SHARE;
  return { fileBytes: FILE_BYTES, totalBytes: Math.min(share, MOST_TOTAL_BYTES) };
}

class RecentFiles implements Store {
  readonly uploads?: UploadStore;
  readonly unfinished?: UnfinishedUploads;
  readonly #store: Store;
  readonly #options: RecentFilesOptions;
  /** By the text of their path, longest kept first: a Map keeps the order of insertion. */
  readonly #files = new Map<string, RememberedFile>();
  #heldBytes = 0;

  constructor(store: Store, options: RecentFilesOptions) {
    this.#store = store;
    this.#options = options;
    if (store.uploads !== undefined) this.uploads = store.uploads;
    if (store.unfinished !== undefined) this.unfinished = store.unfinished;
  }

  find(path: UrlPath): Found | undefined {
    if (path.isFolder) return this.#store.find(path);
    const remembered = this.#files.get(path.text);
    if (remembered?.isCurrent() === true) return { kind: "file", file: remembered };
    if (remembered !== undefined) this.#forget(path.text, remembered);
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
    const file = new RememberedFile(found.file, bytes);
    this.#remember(path.text, file);
    return { kind: "file", file };
  }

  #mayKeep(file: OpenFile): boolean {
    return file.isSettled && file.isCurrent !== undefined && file.sizeBytes <= this.#options.fileBytes;
  }

  #remember(key: string, file: RememberedFile): void {
    const known = this.#files.get(key);
    if (known !== undefined) this.#forget(key, known);
    this.#files.set(key, file);
    this.#heldBytes += file.sizeBytes + ENTRY_BYTES;
    for (const [oldKey, old] of this.#files) {
      if (this.#heldBytes <= this.#options.totalBytes) return;
      this.#forget(oldKey, old);
    }
  }

  #forget(key: string, file: RememberedFile): void {
    this.#files.delete(key);
    this.#heldBytes -= file.sizeBytes + ENTRY_BYTES;
    file.forget();
  }
}

/** A file that is wholly in memory; it may be given to many at once, and closing it means nothing. */
class RememberedFile implements OpenFile {
  readonly bytes: Uint8Array;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly version: string;
  readonly isSettled = true;
  readonly fd = undefined;
  readonly #original: OpenFile;
  #isForgotten = false;
  #onForgotten: (() => void)[] | undefined;

  constructor(original: OpenFile, bytes: Uint8Array) {
    this.#original = original;
    this.bytes = bytes;
    this.sizeBytes = original.sizeBytes;
    this.modifiedMs = original.modifiedMs;
    this.version = original.version;
  }

  isCurrent(): boolean {
    return !this.#isForgotten && this.#original.isCurrent?.() === true;
  }

  get surroundingsMark(): number {
    return this.#original.surroundingsMark ?? Number.NaN;
  }

  whenForgotten(forget: () => void): void {
    (this.#onForgotten ??= []).push(forget);
  }

  /** It is no longer kept. Who has it already may still read it. */
  forget(): void {
    this.#isForgotten = true;
    for (const forget of this.#onForgotten ?? []) forget();
    this.#onForgotten = undefined;
  }

  read(target: Uint8Array, position: number): number {
    const part = this.bytes.subarray(position, position + target.length);
    target.set(part);
    return part.length;
  }

  close(): void {}
}

/** Reads `file` to its end and closes it; `undefined`, and the file stays open, when it is not as long as it was. */
function readWhole(file: OpenFile): Uint8Array | undefined {
  const bytes = new Uint8Array(file.sizeBytes);
  let filled = 0;
  while (filled < bytes.length) {
    const count = file.read(bytes.subarray(filled), filled);
    if (count === 0) return undefined;
    filled += count;
  }
  file.close();
  return bytes;
}
