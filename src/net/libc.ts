/**
 * The C library's calls that Bun has no door for, by FFI; on Linux only. Everything that uses one has a way without.
 */
import { dlopen } from "bun:ffi";
import { existsSync } from "node:fs";

export type Libc = ReturnType<typeof openLibc>["symbols"];

let libc: Libc | "untried" | "unavailable" = "untried";

/** The calls, or `undefined` where there are none: not Linux, or no FFI. */
export function findLibc(): Libc | undefined {
  if (libc === "untried") libc = loadLibc();
  return libc === "unavailable" ? undefined : libc;
}

function loadLibc(): Libc | "unavailable" {
  if (process.platform !== "linux") return "unavailable";
  try {
    return openLibc().symbols;
  } catch {
    return "unavailable";
  }
}

function openLibc() {
  return dlopen(libcName(), {
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    // The offset is passed by address.
    sendfile: { args: ["i32", "i32", "ptr", "u64"], returns: "i64" },
  });
}

/**
 * The name under which this system has its C library.
 *
 * SECURITY: a name that might be missing is never tried, because dlopen of a missing one looks in the current
 * directory, which may be anybody's.
 */
function libcName(): string {
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  const musl = `/lib/ld-musl-${arch}.so.1`;
  return existsSync(musl) ? musl : "libc.so.6";
}
