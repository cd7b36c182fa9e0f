/**
 * What was measured of a file: everything that tells its content from another one, and from what it was before. Numbers only: one
 * is kept of each file in memory, and one is made for each look.
 */
import type { BigIntStats } from "node:fs";

/** Times are seconds since the epoch, rounded down, and nanoseconds. */
export type Measurement = {
  readonly device: number;
  /** The upper half of 64 bits: some file systems use them all. */
  readonly inodeHigh: number;
  readonly inodeLow: number;
  /** Kind and permissions. */
  readonly mode: number;
  /** How many names it has. */
  readonly nameCount: number;
  readonly sizeBytes: number;
  readonly modifiedS: number;
  readonly modifiedNs: number;
  readonly changedS: number;
  readonly changedNs: number;
};

/**
 * The kernel stamps files with the time of its last tick, 1 to 10 ms ago (CONFIG_HZ 100 to 1000); within one tick,
 * two changes carry the same timestamps. One more for the clock that is read in whole ms.
 */
export const SETTLING_MS = 11;

// A change time further ahead than this can't be the work of a clock that is a little off: it is a clock that was set
// back, and what changes now would be stamped differently. Otherwise such a file would stay unsettled until the clock
// catches up.
const CLOCK_DOUBT_MS = 60_000;

const NS_PER_S = 1_000_000_000n;
const NS_PER_MS = 1_000_000;
const FORMAT_MASK = 0o170000;
const FORMAT_REGULAR = 0o100000;
const FORMAT_FOLDER = 0o040000;
const FORMAT_LINK = 0o120000;

/** What `stats` say. */
export function measurementOf(stats: BigIntStats): Measurement {
  const { dev, ino, mode, nlink, size, mtimeNs, ctimeNs } = stats;
  return {
    device: deviceNumber(Number((dev >> 8n) & 0xfffn), Number((dev & 0xffn) | ((dev >> 12n) & 0xfff00n))),
    inodeHigh: Number(BigInt.asUintN(64, ino) >> 32n),
    inodeLow: Number(BigInt.asUintN(32, ino)),
    mode: Number(mode),
    nameCount: Number(nlink),
    sizeBytes: Number(size),
    modifiedS: secondsOf(mtimeNs),
    modifiedNs: nanosecondsOf(mtimeNs),
    changedS: secondsOf(ctimeNs),
    changedNs: nanosecondsOf(ctimeNs),
  };
}

/** One number of a device's two. */
export function deviceNumber(major: number, minor: number): number {
  return major * 2 ** 32 + minor;
}

/** Whether both were measured of the same content of the same file. */
export function isSameContent(a: Measurement, b: Measurement): boolean {
  return (
    a.changedNs === b.changedNs &&
    a.changedS === b.changedS &&
    a.modifiedNs === b.modifiedNs &&
    a.modifiedS === b.modifiedS &&
    a.sizeBytes === b.sizeBytes &&
    isSameFile(a, b) &&
    a.mode === b.mode
  );
}

/** Whether what `before` was measured of is still there now, of the same file: nothing was written but behind its end. */
export function isIntactSince(before: Measurement, now: Measurement): boolean {
  if (now.sizeBytes !== before.sizeBytes) return now.sizeBytes > before.sizeBytes;
  return now.modifiedNs === before.modifiedNs && now.modifiedS === before.modifiedS;
}

/** Whether both were measured of the same file, whatever is in it. */
export function isSameFile(a: Measurement, b: Measurement): boolean {
  return a.inodeLow === b.inodeLow && a.inodeHigh === b.inodeHigh && a.device === b.device;
}

/** Whether it was measured of a regular file. */
export function isRegular({ mode }: Measurement): boolean {
  return (mode & FORMAT_MASK) === FORMAT_REGULAR;
}

/** Whether it was measured of a folder. */
export function isFolder({ mode }: Measurement): boolean {
  return (mode & FORMAT_MASK) === FORMAT_FOLDER;
}

/** Whether it was measured of a symbolic link itself. */
export function isLink({ mode }: Measurement): boolean {
  return (mode & FORMAT_MASK) === FORMAT_LINK;
}

/**
 * Names the content of a file: inode, size, and both times in ns. The change time can't be set by anybody, so
 * that an edit in place that keeps the size and restores the modification time is told, too.
 */
export function versionOf(measured: Measurement): string {
  const { inodeHigh, inodeLow, sizeBytes, modifiedS, modifiedNs, changedS, changedNs } = measured;
  const inode =
    inodeHigh === 0 ? inodeLow.toString(36) : `${inodeHigh.toString(36)}-${inodeLow.toString(36)}`;
  const modified = `${modifiedS.toString(36)}-${modifiedNs.toString(36)}`;
  return `${inode}-${sizeBytes.toString(36)}-${modified}-${changedS.toString(36)}-${changedNs.toString(36)}`;
}

/** Last modification in ms since the epoch, rounded down. */
export function modifiedMsOf({ modifiedS, modifiedNs }: Measurement): number {
  return modifiedS * 1000 + Math.floor(modifiedNs / NS_PER_MS);
}

/**
 * For how long the version of a file is not proof yet (git's "racy" entries, Apache's weak tags of the first second).
 * Only the change time counts: the modification time can be set to anything, and setting it updates the change time.
 *
 * @returns ms to wait, 0 for a version that is proof.
 */
export function unsettledMs({ changedS, changedNs }: Measurement, nowMs: number): number {
  const ageMs = nowMs - (changedS * 1000 + Math.floor(changedNs / NS_PER_MS));
  return ageMs >= SETTLING_MS || ageMs < -CLOCK_DOUBT_MS ? 0 : Math.min(SETTLING_MS, SETTLING_MS - ageMs);
}

/** Of a time before the epoch, too, counted from the second before it. */
function nanosecondsOf(ns: bigint): number {
  return Number(((ns % NS_PER_S) + NS_PER_S) % NS_PER_S);
}

function secondsOf(ns: bigint): number {
  return Number((ns - BigInt(nanosecondsOf(ns))) / NS_PER_S);
}
