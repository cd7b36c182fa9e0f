/**
 * Writing to a file past what the system would keep of it in memory (Linux 6.16): the bytes go to the disk at once, and what held
 * them is free again when they are there. A large file that nobody reads soon takes nobody else's memory away then, and it
 * is written faster, since the same memory, which a processor has at hand, is used again and again.
 */
import { ptr } from "bun:ffi";
import { CALL_NUMBERS, libc } from "./libc.ts";
import { os } from "./late-modules.ts";
import { once } from "./once.ts";
import { writePiece } from "./write-piece.ts";

/** Linux: <linux/fs.h>, RWF_DONTCACHE. An older kernel refuses it, and so do some file systems. */
const UNCACHED = 0x80;

/** Of a larger file the system need not keep in its memory what it could use for others. */
export const KEPT_BELOW_BYTES = 256 * 1024 * 1024;

/** For less the disk is not set in motion: it would get many small pieces. */
const LEAST_BYTES = 64 * 1024;

/**
 * Of memory that is free again too soon the next write would need the rest, and read it from the disk: so the beginning of a page
 * is left to an ordinary write, which keeps it. (Where pages are larger, it is only slower.)
 */
const PAGE_BYTES = 4096;

// Linux: struct iovec. One for every call: it is read before the next call can be made. Of an ArrayBuffer, which the runtime doesn't move.
const vector = new BigUint64Array(new ArrayBuffer(16));

/** Writes a piece of bytes to a descriptor at a position. @returns how many were written. */
export type FileWrite = typeof writeUncached;

/** How a file that is to have `totalBytes` is written: as {@link writeUncached} does when it is large. */
export function chooseWrite(totalBytes: number): FileWrite {
  return totalBytes < KEPT_BELOW_BYTES ? writePiece : writeUncached;
}

/**
 * Writes a piece of `bytes` from `start` on to the file open on `fd`, at `position`; as {@link writePiece} does where the system
 * has no other way, and when there is little to write.
 * @returns the number of bytes that were written, at least 1. Throws the system's error.
 */
export function writeUncached(fd: number, bytes: Uint8Array, start: number, position: number): number {
  const length = bytes.length - start - ((position + bytes.length - start) % PAGE_BYTES);
  if (length >= LEAST_BYTES) {
    const call = isKernelTrusted() ? libc()?.syscall : undefined;
    vector[0] = BigInt(ptr(bytes, start));
    vector[1] = BigInt(length);
    // The offset's upper half is for systems of 32 bits.
    const count = Number(call?.(CALL_NUMBERS.pwritev2, fd, ptr(vector), 1, position, 0, UNCACHED) ?? 0);
    if (count > 0) return count;
  }
  // Where the call has failed this tells why, or does it.
  return writePiece(fd, bytes, start, position);
}

const isKernelTrusted = once(() => canBeTrusted(os().release()));

/**
 * Whether the kernel is recent enough: 6.14 knows such writes already, but they were corrected in the versions that followed.
 * @param kernel as `uname -r` says.
 */
export function canBeTrusted(kernel: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernel) ?? [];
  return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 16);
}
