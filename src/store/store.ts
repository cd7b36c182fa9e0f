/**
 * Where files live, as the site sees it. It knows nothing of HTTP; the disk is one, an object store could be another.
 */
import type { LineUp } from "../base/line-up.ts";
import type { Piece, ReadableFile } from "../base/piece.ts";
import type { UrlPath } from "../wire/target.ts";

/**
 * The kernel stamps files with the time of its last tick, 1 to 10 ms ago (CONFIG_HZ 100 to 1000); within one tick,
 * two changes carry the same timestamps. One more for the clock that is read in whole ms.
 */
export const SETTLING_MS = 11;

/** A file that is open: everything here was measured on the descriptor that is read. */
export interface OpenFile extends ReadableFile {
  readonly sizeBytes: number;
  /** Last modification, in ms since the epoch; may be negative or absurd, as the disk has it. */
  readonly modifiedMs: number;
  /** Names this content: changes whenever the content may have changed. Printable ASCII without quotes. */
  readonly version: string;
  /**
   * Whether `version` is proof already. False until {@link SETTLING_MS} after the last change, since a further one could carry
   * the same timestamps; then it must not be used as a strong validator.
   */
  readonly isSettled: boolean;
  /** Where the whole content is kept in memory. */
  readonly kept?: KeptContent;
  /**
   * Whether the path by which the file was found still leads to this content: in the same turn of the event loop as
   * before, or after a look. Also after `close`. Absent where that is no cheaper than finding.
   */
  isCurrent?(): boolean;
  /**
   * After `isCurrent`, where there is one: as long as the store's {@link Store.quietMark} is this number, neither the file nor
   * a name beside it has changed. Another number at another time when one of them may have.
   */
  readonly quietMark?: number;
}

/** The content of a file that is kept in memory for all who ask for it. */
export interface KeptContent {
  /** Bytes, or a slice of memory that can be read as long as the content is held. */
  readonly whole: Piece;
  /** As those of the {@link OpenFile}. */
  isCurrent(): boolean;
  readonly quietMark: number;
  /** Keeps the content readable until {@link close}, even when it is forgotten meanwhile. */
  hold(): void;
  /** Ends one {@link hold}. */
  close(): void;
  /** What ends when the content is no longer kept for others. */
  readonly derived: LineUp<Derived>;
}

/** What was made of content that is kept, and is of no use without it. */
export interface Derived {
  /** Leaves the content's {@link KeptContent.derived}, among others. */
  end(): void;
}

export type Found = { readonly kind: "file"; readonly file: OpenFile } | { readonly kind: "folder" };

/** One name in a folder. Only names that {@link Store.find} would find are listed. */
export type Entry =
  | { readonly kind: "file"; readonly name: string; readonly sizeBytes: number; readonly modifiedMs: number }
  | { readonly kind: "folder"; readonly name: string; readonly modifiedMs: number };

/** What an entry is, before it is measured. */
export type EntryName = { readonly kind: "file" | "folder" | "link"; readonly name: string };

export interface Folder {
  /**
   * Every name in the folder, unsorted, without hidden ones, in batches that take some ms at most; none after {@link close}.
   * Whoever doesn't take them all ends the generator.
   */
  names(): AsyncGenerator<readonly EntryName[], void>;
  /** Measures one name; `undefined` when it is gone, or is neither file nor folder, or leaves the root. */
  measure(name: string): Entry | undefined;
  close(): void;
}

export type UploadOptions = {
  /**
   * What to do when the name exists: refuse (kind `exists`), replace it, or save as `name-1.ext`, `name-2.ext`, …
   * Decided for good at {@link Upload.commit}, atomically; looked at early in {@link UploadStore.begin}.
   */
  readonly onExist: "refuse" | "replace" | "rename";
  /**
   * Called with the file that is there now (`undefined` for none) at the last moment before the name is given; to
   * answer false stops the commit with kind `changed`. Two commits of one name never run this at the same time.
   */
  readonly mayReplace?: (current: OpenFile | undefined) => boolean;
  /** The whole size if it is known, in bytes, so that a full disk can be told before the first byte. */
  readonly sizeBytes?: number;
};

