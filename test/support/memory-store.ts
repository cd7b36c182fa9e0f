/**
 * A store in memory, with what tests need to see and to provoke: how many files are open, files that are not settled,
 * files that shrink, errors.
 */
import type {
  Committed,
  Entry,
  EntryName,
  Folder,
  Found,
  OpenFile,
  Store,
  Upload,
  UploadOptions,
  UploadStore,
} from "../../src/store/store.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { isServableName, isStorableName } from "../../src/store/confine.ts";
import type { UrlPath } from "../../src/wire/target.ts";

/** So many names of a folder are given at a time. */
const NAME_BATCH = 1_000;

export type MemoryFile = {
  bytes: Uint8Array;
  modifiedMs: number;
  version: string;
  isSettled: boolean;
};

export class MemoryStore implements Store {
  readonly uploads: MemoryUploads;
  readonly files = new Map<string, MemoryFile>();
  readonly folders = new Set<string>([""]);
  /** Files and folders that are open and not closed yet. */
  openCount = 0;
  /** Everything that was asked for, in order. */
  readonly asked: string[] = [];
  /** Thrown by the next operation that names this path. */
  readonly failures = new Map<string, Error>();
  #versions = 0;

  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    this.uploads = new MemoryUploads(this);
    for (const [path, content] of Object.entries(files)) this.put(path, content);
  }

  /** Puts a file at `path` (`a/b.txt`), or an empty folder (`a/b/`). */
  put(path: string, content: string | Uint8Array = "", changes: Partial<MemoryFile> = {}): MemoryFile {
    const names = path.split("/");
    const name = names.pop() ?? "";
    for (let depth = 1; depth <= names.length; depth += 1) this.folders.add(names.slice(0, depth).join("/"));
    this.#versions += 1;
    const file: MemoryFile = {
      bytes: typeof content === "string" ? Buffer.from(content) : content,
      modifiedMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      version: `v${this.#versions}`,
      isSettled: true,
      ...changes,
    };
    if (name !== "") this.files.set(path, file);
    return file;
  }

  text(path: string): string | undefined {
    const file = this.files.get(path);
    return file && Buffer.from(file.bytes).toString();
  }

  find(path: UrlPath): Found | undefined {
    const key = this.#look(path);
    if (key === undefined) return undefined;
    const file = path.isFolder ? undefined : this.files.get(key);
    if (file !== undefined) return { kind: "file", file: this.open(file) };
    return this.folders.has(key) ? { kind: "folder" } : undefined;
  }

  folder(path: UrlPath): Folder | undefined {
    const key = this.#look(path);
    if (key === undefined || !this.folders.has(key)) return undefined;
    return this.#openFolder(key);
  }

  open(file: MemoryFile): OpenFile {
    this.openCount += 1;
    let isOpen = true;
    return {
      sizeBytes: file.bytes.length,
      modifiedMs: file.modifiedMs,
      version: file.version,
      isSettled: file.isSettled,
      fd: undefined,
      read: (target, position) => {
        if (!isOpen) throw new Error("read after close");
        return Buffer.from(file.bytes).copy(target, 0, position, position + target.length);
      },
      close: () => {
        if (isOpen) this.openCount -= 1;
        isOpen = false;
      },
    };
  }

  #look(path: UrlPath): string | undefined {
    const key = path.names.join("/");
    this.asked.push(`/${key}`);
    const failure = this.failures.get(key);
    if (failure !== undefined) throw failure;
    return path.names.every((name) => isServableName(name)) ? key : undefined;
  }

  #openFolder(key: string): Folder {
    this.openCount += 1;
    const state = { isOpen: true };
    const prefix = key === "" ? "" : `${key}/`;
    const names = this.#names(prefix);
    return {
      names: async function* () {
        for (let start = 0; start < names.length && state.isOpen; start += NAME_BATCH) {
          yield names.slice(start, start + NAME_BATCH);
        }
      },
      measure: (name) => (state.isOpen ? this.#measure(prefix, name) : undefined),
      close: () => {
        if (state.isOpen) this.openCount -= 1;
        state.isOpen = false;
      },
    };
  }

  #names(prefix: string): readonly EntryName[] {
    const names: EntryName[] = [];
    for (const [paths, kind] of [
      [this.files.keys(), "file"],
      [this.folders, "folder"],
    ] as const) {
      for (const path of paths) {
        const name = path.startsWith(prefix) ? path.slice(prefix.length) : "";
        if (name !== "" && !name.includes("/") && !name.startsWith(".")) names.push({ kind, name });
      }
    }
    return names;
  }

  #measure(prefix: string, name: string): Entry | undefined {
    const file = this.files.get(prefix + name);
    if (file !== undefined) {
      return { kind: "file", name, sizeBytes: file.bytes.length, modifiedMs: file.modifiedMs };
    }
    if (!this.folders.has(prefix + name)) return undefined;
    return { kind: "folder", name, modifiedMs: Date.UTC(2026, 0, 2, 3, 4, 5) };
  }
}

