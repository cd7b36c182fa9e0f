/**
 * Small files that are there as a whole or not at all, for what a later run relies on.
 */
import { closeSync, constants, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { removeQuietly } from "../base/remove-quietly.ts";

/** O_NOFOLLOW is missing where there is no such thing. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** A path with this at its end is a file that was being written. */
export const NEXT_SUFFIX = "-next";

/**
 * Writes `text` to `path`, in place of what was there, for this user only.
 * @param durability `disk` waits for the disk; `system` survives the end of this process only.
 * @throws the system's error.
 */
export function writeWhole(path: string, text: string, durability: "disk" | "system"): void {
  const nextPath = `${path}${NEXT_SUFFIX}`;
  // SECURITY: never through a link that somebody planted under the name.
  const fd = openSync(
    nextPath,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | NO_FOLLOW,
    0o600,
  );
  try {
    writeSync(fd, text);
    if (durability === "disk") fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(nextPath, path);
}

/** Removes what {@link writeWhole} wrote or was writing, if there is any. Never throws. */
export function removeWhole(path: string): void {
  removeQuietly(path);
  removeQuietly(`${path}${NEXT_SUFFIX}`);
}