/** A file on its way in. Nothing appears under its name before {@link commit} is done, and then all of it. */
export interface Upload {
  /** Bytes written so far. */
  readonly writtenBytes: number;
  /** Appends; the bytes are on their way when it returns and may be reused. Throws {@link StoreError}. */
  write(bytes: Uint8Array): void;
  /** Makes what was written durable already, for one of several that are to get their names together. Throws {@link StoreError}. */
  sync(): Promise<void>;
  /** Makes what was written durable and gives it its name (fsync, rename, fsync of the folder). */
  commit(): Promise<Committed>;
  /** Drops everything; safe at any time, also after `commit`. */
  discard(): void;
}

export type Committed = {
  /** Names of the file from the root, since `rename` may have chosen another. */
  readonly names: readonly string[];
  /** False when a file of that name was replaced. */
  readonly isNew: boolean;
  readonly version: string;
  readonly isSettled: boolean;
  readonly modifiedMs: number;
};

export interface UploadStore {
  /**
   * Begins a file at `path`, making missing folders on the way.
   * @throws {StoreError} `exists` (onExist refuse), `conflict`, `bad-name`, `denied`, `full`, `busy`, `failed`.
   */
  begin(path: UrlPath, options: UploadOptions): Upload;
}

/** What is remembered with an unfinished upload, for its owner; the store doesn't read it. */
export type UploadNote = Readonly<Record<string, string>>;

/**
 * A file on its way in that outlives its request and this process. One that is open holds descriptors: it ends with `close`,
 * `commit` or `discard`.
 */
export interface UnfinishedUpload extends ReadableFile {
  /** Names it, and is the right to go on with it: 128 random bits, in base64url. */
  readonly token: string;
  /** Names of the destination from the root. */
  readonly names: readonly string[];
  readonly note: UploadNote;
  /** Bytes that have been written so far, in this process and before. */
  readonly writtenBytes: number;
  /** When it is given up unless something is written to it, in ms since the epoch. */
  readonly expiresMs: number;
  /** Appends. Throws {@link StoreError}; a part of the bytes may have been kept then. */
  write(bytes: Uint8Array): void;
  /** Takes back what was written after the first `sizeBytes`; never below what {@link sync} has made durable. */
  truncate(sizeBytes: number): void;
  /** Changes the note, at once. Throws {@link StoreError}. */
  remember(note: UploadNote): void;
  /** Makes all that was written so far durable, and the record of it: from then on it may be promised. */
  sync(): Promise<void>;
  /** As {@link Upload.commit}. */
  commit(options: UploadOptions): Promise<Committed>;
  /** Keeps what has been written and gives back what is held; a second call does nothing. */
  close(): void;
  /** Drops everything. */
  discard(): void;
}

export interface UnfinishedUploads {
  /**
   * Begins a file at `path` as {@link UploadStore.begin} does.
   * @throws {StoreError} as there; `busy` also when there are too many unfinished ones already.
   */
  create(path: UrlPath, options: UploadOptions, note: UploadNote): UnfinishedUpload;
  /**
   * Opens the one named by `token`, whichever process began it.
   * @returns `undefined` when there is none (any more). @throws {StoreError} `denied`, `busy`, `failed`.
   */
  find(token: string): UnfinishedUpload | undefined;
  /** Gives up those that have expired. @returns how many. Never rejects. */
  sweep(): Promise<number>;
}

export interface Store {
  /** Another number as soon as something has changed in one of the folders that are watched. */
  readonly quietMark?: number;
  /**
   * Opens what is at `path`, wherever symbolic links lead inside the root. Trailing slash or not, a file
   * is found only without one, a folder with and without.
   *
   * @returns `undefined` when there is nothing there that may be seen: no such name, a hidden name, a name
   *   that could leave the root (`..`, a slash, a backslash, NUL, a drive), a link that does, a FIFO, a device.
   * @throws {StoreError} `denied`, `busy`, `failed`.
   */
  find(path: UrlPath): Found | undefined;
  /** Opens the folder at `path` for listing; `undefined` as in {@link find}, or when it is not a folder. */
  folder(path: UrlPath): Folder | undefined;
  /** Absent for a store that can't be written to. */
  readonly uploads?: UploadStore;
  /** Absent for a store whose uploads end with their request. */
  readonly unfinished?: UnfinishedUploads;
}
