/**
 * Reading long folders by the kernel's own calls, through FFI, where that is possible: `getdents64` gives names and kinds
 * piece by piece, so that others are served in between, and `statx` measures a name for a third of what `lstat` of a
 * path costs. Elsewhere `node:fs` does both.
 */
import { ptr } from "bun:ffi";
import { CALL_NUMBERS, libc } from "../base/libc.ts";
import { once } from "../base/once.ts";
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
  /** Measures a file or a folder; `undefined` for links and all else, and when the system refuses. */
  readonly measure: (descriptor: number, name: string) => Entry | undefined;
};

/** About 1,000 names. */
const NAMES_BYTES = 32 * 1024;
/** 255 bytes and the NUL behind them. */
const NAME_BYTES = 256;

// <linux/dirent.h>, <linux/fs.h>: offsets in struct linux_dirent64, and the values of d_type.
const DIRENT = { length: 16, type: 18, name: 19 };
const TYPES: Readonly<Record<number, RawName["kind"]>> = { 0: "unknown", 4: "folder", 8: "file", 10: "link" };

// <linux/stat.h>: places in struct statx, in words of 32 bits, the low ones first; and the kinds in its mode.
const STATX = { mask: 0, mode: 7, size: 10, modifiedS: 28, modifiedNs: 30 };
const STATX_BYTES = 256;
const STATX_TYPE_SIZE_MTIME = 0x001 | 0x200 | 0x040;
const AT_SYMLINK_NOFOLLOW = 0x100;
const FORMAT_MASK = 0o170000;
const FORMAT_REGULAR = 0o100000;
const FORMAT_FOLDER = 0o040000;

// Used by one call at a time, and read before the next can be made.
// SECURITY: views of an ArrayBuffer, and not `Buffer.alloc`: the runtime moves small buffers, and the kernel would then
// read and write at an address that is somebody else's.
const names = Buffer.from(new ArrayBuffer(NAMES_BYTES));
const name = Buffer.from(new ArrayBuffer(NAME_BYTES));
const stats = new Uint32Array(new ArrayBuffer(STATX_BYTES));

/** The calls; `undefined` where there are none. */
export const folderCalls = once((): FolderCalls | undefined => {
  const syscall = libc()?.syscall;
  if (syscall === undefined) return undefined;
  const [namesAt, nameAt, statsAt] = [ptr(names), ptr(name), ptr(stats)];
  return {
    readNames(descriptor) {
      const bytes = Number(syscall(CALL_NUMBERS.getdents64, descriptor, namesAt, NAMES_BYTES, 0, 0, 0));
      if (bytes < 0) return undefined;
      return bytes === 0 ? "end" : parseNames(bytes);
    },
    measure(descriptor, text) {
      if (text.length * 3 >= NAME_BYTES && Buffer.byteLength(text) >= NAME_BYTES) return undefined;
      name[name.write(text)] = 0;
      const flags = AT_SYMLINK_NOFOLLOW;
      const result = syscall(
        CALL_NUMBERS.statx,
        descriptor,
        nameAt,
        flags,
        STATX_TYPE_SIZE_MTIME,
        statsAt,
        0,
      );
      return Number(result) === 0 ? parseStats(text) : undefined;
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

function parseStats(text: string): Entry | undefined {
  // A file system that doesn't tell all of it leaves bits away.
  if ((wordOf(STATX.mask) & STATX_TYPE_SIZE_MTIME) !== STATX_TYPE_SIZE_MTIME) return undefined;
  // Times before 1970 are negative: the high word has a sign.
  const seconds = wordOf(STATX.modifiedS) + (wordOf(STATX.modifiedS + 1) | 0) * 2 ** 32;
  const modifiedMs = seconds * 1000 + Math.floor(wordOf(STATX.modifiedNs) / 1_000_000);
  const format = wordOf(STATX.mode) & FORMAT_MASK;
  if (format === FORMAT_FOLDER) return { kind: "folder", name: text, modifiedMs };
  if (format !== FORMAT_REGULAR) return undefined;
  const sizeBytes = wordOf(STATX.size) + wordOf(STATX.size + 1) * 2 ** 32;
  return { kind: "file", name: text, sizeBytes, modifiedMs };
}

function wordOf(place: number): number {
  return stats[place] ?? 0;
}