export class MemoryUploads implements UploadStore {
  readonly #store: MemoryStore;
  /** Uploads that were begun and neither committed nor discarded. */
  openCount = 0;
  /** Thrown by the next write or commit. */
  writeFailure: Error | undefined;
  commitFailure: Error | undefined;
  /** Thrown by the sync of the file at this path. */
  readonly syncFailures = new Map<string, Error>();
  beginFailure: Error | undefined;
  lastSizeBytes: number | undefined;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  begin(path: UrlPath, options: UploadOptions): Upload {
    if (this.beginFailure !== undefined) throw this.beginFailure;
    this.lastSizeBytes = options.sizeBytes;
    const key = path.names.join("/");
    if (!path.names.every((name) => isStorableName(name))) throw new StoreError("bad-name", "refused");
    if (this.#store.folders.has(key)) throw new StoreError("conflict", "a folder");
    if (options.onExist === "refuse" && this.#store.files.has(key)) throw new StoreError("exists", "exists");
    return this.#open(path, options);
  }

  #open(path: UrlPath, options: UploadOptions): Upload {
    const chunks: Uint8Array[] = [];
    let isOpen = true;
    this.openCount += 1;
    const end = () => {
      if (isOpen) this.openCount -= 1;
      isOpen = false;
    };
    return {
      get writtenBytes() {
        return chunks.reduce((total, chunk) => total + chunk.length, 0);
      },
      write: (bytes) => {
        if (this.writeFailure !== undefined) throw this.writeFailure;
        if (!isOpen) throw new Error("write after the end");
        chunks.push(Uint8Array.from(bytes));
      },
      sync: async () => {
        await Promise.resolve();
        const failure = this.syncFailures.get(path.names.join("/"));
        if (failure !== undefined) throw failure;
      },
      commit: async () => {
        await Promise.resolve();
        if (!isOpen) throw new Error("commit after the end");
        end();
        if (this.commitFailure !== undefined) throw this.commitFailure;
        return this.#commit(path.names, Buffer.concat(chunks), options);
      },
      discard: end,
    };
  }

  #commit(names: readonly string[], bytes: Uint8Array, options: UploadOptions): Committed {
    const key = names.join("/");
    const existing = this.#store.files.get(key);
    this.#askMayReplace(existing, options);
    if (existing !== undefined && options.onExist === "refuse") throw new StoreError("exists", "exists");
    const saved = existing !== undefined && options.onExist === "rename" ? numbered(names) : names;
    const file = this.#store.put(saved.join("/"), bytes);
    const isNew = existing === undefined || options.onExist === "rename";
    const { version, isSettled, modifiedMs } = file;
    return { names: saved, isNew, version, isSettled, modifiedMs };
  }

  #askMayReplace(existing: MemoryFile | undefined, { mayReplace }: UploadOptions): void {
    if (mayReplace === undefined) return;
    const current = existing && this.#store.open(existing);
    try {
      if (!mayReplace(current)) throw new StoreError("changed", "changed");
    } finally {
      current?.close();
    }
  }
}

function numbered(names: readonly string[]): readonly string[] {
  const name = names.at(-1) ?? "";
  return [...names.slice(0, -1), name.replace(/\.(\w+)$/, "-1.$1")];
}
