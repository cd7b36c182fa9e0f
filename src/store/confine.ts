/**
 * Where a URL may lead on the disk. Everything that reads or writes files takes a {@link DiskPath}, and this file is
 * its only maker, so that the rules about names stand here and nowhere else.
 *
 * A path from here is clean but not yet safe: symbolic links in it may lead out of the root. `reach` follows them and
 * asks {@link isInside} about the place where they really end.
 */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { sep } from "node:path";
import { errorCode, fileReason } from "../base/failure.ts";
import type { UrlPath } from "../wire/target.ts";
import { StoreError } from "./store-error.ts";
import { toStoreError } from "./system-error.ts";

declare const diskPath: unique symbol;

/** A path for system calls, made of the root and of names that {@link isServableName} passes. */
export type DiskPath = string & { readonly [diskPath]: true };

/** The folder that is served, as it really is: absolute, without links. */
export type DiskRoot = {
  readonly path: DiskPath;
  /** The path with exactly one separator at its end, so that a sibling `/srv/www-secret` is not inside `/srv/www`. */
  readonly prefix: string;
};

/** What file systems hold in one name, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 255;

// SECURITY: empty, hidden, `.` and `..`, drives, and whatever could hold a separator or end the path early.
const REFUSED = /^(?:$|\.|[A-Za-z]:)|[/\\\0]/;

// Windows gives some names another meaning: streams (`a:b`), devices (`NUL.txt`), short names (`SECRET~1`), and it
// drops dots and spaces at the end, so that one file would have many names.
const REFUSED_ON_WINDOWS =
  /[<>:"|?*\u0001-\u001f]|[. ]$|~\d|^(?:con|prn|aux|nul|com\d|lpt\d|con(?:in|out)\$)(?:\.|$)/i;

// Legal on most disks, but a trap for every shell, log and listing that meets them later: not accepted from a peer.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * Finds out what `root` really is, once: links, `.`, a relative path or a slash at the end are resolved here.
 *
 * @throws {StoreError} `failed` (there is no such folder), `conflict` (it is a file), `denied`.
 */
export function resolveRoot(root: string): DiskRoot {
  const path = realPathOfRoot(root);
  return { path: path as DiskPath, prefix: path.endsWith(sep) ? path : path + sep };
}

function realPathOfRoot(root: string): string {
  try {
    const path = realpathSync.native(root);
    // SECURITY: names that are not UTF-8 all decode to U+FFFD, and so two different folders would look like one.
    if (path.includes("\uFFFD"))
      throw new StoreError("bad-name", `Cannot serve "${root}": its path is not UTF-8`);
    if (!statSync(path).isDirectory())
      throw new StoreError("conflict", `Cannot serve "${root}": it is not a folder`);
    accessSync(path, constants.R_OK | constants.X_OK);
    return path;
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = errorCode(error);
    if (code === "ENOENT")
      throw new StoreError("failed", `Cannot serve "${root}": there is no such folder`, code);
    throw new StoreError(toStoreError(error).kind, `Cannot serve "${root}": ${fileReason(error)}`, code);
  }
}

/**
 * Turns the names of a URL into a path below `root`.
 *
 * @returns `undefined` when a name may not be served: then nothing exists there, as far as a peer can tell.
 */
export function confine(root: DiskRoot, path: UrlPath): DiskPath | undefined {
  return confineNames(root, path.names);
}

/** As {@link confine}, for names that were read from the disk. */
export function confineNames(root: DiskRoot, names: readonly string[]): DiskPath | undefined {
  if (names.length === 0) return root.path;
  for (const name of names) {
    if (!isServableName(name)) return undefined;
  }
  return (root.prefix + (names.length === 1 ? names[0] : names.join(sep))) as DiskPath;
}

/**
 * The path of `name` in the folder at `folder`. The name must be one that {@link isServableName} passes, or our own.
 */
export function pathInFolder(folder: DiskPath, name: string): DiskPath {
  return (folder.endsWith(sep) ? folder + name : folder + sep + name) as DiskPath;
}

/** The path under which the system keeps what is open on `descriptor`; `prefix` as `reach-descriptor` found it. */
export function pathOfDescriptor(prefix: string, descriptor: number): DiskPath {
  return (prefix + descriptor) as DiskPath;
}

/** Vouches for the real path of something: `undefined` unless it is inside `root` and may be seen. */
export function confineRealPath(root: DiskRoot, realPath: string): DiskPath | undefined {
  return isInside(root, realPath) ? (realPath as DiskPath) : undefined;
}

/**
 * Whether `realPath` (absolute, without links, as the system gives it) is the root or below it, with no hidden name
 * on the way down. What the root's own path looks like doesn't matter.
 */
export function isInside(root: DiskRoot, realPath: string): boolean {
  if (realPath === root.path) return true;
  // SECURITY: the prefix ends with the separator, and the search for hidden names begins at that separator.
  return realPath.startsWith(root.prefix) && !realPath.includes(`${sep}.`, root.prefix.length - 1);
}

/**
 * Whether a file of this name may be found: one name, not hidden, that means the same on every system.
 *
 * @param platform as `process.platform`; Windows refuses more.
 */
export function isServableName(name: string, platform: string = process.platform): boolean {
  if (REFUSED.test(name)) return false;
  if (platform === "win32" && REFUSED_ON_WINDOWS.test(name)) return false;
  // A UTF-16 unit takes at most three bytes, so short names need no counting; half a surrogate pair has no UTF-8 at
  // all.
  return (
    (name.length * 3 <= MAX_NAME_BYTES || Buffer.byteLength(name) <= MAX_NAME_BYTES) && name.isWellFormed()
  );
}

/** Whether a file may be saved under this name: servable, and without control characters. */
export function isStorableName(name: string, platform: string = process.platform): boolean {
  return isServableName(name, platform) && !CONTROL.test(name);
}
