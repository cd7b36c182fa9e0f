/**
 * Reading long folders by the kernel's own calls, through FFI, where that is possible: `getdents64` gives names and kinds
 * piece by piece, so that others are served in between. Elsewhere `node:fs` reads them.
 */
import { ptr } from "bun:ffi";
import { CALL_NUMBERS, libc } from "../base/libc.ts";
import { once } from "../base/once.ts";
import { isFolder, isRegular, type Measurement, modifiedMsOf } from "./measurement.ts";
import type { Entry } from "./store.ts";

/** What a file system says of a name; `unknown` when it doesn't tell the kind along with it. */
export type RawName = {
  readonly kind: "file" | "folder" | "link" | "other" | "unknown";
  readonly name: string;
};

export type FolderCalls = {
  /**
   * The next names in the folder that is open on `descriptor`, some 1,000: without `.` and `..`, and bytes that are no
   * UTF-8 as U+FFFD. They may be few or none before the end, as when a signal cuts the call short.
   * @returns `undefined` when the system refuses: `node:fs` says why.
   */
  readonly readNames: (descriptor: number) => readonly RawName[] | "end" | undefined;
};

/** About 1,000 names. */
const NAMES_BYTES = 32 * 1024;

// <linux/dirent.h>, <linux/fs.h>: offsets in struct linux_dirent64, and the values of d_type.
const DIRENT = { length: 16, type: 18, name: 19 };
const TYPES: Readonly<Record<number, RawName["kind"]>> = { 0: "unknown", 4: "folder", 8: "file", 10: "link" };

// Used by one call at a time, and read before the next can be made.
// SECURITY: views of an ArrayBuffer, and not `Buffer.alloc`: the runtime moves small buffers, and the kernel would then
// read and write at an address that is somebody else's.
const names = Buffer.from(new ArrayBuffer(NAMES_BYTES));

/** The calls; `undefined` where there are none. */
export const folderCalls = once((): FolderCalls | undefined => {
  const syscall = libc()?.syscall;
  if (syscall === undefined) return undefined;
  const namesAt = ptr(names);
  return {
    readNames(descriptor) {
      const bytes = Number(syscall(CALL_NUMBERS.getdents64, descriptor, namesAt, NAMES_BYTES, 0, 0, 0));
      if (bytes < 0) return undefined;
      return bytes === 0 ? "end" : parseNames(bytes);
    },
  };
});

function parseNames(bytes: number): readonly RawName[] {
  const found: RawName[] = [];
  // Names are cut out of one text; only what is not ASCII is decoded by itself.
  const text = names.toString("latin1", 0, bytes);
  for (let at = 0; at < bytes; at += names.readUInt16LE(at + DIRENT.length)) {
    const start = at + DIRENT.name;
    let end = start;
    let bits = 0;
    for (let byte = names[end]; byte !== undefined && byte !== 0; byte = names[end]) {
      bits |= byte;
      end += 1;
    }
    const entry = bits < 0x80 ? text.slice(start, end) : names.toString("utf8", start, end);
    if (entry === "." || entry === "..") continue;
    found.push({ kind: TYPES[names[at + DIRENT.type] ?? 0] ?? "other", name: entry });
  }
  return found;
}

/** The entry of `name`, measured to be a file or a folder; `undefined` when it is something else. */
export function entryOf(name: string, measured: Measurement): Entry | undefined {
  const modifiedMs = modifiedMsOf(measured);
  if (isRegular(measured)) return { kind: "file", name, sizeBytes: measured.sizeBytes, modifiedMs };
  return isFolder(measured) ? { kind: "folder", name, modifiedMs } : undefined;
}
