/**
 * Who may read, write and run a file, when another one takes its place.
 */
import { chmodSync, fchmodSync } from "node:fs";
import { errorCode } from "./failure.ts";

/** Read, write and execute; not the set-user and set-group bits, which were given to the old content. */
const RIGHTS = 0o777;

/** The rights in `mode`, as `stat` tells it. */
export function rightsIn(mode: number): number {
  return mode & RIGHTS;
}

/**
 * Gives `file`, a path or a descriptor, the rights of the one that it replaces, as far as the file system has any: the new content may
 * be read by those who could read the old one, and by nobody else. Throws the system's error.
 */
export function takeOverRights(file: string | number, replacedMode: number): void {
  try {
    if (typeof file === "number") fchmodSync(file, rightsIn(replacedMode));
    else chmodSync(file, rightsIn(replacedMode));
  } catch (error) {
    // File systems without modes.
    if (errorCode(error) !== "EPERM") throw error;
  }
}
