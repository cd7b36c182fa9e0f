/**
 * What stands at a path of this machine, for who only chooses by it: whoever then uses the path says why it can't be used.
 */
import { statSync, type Stats } from "node:fs";

/** Looks at `path`, links followed. Never throws. @returns `undefined` when nothing is there, and when that can't be told. */
export function lookAtPath(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
