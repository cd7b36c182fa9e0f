/**
 * The few calls of the C library that the runtime does not offer, through FFI. Linux only: elsewhere, and where the library
 * can't be loaded, there are none.
 */
import { dlopen } from "bun:ffi";
import { existsSync } from "node:fs";

type Calls = ReturnType<typeof open>["symbols"];

let calls: Calls | "untried" | "unavailable" = "untried";

/** The calls; `undefined` where there are none. Loaded when they are asked for first: that takes about a millisecond. */
export function libc(): Calls | undefined {
  if (calls === "untried") calls = load();
  return calls === "unavailable" ? undefined : calls;
}

function load(): Calls | "unavailable" {
  if (process.platform !== "linux") return "unavailable";
  try {
    return open().symbols;
  } catch {
    return "unavailable";
  }
}

function open() {
  return dlopen(libraryName(), {
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    listen: { args: ["i32", "i32"], returns: "i32" },
    // Variadic in C; on x86-64 and arm64 Linux an argument that is no float goes the same way.
    ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
    recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
    fallocate: { args: ["i32", "i32", "i64", "i64"], returns: "i32" },
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
function libraryName(): string {
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  const musl = `/lib/ld-musl-${arch}.so.1`;
  return existsSync(musl) ? musl : "libc.so.6";
}
