/**
 * Takes away what a run leaves behind.
 */
import { unlinkSync } from "node:fs";

/** Removes the file at `path`, if it is there and can be removed: there is nothing better to do about a leftover. Never throws. */
export function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone already, or stays.
  }
}
