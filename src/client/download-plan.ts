/**
 * Which part of a file each connection fetches.
 */
import type { Extent, WrittenSpans } from "./written-spans.ts";

/** What one connection is fetching. */
export type Segment = {
  /** Where the next byte belongs. */
  position: number;
  /** Exclusive; `undefined` while the length is not known. Becomes less when another connection takes over the rest. */
  end: number | undefined;
  /** What `end` was when it was asked for: the server sends so much. */
  askedEnd: number | undefined;
  /** Whether somebody asks for its second half just now. */
  isDividing: boolean;
};

/** What to fetch next: all of a gap, or a part of what another connection is fetching until the server has agreed. */
export type Plan = { readonly segment: Segment; readonly from: Segment | undefined };

/** A connection is worth opening for what another one needs so long to fetch; what a round trip or two would bring is not. */
const LEAST_SHARE_S = 0.1;
const LEAST_SHARE_ROUND_TRIPS = 4;
/** The larger half begins at a multiple of this, so that files are read and written in whole blocks. */
const ALIGNMENT_BYTES = 64 * 1024;

/**
 * The least part, in bytes, that is worth a request of its own: less is there sooner over the connection that is at it.
 *
 * @param rateBytesPerS what one connection brings.
 * @param rttUs round-trip time of the way; `undefined` where it can't be known.
 */
export function leastShareBytes(rateBytesPerS: number, rttUs: number | undefined): number {
  const seconds = Math.max(LEAST_SHARE_S, (LEAST_SHARE_ROUND_TRIPS * (rttUs ?? 0)) / 1e6);
  return Math.max(ALIGNMENT_BYTES, rateBytesPerS * seconds);
}

/**
 * Chooses the next segment for a connection that is free: the first gap that nobody fetches, or the second half of the
 * largest one under way; that one goes on as if nothing were until {@link cede} is called.
 *
 * @param active the segments under way.
 * @returns `undefined` when there is nothing left worth a connection.
 */
export function nextSegment(
  written: WrittenSpans,
  sizeBytes: number,
  active: ReadonlySet<Segment>,
  leastBytes: number,
): Plan | undefined {
  const gap = written
    .gaps(sizeBytes)
    .map((extent) => firstFree(extent, active))
    .find((free) => free !== undefined);
  if (gap !== undefined) return { segment: makeSegment(gap.start, gap.end), from: undefined };
  let largest: Segment | undefined;
  for (const segment of active) {
    if (segment.isDividing) continue;
    if (largest === undefined || restOf(segment) > restOf(largest)) largest = segment;
  }
  if (largest?.end === undefined || restOf(largest) < 2 * leastBytes) return undefined;
  const half = largest.position + restOf(largest) / 2;
  const middle = Math.ceil(half / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  largest.isDividing = true;
  return { segment: makeSegment(middle, largest.end), from: largest };
}

/**
 * Takes the part that the server has agreed to give away from the connection that was fetching it.
 * @returns whether it still was to be fetched.
 */
export function cede({ segment, from }: Plan): boolean {
  if (from === undefined) return true;
  from.isDividing = false;
  if (from.end !== segment.end || from.position > segment.position) return false;
  from.end = segment.position;
  return true;
}

/** A segment that nothing has been fetched of. */
export function makeSegment(position: number, end: number | undefined): Segment {
  return { position, end, askedEnd: end, isDividing: false };
}

/** The first part of a gap that no segment is going to fill. */
function firstFree({ start, end }: Extent, active: ReadonlySet<Segment>): Extent | undefined {
  const taken = [...active]
    .filter((segment) => segment.position < end && (segment.end ?? Infinity) > start)
    .sort((a, b) => a.position - b.position);
  let position = start;
  for (const segment of taken) {
    if (segment.position > position) return { start: position, end: segment.position };
    position = Math.max(position, segment.end ?? Infinity);
  }
  return position < end ? { start: position, end } : undefined;
}

function restOf({ position, end }: Segment): number {
  return end === undefined ? 0 : end - position;
}
