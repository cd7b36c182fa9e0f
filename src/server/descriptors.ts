/**
 * How the process's file descriptors are shared out, so that it never runs out of them: a listening socket that can't
 * accept for want of one wakes the event loop again and again and lets it do nothing else.
 *
 * The system gives out the lowest free number. So the number of a new descriptor tells how many there are, and nobody
 * has to count: who gets one above their share gives it back at once.
 */
import { readFileSync } from "node:fs";

export type DescriptorShares = {
  /** Most connections that are served at once, so that there is always something left for files. */
  readonly connections: number;
  /** Numbers from here on are for connections that are told that the server is full, and nothing else. */
  readonly ceiling: number;
  /** Numbers from here on are given back without a word. */
  readonly mutedCeiling: number;
};

const UNLIMITED: DescriptorShares = {
  connections: Number.POSITIVE_INFINITY,
  ceiling: Number.POSITIVE_INFINITY,
  mutedCeiling: Number.POSITIVE_INFINITY,
};

/** Standard streams, the event loop's own, the log and the listening socket. */
const OWN = 24;
/** At most so many are kept for telling clients that the server is full. */
const MOST_TURNED_AWAY = 256;
/** The last ones are for the moment between accepting and closing, and for what the runtime does in its threads. */
const LAST = 8;

/** Shares out `limit` descriptors; `undefined` for a limit that is not known. */
export function shareDescriptors(limit: number | undefined): DescriptorShares {
  if (limit === undefined) return UNLIMITED;
  const mutedCeiling = Math.max(1, limit - LAST);
  const ceiling = mutedCeiling - Math.min(MOST_TURNED_AWAY, Math.floor(limit / 8));
  const forFiles = Math.floor(limit / 8);
  return { connections: Math.max(1, ceiling - OWN - forFiles), ceiling, mutedCeiling };
}

/** How many descriptors this process may have; `undefined` where the system doesn't tell (not Linux). */
export function readDescriptorLimit(): number | undefined {
  try {
    const [, limit] = /^Max open files +(\d+) /m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}
