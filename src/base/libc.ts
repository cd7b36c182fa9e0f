/**
 * The calls of the system's C library that the runtime does not offer, through FFI. Linux only: elsewhere, and where the library
 * can't be loaded, there are none.
 */
import { dlopen, type FFIFunction, FFIType } from "bun:ffi";
import { existsSync } from "node:fs";
import { once } from "./once.ts";

/** Calls that not every C library has a function for, by number: x86-64's table, and the one of newer architectures. */
export const CALL_NUMBERS =
  process.arch === "arm64"
    ? { getdents64: 61, openat2: 437, pwritev2: 287, statx: 291 }
    : { getdents64: 217, openat2: 437, pwritev2: 328, statx: 332 };

/** The calls; `undefined` where there are none. Loaded when they are asked for first: that takes a fraction of a millisecond. */
export const libc = once(() => {
  const word = FFIType.i64_fast;
  return loadCalls({
    getpeername: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    listen: { args: ["i32", "i32"], returns: "i32" },
    // Variadic in C; on x86-64 and arm64 Linux an argument that is no float goes the same way.
    ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
    recv: { args: ["i32", "ptr", "u64", "i32"], returns: word },
    send: { args: ["i32", "ptr", "u64", "i32"], returns: word },
    fallocate: { args: ["i32", "i32", "i64", "i64"], returns: "i32" },
    // The offset is passed by address.
    sendfile: { args: ["i32", "i32", "ptr", "u64"], returns: word },
    memfd_create: { args: ["ptr", "u32"], returns: "i32" },
    getpagesize: { args: [], returns: "i32" },
    inotify_init1: { args: ["i32"], returns: "i32" },
    inotify_add_watch: { args: ["i32", "ptr", "u32"], returns: "i32" },
    inotify_rm_watch: { args: ["i32", "i32"], returns: "i32" },
    read: { args: ["i32", "ptr", "u64"], returns: word },
    // A call by its number, and what it takes: every argument is a word, addresses too, none of which is beyond 2^53. (A buffer as an
    // argument costs as much as the call itself.)
    syscall: { args: [word, word, word, word, word, word, word], returns: word },
  });
});

/** A call by its number, of {@link CALL_NUMBERS}. */
export type SystemCall = NonNullable<ReturnType<typeof libc>>["syscall"];

/**
 * Loads `calls`.
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
