/**
 * What this machine's disk refuses, put into words.
 */
import { errorCode, errorText } from "../base/failure.ts";
import { printable } from "../base/printable.ts";
import { TransferError } from "./transfer-error.ts";

const SAVE_REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied; choose another folder",
  EPERM: "permission denied; choose another folder",
  EROFS: "the disk is read-only; choose another folder",
  ENOSPC: "the disk is full; make room and try again",
  EDQUOT: "your disk quota is used up; make room and try again",
  EFBIG: "the file is larger than the disk or a limit allows",
  EEXIST: "what is there is not a folder",
  ENOENT: "its folder is not there any more",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder; choose another name",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
  ELOOP: "its links lead in a circle",
  EMFILE: "too many files are open",
  EIO: "the disk reports an error",
};

const READ_REASONS: Readonly<Record<string, string>> = {
  ENOTDIR: "a part of the path is not a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder; send what is in it with -r",
  ENXIO: "it is not a regular file",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "its links lead in a circle",
  EMFILE: "too many files are open",
  EIO: "the disk reports an error",
};

/** The error for a name that is taken. */
export function alreadyThere(path: string): TransferError {
  return new TransferError(
    "exists",
    `Cannot save "${printable(path)}": it exists already; choose another name, or replace it with "--force"`,
  );
}

/** The error for what can't be saved. @param reason a sentence's end, or the system's error. */
export function cannotSave(path: string, reason: unknown): TransferError {
  return new TransferError("save", `Cannot save "${printable(path)}": ${inWords(reason, SAVE_REASONS)}`, {
    cause: reason,
  });
}

/** The error for what doesn't fit on the disk. */
export function diskIsFull(path: string): TransferError {
  return cannotSave(path, SAVE_REASONS["ENOSPC"]);
}

/** The error for what can't be read. @param reason a sentence's end, or the system's error. */
export function cannotRead(path: string, reason: unknown): TransferError {
  const words = errorCode(reason) === "ENOENT" ? noSuch("file", path) : inWords(reason, READ_REASONS);
  return new TransferError("read", `Cannot read "${printable(path)}": ${words}`, { cause: reason });
}

/** What a path leads to that leads to nothing, as a sentence's end: the runtime knows names only that are UTF-8. */
export function noSuch(kind: "file" | "folder", path: string): string {
  return path.includes("\ufffd")
    ? `there is no such ${kind}, as far as can be told of a name that is not UTF-8; rename it`
    : `there is no such ${kind}; check its name`;
}

function inWords(reason: unknown, words: Readonly<Record<string, string>>): string {
  if (typeof reason === "string") return reason;
  const code = errorCode(reason);
  return (code === undefined ? undefined : words[code]) ?? printable(errorText(reason));
}
