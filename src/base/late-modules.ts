/**
 * The runtime's modules that most starts have no use for, loaded when they are asked for: each costs a start about a third of a
 * millisecond. What one file alone needs is loaded in that file.
 */
import type asyncFileCalls from "node:fs/promises";
import type systemCalls from "node:os";

/** What the system says of this machine. */
export function os(): typeof systemCalls {
  return process.getBuiltinModule("node:os");
}

/** The calls of the file system that other threads make. */
export function asyncFiles(): typeof asyncFileCalls {
  return process.getBuiltinModule("node:fs/promises");
}
