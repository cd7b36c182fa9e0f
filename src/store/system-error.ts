/**
 * What the system's error codes mean to a store, in one place.
 */
import { errorCode, errorText } from "../base/failure.ts";
import { StoreError, type StoreErrorKind } from "./store-error.ts";

/** Codes that say, when something is looked up, that there is nothing of that name. */
const ABSENT: ReadonlySet<string> = new Set([
  "ENOENT",
  "ENOTDIR",
  "ELOOP", // a link to itself, or one that appeared where none may be
  "ENAMETOOLONG",
  "EINVAL", // names that this file system can't hold
  "EILSEQ",
  "ENXIO", // a socket, or a FIFO
  "ENODEV",
  "ESTALE", // gone on the file server
  "ERR_INVALID_ARG_VALUE", // NUL; refused earlier, but it would mean this
]);

const KINDS: ReadonlyMap<string, StoreErrorKind> = new Map([
  ["EACCES", "denied"],
  ["EPERM", "denied"],
  ["EROFS", "denied"],
  ["ELOOP", "denied"],
  ["EEXIST", "exists"],
  ["ENOENT", "conflict"],
  ["ENOTDIR", "conflict"],
  ["EISDIR", "conflict"],
  ["ENOTEMPTY", "conflict"],
  ["ENAMETOOLONG", "bad-name"],
  ["EINVAL", "bad-name"],
  ["EILSEQ", "bad-name"],
  ["ENOSPC", "full"],
  ["EDQUOT", "full"],
  ["EFBIG", "full"],
  ["EMFILE", "busy"],
  ["ENFILE", "busy"],
  ["EBUSY", "busy"],
  ["EAGAIN", "busy"],
]);

/** Whether `error`, thrown by a look-up, means that nothing is there. */
export function isAbsence(error: unknown): boolean {
  const code = errorCode(error);
  return code !== undefined && ABSENT.has(code);
}

/** Says `error` in the store's words; a {@link StoreError} is returned as it is. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = errorCode(error);
  return new StoreError((code && KINDS.get(code)) || "failed", errorText(error), code);
}

/**
 * For the `catch` of a look-up: answers `undefined` when nothing is there, and throws a {@link StoreError} otherwise.
 */
export function absentOrThrow(error: unknown): undefined {
  if (isAbsence(error)) return undefined;
  throw toStoreError(error);
}
