/**
 * Giving a file that is whole the name that it is to have, if nobody else has got it.
 */
import { closeSync, linkSync, openSync, renameSync } from "node:fs";
import { errorCode } from "./failure.ts";
import { removeQuietly } from "./remove-quietly.ts";

/**
 * What file systems say that have no hard links (FAT, some network and user-space ones), or no more of them for this file. Where
 * it was something else that they meant, they say it again to what is tried then.
 */
const NO_LINKS: ReadonlySet<string> = new Set([
  "EPERM",
  "ENOSYS",
  "ENOTSUP",
  "EOPNOTSUPP",
  "EMLINK",
  "EXDEV",
  "EINVAL",
]);

/**
 * Renames `from` to `to`, which must not exist, not as a link either.
 *
 * SECURITY: link(2) fails when the name is taken, in the same instant; a look before a rename would leave a gap in which
 * another's file is overwritten (CVE-2020-8177).
 *
 * @returns false when the name is taken; all is as it was then. Throws the system's error.
 */
export function takeName(from: string, to: string): boolean {
  try {
    linkSync(from, to);
  } catch (error) {
    const code = errorCode(error) ?? "";
    if (code === "EEXIST") return false;
    if (NO_LINKS.has(code)) return takeNameWithoutLinks(from, to);
    throw error;
  }
  // Should it keep the other name, too, that one is a leftover like any other.
  removeQuietly(from);
  return true;
}

/**
 * The same for file systems without hard links: an empty file takes the name first, if it is free, and is then replaced by the
 * whole one. Two writers are kept apart as well, but for an instant the name shows an empty file, and would keep it if the
 * process were killed right there.
 */
export function takeNameWithoutLinks(from: string, to: string): boolean {
  try {
    closeSync(openSync(to, "wx", 0o666));
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    removeQuietly(to);
    throw error;
  }
}
