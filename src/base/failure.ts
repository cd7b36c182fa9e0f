/**
 * What can be learned from a caught value, whatever was thrown.
 */

/** The system's error code of `error` (`ENOENT`, `ECONNREFUSED`, …), or `undefined` if it carries none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What the codes of files and folders mean, as a sentence's end. */
const FILE_REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or folder"],
  ["ENOTDIR", "a part of the path is not a folder"],
  ["EISDIR", "it is a folder"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EROFS", "the disk is read-only"],
  ["ENOSPC", "the disk is full"],
  ["EDQUOT", "the disk quota is used up"],
  ["EFBIG", "the file is larger than the disk or a limit allows"],
  ["ENAMETOOLONG", "the name is too long"],
  ["ELOOP", "its links lead in a circle"],
  ["ENXIO", "it is a pipe that nobody reads"],
  ["EAGAIN", "it is a pipe whose reader does not keep up"],
  ["EMFILE", "too many files are open"],
  ["EIO", "the disk reports an error"],
]);

/** Why something could not be done with a file, for a person: words for the system's code, where there are some. */
export function fileReason(error: unknown): string {
  return FILE_REASONS.get(errorCode(error) ?? "") ?? errorText(error);
}

/** The message of `error` as one line, for a person; never a stack. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0] ?? "";
}
