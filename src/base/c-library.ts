/**
 * Calls of the system's C library that the runtime does not offer, through FFI. Linux only.
 */
import { dlopen, type FFIFunction } from "bun:ffi";
import { existsSync } from "node:fs";

/** Calls that not every C library has a function for, by number: x86-64's table, and the one of newer architectures. */
export const CALL_NUMBERS =
  process.arch === "arm64"
    ? { getdents64: 61, openat2: 437, pwritev2: 287, statx: 291 }
    : { getdents64: 217, openat2: 437, pwritev2: 328, statx: 332 };

/**
 * Loads `calls`, which takes about a millisecond.
 * @returns `undefined` elsewhere than on Linux, and where the library or one of them is missing.
 */
export function loadCalls<const Calls extends Record<string, FFIFunction>>(calls: Calls) {
  if (process.platform !== "linux") return undefined;
  try {
    return dlopen(libraryName(), calls).symbols;
  } catch {
    return undefined;
  }
}

/**
 * The name under which this system has its C library.
 *
 * SECURITY: a name that might be missing is never tried, because dlopen of a missing one looks in the current
 * directory, which may be anybody's.
 */
function libraryName(): string {
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  const musl = `/lib/ld-musl-${arch}.so.1`;
  return existsSync(musl) ? musl : "libc.so.6";
}
