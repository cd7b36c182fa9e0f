/**
 * Small files that were asked for of late, kept in memory: a store in front of a store. It changes no answer: before a file
 * from memory is given, its path is looked at again, and only requests that are answered in the same turn of the event loop
 * share one look. So what is given was on the disk when the turn began.
 */
import type { UrlPath } from "../wire/target.ts";
import type { Folder, Found, OpenFile, Store, UnfinishedUploads, UploadStore } from "./store.ts";

export type RecentFilesOptions = {
  /** Files up to this size are kept. */
  readonly fileBytes: number;
  /** So much is kept in all, in bytes; what was read longest ago goes first. */
  readonly totalBytes: number;
};

export const DEFAULT_RECENT_FILES: RecentFilesOptions = {
  fileBytes: 64 * 1024,
  totalBytes: 64 * 1024 * 1024,
};

/** What an entry costs beside its bytes, roughly. */
const ENTRY_BYTES = 1024;
/** A path is followed anew, link by link, after so many looks at its end: a folder on the way may have been moved. */
const LOOKS_PER_FIND = 64;

/** Puts a memory for small files in front of `store`. */
export function rememberFiles(store: Store, options: RecentFilesOptions = DEFAULT_RECENT_FILES): Store {
  return new RecentFiles(store, options);
}

type Remembered = {
  readonly found: Found & { readonly kind: "file"; readonly file: RememberedFile };
  readonly nameCount: number;
  /** The turn in which the path was looked at last. */
  turn: number;
  looks: number;
};

class RecentFiles implements Store {
  readonly uploads?: UploadStore;
  readonly unfinished?: UnfinishedUploads;
  readonly #store: Store;
  readonly #options: RecentFilesOptions;
  /** By path, longest kept first: a Map keeps the order of insertion. */
  readonly #files = new Map<string, Remembered>();
  #heldBytes = 0;
  #turn = 0;
  #isTurnNoted = false;

  constructor(store: Store, options: RecentFilesOptions) {
    this.#store = store;
    this.#options = options;
    if (store.uploads !== undefined) this.uploads = this.#watchUploads(store.uploads);
    if (store.unfinished === undefined) return;
    this.unfinished = store.unfinished;
    this.unfinished.watch(() => (this.#turn += 1));
  }

  find(path: UrlPath): Found | undefined {
    if (path.isFolder) return this.#store.find(path);
    const key = path.names.length === 1 ? (path.names[0] ?? "") : path.names.join("/");
    const remembered = this.#files.get(key);
    // A name that holds a slash makes a key of another path, which has more names; it is never found, so never kept.
    if (remembered === undefined || remembered.nameCount !== path.names.length) return this.#find(path, key);
    if (remembered.turn === this.#turn) return remembered.found;
    if (remembered.looks < LOOKS_PER_FIND && remembered.found.file.isCurrent()) {
      remembered.looks += 1;
      this.#noteTurn(remembered);
      return remembered.found;
    }
    this.#forget(key, remembered);
    return this.#find(path, key);
  }

  folder(path: UrlPath): Folder | undefined {
    return this.#store.folder(path);
  }

  #find(path: UrlPath, key: string): Found | undefined {
    const found = this.#store.find(path);
    if (found?.kind !== "file" || !this.#mayKeep(found.file)) return found;
    const file = readWhole(found.file);
    if (file === undefined) return found;
    const remembered: Remembered = {
      found: { kind: "file", file },
      nameCount: path.names.length,
      turn: 0,
      looks: 0,
    };
    this.#noteTurn(remembered);
    this.#remember(key, remembered);
    return remembered.found;
  }

  #mayKeep(file: OpenFile): boolean {
    return file.isSettled && file.isCurrent !== undefined && file.sizeBytes <= this.#options.fileBytes;
  }

  #remember(key: string, remembered: Remembered): void {
    const known = this.#files.get(key);
    if (known !== undefined) this.#forget(key, known);
    this.#files.set(key, remembered);
    this.#heldBytes += remembered.found.file.sizeBytes + ENTRY_BYTES;
    for (const [oldKey, old] of this.#files) {
      if (this.#heldBytes <= this.#options.totalBytes) return;
      this.#forget(oldKey, old);
    }
  }

  #forget(key: string, remembered: Remembered): void {
    this.#files.delete(key);
    this.#heldBytes -= remembered.found.file.sizeBytes + ENTRY_BYTES;
  }

  /** What was looked at now is good until this turn of the event loop ends. */
  #noteTurn(remembered: Remembered): void {
    remembered.turn = this.#turn;
    if (this.#isTurnNoted) return;
    this.#isTurnNoted = true;
    setImmediate(() => {
      this.#isTurnNoted = false;
      this.#turn += 1;
    });
  }

  /** What was looked at before an upload is looked at again after it: who saves a file reads it back at once. */
  #watchUploads(uploads: UploadStore): UploadStore {
    return {
      begin: (path, options) => {
        const upload = uploads.begin(path, options);
        return {
          get writtenBytes() {
            return upload.writtenBytes;
          },
          write: (bytes) => upload.write(bytes),
          commit: async () => {
            const committed = await upload.commit();
            this.#turn += 1;
            return committed;
          },
          discard: () => upload.discard(),
        };
      },
    };
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

  constructor(original: OpenFile, bytes: Uint8Array) {
    this.#original = original;
    this.bytes = bytes;
    this.sizeBytes = original.sizeBytes;
    this.modifiedMs = original.modifiedMs;
    this.version = original.version;
  }

  isCurrent(): boolean {
    return this.#original.isCurrent?.() === true;
  }

  read(target: Uint8Array, position: number): number {
    const part = this.bytes.subarray(position, position + target.length);
    target.set(part);
    return part.length;
  }

  close(): void {}
}

/** Reads `file` to its end and closes it; `undefined`, and the file stays open, when it is not as long as it was. */
function readWhole(file: OpenFile): RememberedFile | undefined {
  const bytes = new Uint8Array(file.sizeBytes);
  let filled = 0;
  while (filled < bytes.length) {
    const count = file.read(bytes.subarray(filled), filled);
    if (count === 0) return undefined;
    filled += count;
  }
  file.close();
  return new RememberedFile(file, bytes);
}
