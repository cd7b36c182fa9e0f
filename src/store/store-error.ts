/**
 * What can go wrong where files live, in words that the site can map to a status (`site/refusal`).
 */
export type StoreErrorKind =
  /** The system denies access, or the file is not a regular file or folder. */
  | "denied"
  /** The name exists already and may not be replaced. */
  | "exists"
  /** A folder is where a file is wanted, or the other way round, or a parent is not a folder. */
  | "conflict"
  /** The file is not the version that the caller wanted to replace. */
  | "changed"
  /** The store can't hold the name: too long, or not allowed here. */
  | "bad-name"
  /** No space left, or a quota reached. */
  | "full"
  /** Too many open files: try again later. */
  | "busy"
  /** Anything else: an I/O error. */
  | "failed";

export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;
  /** The system's code (`ENOSPC`), for the log; never sent to a peer. */
  readonly code: string | undefined;

  constructor(kind: StoreErrorKind, message: string, code?: string) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}
