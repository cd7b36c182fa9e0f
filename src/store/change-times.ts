/**
 * Whether a disk gives each change that follows a look a time of its own, as file systems of Linux do since 6.13 (multigrain
 * timestamps): there the version of a file is proof at once. Others take the time of the kernel's last tick, which two changes can share.
 */
import { fchmodSync } from "node:fs";
import { type Clock, systemClock } from "../base/clock.ts";
import { measureOpen } from "./file-calls.ts";
import { isLocalDisk } from "./local-disk.ts";
import { type Measurement, unsettledMs } from "./measurement.ts";

const CHANGES = 4;
/** No kernel ticks twice in so short a time. */
const LEAST_TICK_MS = 1;
const PERMISSIONS = 0o7777;

/** By the number of the device. */
const known = new Map<number, boolean>();

/**
 * For how long what was measured of a file that nobody else writes is not proof yet: as {@link unsettledMs}, or 0 where
 * {@link learnStamping} has found that each change has its own time. (What others write may be in the middle of a long write,
 * whose time is that of its beginning: there the wait is needed all the same.)
 */
export function unprovenMs(measured: Measurement, nowMs: number): number {
  return known.get(measured.device) === true ? 0 : unsettledMs(measured, nowMs);
}

/**
 * Finds out, once for each disk, how it stamps changes: by setting the permissions that a file of this process's own has. Never
 * throws: a disk that can't do that is not known to stamp changes apart.
 *
 * @param path of a folder on the same disk.
 */
export function learnStamping(descriptor: number, { device, mode }: Measurement, path: string): void {
  if (known.has(device)) return;
  const change = (): string => {
    fchmodSync(descriptor, mode & PERMISSIONS);
    const { changedS, changedNs } = measureOpen(descriptor);
    return `${changedS}.${changedNs}`;
  };
  try {
    const isApart = isLocalDisk(path) && stampsApart(change, systemClock);
    if (isApart !== undefined) known.set(device, isApart);
  } catch {
    known.set(device, false);
  }
}

/**
 * Whether changes have times of their own.
 * @param change makes one, and tells its time.
 * @returns `undefined` when this machine was too busy to tell.
 */
export function stampsApart(
  change: () => string,
  { monotonicMs }: Pick<Clock, "monotonicMs">,
): boolean | undefined {
  const startMs = monotonicMs();
  const times = new Set(Array.from({ length: CHANGES }, change));
  if (times.size < CHANGES) return false;
  return monotonicMs() - startMs < LEAST_TICK_MS ? true : undefined;
}
