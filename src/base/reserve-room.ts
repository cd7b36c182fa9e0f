/**
 * `fallocate(2)`: room on the disk for a file that is on its way (Linux).
 */
import { libc } from "./libc.ts";

// Linux: <linux/falloc.h>. The file's length stays: it tells what has been written.
const FALLOC_FL_KEEP_SIZE = 1;

/**
 * Reserves room for the first `sizeBytes` of the file open on `fd`, so that nobody else can take it; what is written
 * already stays. Nothing happens where the system or the file system has no such thing, and when there isn't so much
 * room: then all that is left may have been taken, until the file is cut to its length.
 *
 * @returns whether all is reserved.
 */
export function reserveRoom(fd: number, sizeBytes: number): boolean {
  return libc()?.fallocate(fd, FALLOC_FL_KEEP_SIZE, 0n, BigInt(sizeBytes)) === 0;
}
