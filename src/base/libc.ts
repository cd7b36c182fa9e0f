/**
 * The few calls of the C library that sockets need and the runtime does not offer. Linux only: elsewhere, and where the
 * library can't be loaded, there are none.
 */
import { FFIType } from "bun:ffi";
import { loadCalls } from "./c-library.ts";

type Calls = ReturnType<typeof load>;

let calls: Calls | "untried" = "untried";

/** The calls; `undefined` where there are none. Loaded when they are asked for first: that takes about a millisecond. */
export function libc(): Calls {
  if (calls === "untried") calls = load();
  return calls;
}

function load() {
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
}
