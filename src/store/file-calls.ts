/**
 * Looking at files and taking hold of them by the kernel's own calls, through FFI (Linux): a look costs half of what the runtime's
 * does, and what no link leads to is held and known to be in its place by one call, `openat2(2)`.
 */
import { fstatSync, lstatSync, statSync } from "node:fs";
import { ptr } from "bun:ffi";
import { CALL_NUMBERS, libc, type SystemCall } from "../base/libc.ts";
import { once } from "../base/once.ts";
import type { DiskPath } from "./confine.ts";
import { deviceNumber, type Measurement, measurementOf } from "./measurement.ts";

// Linux: <fcntl.h>, <linux/stat.h>, <linux/openat2.h>; the same on every architecture that the runtime has.
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const O_CLOEXEC = 0o2000000;
/** Takes hold of a file without opening it; missing in node:fs. */
export const O_PATH = 0o10000000;
const RESOLVE_NO_SYMLINKS = 0x04;
const OPEN_HOW_BYTES = 24;
const STATX_BASIC_STATS = 0x7ff;
const STATX_TYPE_SIZE_MTIME = 0x001 | 0x200 | 0x040;
const STATX_BYTES = 256;
/** Places in struct statx, in words of 32 bits, the low ones first; that of the mode in halves of them. */
const STATX = { mask: 0, names: 4, modeHalf: 14, inode: 8, size: 10, changed: 24, modified: 28, device: 34 };
/** The longest path that the kernel takes, with the NUL behind it. */
const PATH_BYTES = 4096;

/** Gives times in ns and sizes beyond 2^53. */
const BIGINT = { bigint: true } as const;
const BIGINT_OR_NOTHING = { ...BIGINT, throwIfNoEntry: false } as const;

/**
 * Measures what `path` leads to, links followed.
 * @returns `undefined` when the system refuses. Never throws.
 */
export function measureAt(path: DiskPath): Measurement | undefined {
  const calls = fileCalls();
  if (calls !== undefined) return calls.measure(path);
  try {
    const stats = statSync(path, BIGINT_OR_NOTHING);
    return stats && measurementOf(stats);
  } catch {
    return undefined;
  }
}

/**
 * Measures what stands at `path` itself, a link as a link.
 * @returns `undefined` when nothing does.
 * @throws the system's error.
 */
export function measureName(path: DiskPath): Measurement | undefined {
  const measured = fileCalls()?.measureName(path);
  if (measured !== undefined) return measured;
  const stats = lstatSync(path, BIGINT_OR_NOTHING);
  return stats && measurementOf(stats);
}

/**
 * Measures what is open on `descriptor`.
 * @throws the system's error.
 */
export function measureOpen(descriptor: number): Measurement {
  return fileCalls()?.measureOpen(descriptor) ?? measurementOf(fstatSync(descriptor, BIGINT));
}

/**
 * Measures `name` in the folder held on `descriptor`, and no link: kind, size and modification time only, for a third of what
 * `lstat` of a path costs.
 * @returns `undefined` when the system refuses, and when the file system doesn't tell all of that. Never throws.
 */
export function measureIn(descriptor: number, name: string): Measurement | undefined {
  return fileCalls()?.measureIn(descriptor, name);
}

/**
 * Takes hold of what is at `path` (`O_PATH`: nothing is opened), if no part of the path is a link: it is where its path says, then.
 *
 * @param flags besides `O_PATH`.
 * @returns its descriptor; `undefined` when there is a link, and when the system can't or will not: other ways tell why. Never throws.
 */
export function holdWithoutLinks(path: DiskPath, flags: number): number | undefined {
  return fileCalls()?.hold(path, flags);
}

const fileCalls = once((): FileCalls | undefined => {
  const call = libc()?.syscall;
  return call === undefined ? undefined : new FileCalls(call);
});

class FileCalls {
  readonly #call: SystemCall;
  // Used by one call at a time, and read before the next can be made.
  // SECURITY: views of an ArrayBuffer, which the runtime doesn't move: the kernel reads and writes at these addresses.
  readonly #path = Buffer.from(new ArrayBuffer(PATH_BYTES));
  readonly #words = new Uint32Array(new ArrayBuffer(STATX_BYTES));
  readonly #halves = new Uint16Array(this.#words.buffer);
  readonly #how = new BigUint64Array(new ArrayBuffer(OPEN_HOW_BYTES));
  readonly #pathAt = ptr(this.#path);
  readonly #wordsAt = ptr(this.#words);
  readonly #howAt = ptr(this.#how);

  constructor(call: SystemCall) {
    this.#call = call;
    // SECURITY: a link would lead out of the root, and nobody asks about this path any more.
    this.#how[2] = BigInt(RESOLVE_NO_SYMLINKS);
  }

  measure(path: DiskPath): Measurement | undefined {
    return this.#place(path) ? this.#statx(AT_FDCWD, 0) : undefined;
  }

  measureName(path: DiskPath): Measurement | undefined {
    return this.#place(path) ? this.#statx(AT_FDCWD, AT_SYMLINK_NOFOLLOW) : undefined;
  }

  measureIn(descriptor: number, name: string): Measurement | undefined {
    const wanted = STATX_TYPE_SIZE_MTIME;
    const measured = this.#place(name) ? this.#statx(descriptor, AT_SYMLINK_NOFOLLOW, wanted) : undefined;
    return (this.#word(STATX.mask) & wanted) === wanted ? measured : undefined;
  }

  measureOpen(descriptor: number): Measurement | undefined {
    this.#path[0] = 0;
    return this.#statx(descriptor, AT_EMPTY_PATH);
  }

  hold(path: DiskPath, flags: number): number | undefined {
    if (!this.#place(path)) return undefined;
    this.#how[0] = BigInt(O_PATH | O_CLOEXEC | flags);
    const { openat2 } = CALL_NUMBERS;
    const descriptor = Number(this.#call(openat2, AT_FDCWD, this.#pathAt, this.#howAt, OPEN_HOW_BYTES, 0, 0));
    return descriptor < 0 ? undefined : descriptor;
  }

  /** @returns false when the path is too long. */
  #place(path: string): boolean {
    if (path.length * 3 >= PATH_BYTES && Buffer.byteLength(path) >= PATH_BYTES) return false;
    this.#path[this.#path.write(path)] = 0;
    return true;
  }

  #statx(descriptor: number, flags: number, wanted = STATX_BASIC_STATS): Measurement | undefined {
    const { statx } = CALL_NUMBERS;
    const result = this.#call(statx, descriptor, this.#pathAt, flags, wanted, this.#wordsAt, 0);
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
