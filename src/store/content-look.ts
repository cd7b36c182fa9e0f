/**
 * Looks whether a path still leads to the content that was once measured there. On Linux by `statx(2)` through FFI: it is done
 * for each request that is answered from memory, and costs a third of the runtime's stat.
 */
import { type BigIntStats, statSync } from "node:fs";
import { encodeUtf8 } from "../base/bytes.ts";
import { CALL_NUMBERS } from "../base/c-library.ts";
import { libc } from "../base/libc.ts";
import type { DiskPath } from "./confine.ts";

// Linux: <fcntl.h>, <linux/stat.h>; struct statx is the same on every architecture.
const AT_FDCWD = -100;
const STATX_BASIC_STATS = 0x7ff;
const STATX_BYTES = 256;

type Syscall = NonNullable<ReturnType<typeof libc>>["syscall"];

// One for every call: it is read before the next call can be made.
const seen = Buffer.alloc(STATX_BYTES);
const words = new Uint32Array(seen.buffer, seen.byteOffset, STATX_BYTES / 4);

const BIGINT_OR_NOTHING = { bigint: true, throwIfNoEntry: false } as const;
const LOW_WORD = 0xffff_ffffn;
const NS_PER_S = 1_000_000_000n;

/** Looks at the end of a path whether what is there is what was once measured. */
export interface ContentLook {
  /** Never throws. */
  isSame(): boolean;
}

/** Whether what is at `path` is what `stats` were measured of. */
export function lookFor(path: DiskPath, stats: BigIntStats): ContentLook {
  const statx = libc()?.syscall;
  return statx === undefined ? new PlainLook(path, stats) : new QuickLook(statx, path, stats);
}

class PlainLook implements ContentLook {
  readonly #path: DiskPath;
  readonly #stats: BigIntStats;

  constructor(path: DiskPath, stats: BigIntStats) {
    this.#path = path;
    this.#stats = stats;
  }

  isSame(): boolean {
    try {
      const stats = statSync(this.#path, BIGINT_OR_NOTHING);
      return stats !== undefined && isSameContent(stats, this.#stats);
    } catch {
      // Whatever it is, finding the file anew will tell.
      return false;
    }
  }
}

function isSameContent(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.ctimeNs === b.ctimeNs &&
    a.mtimeNs === b.mtimeNs &&
    a.size === b.size &&
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.mode === b.mode
  );
}

// What is compared stands in the object itself, word by word: with many files, each further object is a wait for memory.
class QuickLook implements ContentLook {
  readonly #statx: Syscall;
  /** The path with a NUL at its end. */
  readonly #name: Uint8Array;
  readonly #changedNs: number;
  readonly #changedLow: number;
  readonly #changedHigh: number;
  readonly #modifiedNs: number;
  readonly #modifiedLow: number;
  readonly #modifiedHigh: number;
  readonly #sizeLow: number;
  readonly #sizeHigh: number;
  readonly #inodeLow: number;
  readonly #inodeHigh: number;
  readonly #deviceMajor: number;
  readonly #deviceMinor: number;
  readonly #mode: number;

  constructor(statx: Syscall, path: DiskPath, { ctimeNs, mtimeNs, size, ino, dev, mode }: BigIntStats) {
    this.#statx = statx;
    this.#name = encodeUtf8(`${path}\0`);
    this.#changedNs = nanosecondsOf(ctimeNs);
    this.#changedLow = lowWord(secondsOf(ctimeNs));
    this.#changedHigh = highWord(secondsOf(ctimeNs));
    this.#modifiedNs = nanosecondsOf(mtimeNs);
    this.#modifiedLow = lowWord(secondsOf(mtimeNs));
    this.#modifiedHigh = highWord(secondsOf(mtimeNs));
    this.#sizeLow = lowWord(size);
    this.#sizeHigh = highWord(size);
    this.#inodeLow = lowWord(ino);
    this.#inodeHigh = highWord(ino);
    this.#deviceMajor = Number((dev >> 8n) & 0xfffn);
    this.#deviceMinor = Number((dev & 0xffn) | ((dev >> 12n) & 0xfff00n));
    this.#mode = Number(mode);
  }

  isSame(): boolean {
    const result = this.#statx(CALL_NUMBERS.statx, AT_FDCWD, this.#name, 0, STATX_BASIC_STATS, seen);
    if (Number(result) !== 0) return false;
    return (
      words[26] === this.#changedNs &&
      words[24] === this.#changedLow &&
      words[25] === this.#changedHigh &&
      words[30] === this.#modifiedNs &&
      words[28] === this.#modifiedLow &&
      words[29] === this.#modifiedHigh &&
      words[10] === this.#sizeLow &&
      words[11] === this.#sizeHigh &&
      words[8] === this.#inodeLow &&
      words[9] === this.#inodeHigh &&
      words[34] === this.#deviceMajor &&
      words[35] === this.#deviceMinor &&
      seen.readUInt16LE(28) === this.#mode
    );
  }
}

function lowWord(value: bigint): number {
  return Number(BigInt.asUintN(64, value) & LOW_WORD);
}

function highWord(value: bigint): number {
  return Number(BigInt.asUintN(64, value) >> 32n);
}

/** Of a time before the epoch, too, counted from the second before it. */
function nanosecondsOf(ns: bigint): number {
  return Number(((ns % NS_PER_S) + NS_PER_S) % NS_PER_S);
}

function secondsOf(ns: bigint): bigint {
  return (ns - BigInt(nanosecondsOf(ns))) / NS_PER_S;
}
