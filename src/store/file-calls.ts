/**
 * Looking at files and opening them by the kernel's own calls, through FFI (Linux): a look costs half of what the runtime's does,
 * and a file that no link leads to is opened and known to be in its place by one call, `openat2(2)`.
 */
import { closeSync, constants, statSync } from "node:fs";
import { ptr } from "bun:ffi";
import { CALL_NUMBERS } from "../base/c-library.ts";
import { libc } from "../base/libc.ts";
import { once } from "../base/once.ts";
import type { DiskPath } from "./confine.ts";
import { deviceNumber, isRegular, isSameContent, type Measurement, measurementOf } from "./measurement.ts";

/** A file that is open for reading, and what it was measured to be. */
export type OpenedFile = { readonly descriptor: number; readonly measured: Measurement };

// Linux: <fcntl.h>, <linux/stat.h>, <linux/openat2.h>; the same on every architecture that the runtime has.
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const O_CLOEXEC = 0o2000000;
const O_READ = constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK | O_CLOEXEC;
const RESOLVE_NO_SYMLINKS = 0x04;
const OPEN_HOW_BYTES = 24;
const STATX_BASIC_STATS = 0x7ff;
const STATX_BYTES = 256;
/** Places in struct statx, in words of 32 bits, the low ones first; that of the mode in halves of them. */
const STATX = { names: 4, modeHalf: 14, inode: 8, size: 10, changed: 24, modified: 28, device: 34 };
/** The longest path that the kernel takes, with the NUL behind it. */
const PATH_BYTES = 4096;

const BIGINT_OR_NOTHING = { bigint: true, throwIfNoEntry: false } as const;

/**
 * Measures what `path` leads to, links followed.
 * @returns `undefined` when the system refuses. Never throws.
 */
export function measureAt(path: DiskPath): Measurement | undefined {
  const calls = fileCalls();
  if (calls !== undefined) return calls.measure(path, 0);
  try {
    const stats = statSync(path, BIGINT_OR_NOTHING);
    return stats && measurementOf(stats);
  } catch {
    return undefined;
  }
}

/**
 * Opens the regular file at `path`, if no part of the path is a link: it is where its path says, then. Nothing else is touched.
 * @returns `undefined` when there is something else, and where the system can't or will not do so: other ways tell why. Never throws.
 */
export function openUnlinked(path: DiskPath): OpenedFile | undefined {
  const calls = fileCalls();
  // First a look: a FIFO or a device would notice that it is opened.
  const seen = calls?.measure(path, AT_SYMLINK_NOFOLLOW);
  if (calls === undefined || seen === undefined || !isRegular(seen)) return undefined;
  const descriptor = calls.openPlaced();
  if (descriptor < 0) return undefined;
  const measured = calls.measureOpen(descriptor);
  if (measured !== undefined && isSameContent(measured, seen)) return { descriptor, measured };
  closeSync(descriptor);
  return undefined;
}

const fileCalls = once((): FileCalls | undefined => {
  const call = libc()?.syscall;
  return call === undefined ? undefined : new FileCalls(call);
});

class FileCalls {
  readonly #call: NonNullable<ReturnType<typeof libc>>["syscall"];
  // Used by one call at a time, and read before the next can be made. Views of an ArrayBuffer, as `folder-calls` says why.
  readonly #path = Buffer.from(new ArrayBuffer(PATH_BYTES));
  readonly #words = new Uint32Array(new ArrayBuffer(STATX_BYTES));
  readonly #halves = new Uint16Array(this.#words.buffer);
  readonly #how = new BigUint64Array(new ArrayBuffer(OPEN_HOW_BYTES));
  readonly #pathAt = ptr(this.#path);
  readonly #wordsAt = ptr(this.#words);
  readonly #howAt = ptr(this.#how);

  constructor(call: NonNullable<ReturnType<typeof libc>>["syscall"]) {
    this.#call = call;
    this.#how.set([BigInt(O_READ), 0n, BigInt(RESOLVE_NO_SYMLINKS)]);
  }

  measure(path: DiskPath, flags: number): Measurement | undefined {
    if (path.length * 3 >= PATH_BYTES && Buffer.byteLength(path) >= PATH_BYTES) return undefined;
    this.#path[this.#path.write(path)] = 0;
    return this.#statx(AT_FDCWD, flags);
  }

  measureOpen(descriptor: number): Measurement | undefined {
    this.#path[0] = 0;
    return this.#statx(descriptor, AT_EMPTY_PATH);
  }

  /** Opens what was measured by its path just now. @returns less than 0 when the system refuses. */
  openPlaced(): number {
    const { openat2 } = CALL_NUMBERS;
    return Number(this.#call(openat2, AT_FDCWD, this.#pathAt, this.#howAt, OPEN_HOW_BYTES, 0, 0));
  }

  #statx(descriptor: number, flags: number): Measurement | undefined {
    const { statx } = CALL_NUMBERS;
    const result = this.#call(statx, descriptor, this.#pathAt, flags, STATX_BASIC_STATS, this.#wordsAt, 0);
    return Number(result) === 0 ? this.#read() : undefined;
  }

  #read(): Measurement {
    return {
      device: deviceNumber(this.#word(STATX.device), this.#word(STATX.device + 1)),
      inodeHigh: this.#word(STATX.inode + 1),
      inodeLow: this.#word(STATX.inode),
      mode: this.#halves[STATX.modeHalf] ?? 0,
      nameCount: this.#word(STATX.names),
      sizeBytes: this.#word(STATX.size + 1) * 2 ** 32 + this.#word(STATX.size),
      modifiedS: this.#secondsAt(STATX.modified),
      modifiedNs: this.#word(STATX.modified + 2),
      changedS: this.#secondsAt(STATX.changed),
      changedNs: this.#word(STATX.changed + 2),
    };
  }

  /** Times before the epoch are negative: the high word has a sign. */
  #secondsAt(place: number): number {
    return (this.#word(place + 1) | 0) * 2 ** 32 + this.#word(place);
  }

  #word(place: number): number {
    return this.#words[place] ?? 0;
  }
}
