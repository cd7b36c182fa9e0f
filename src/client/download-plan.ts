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
  /** What `end` was when only an answer to HEAD had told it: where this answer ends, it says itself. */
  hintedEnd: number | undefined;
  /** How many connections ask for parts of it just now; or 1 while it is such a part itself. Then it is not divided. */
  takers: number;
};

/** What to fetch next: all of a gap, or a part of what another connection is fetching until the server has agreed. */
export type Plan = { readonly segment: Segment; readonly from: Segment | undefined };

/** What one connection brings in so short a time is not worth another one. */
const LEAST_SHARE_S = 0.1;
/** To connect and to ask takes so many round trips, before the first byte comes. */
const ROUND_TRIPS_TO_ASK = 2;
/** With so many bytes a new connection begins, to double them each round trip (RFC 6928). */
const FIRST_WINDOW_BYTES = 14_600;
/** Parts begin at multiples of this, so that files are read and written in whole blocks. */
const ALIGNMENT_BYTES = 64 * 1024;

/** Whether a content of `totalBytes` can have two parts; `undefined` while that is not known. */
export function isDivisible(totalBytes: number | undefined): boolean {
  return totalBytes === undefined || totalBytes >= 2 * ALIGNMENT_BYTES;
}

/**
 * The least part, in bytes, that is worth a request of its own: what two of them take over the connection that is at them,
 * another one, which has yet to be made and to come to its pace, must undercut for one.
 *
 * @param rateBytesPerS what one connection brings.
 * @param rttUs round-trip time of the way; `undefined` where it can't be known.
 */
export function leastShareBytes(rateBytesPerS: number, rttUs: number | undefined): number {
  let bytes = ALIGNMENT_BYTES;
  while (bytes < rateBytesPerS * leastSeconds(bytes, rttUs ?? 0)) bytes *= 2;
  return bytes;
}

/** What one part takes at least over the old connection, so that two take longer than one over a new one. */
function leastSeconds(bytes: number, rttUs: number): number {
  const roundTrips = ROUND_TRIPS_TO_ASK + Math.log2(1 + bytes / FIRST_WINDOW_BYTES);
  return Math.max(LEAST_SHARE_S, (roundTrips * rttUs) / 2e6);
}

/** What there is to choose from. */
export type Progress = {
  readonly written: WrittenSpans;
  readonly sizeBytes: number;
  /** The segments under way, and those that are asked for. */
  readonly active: ReadonlySet<Segment>;
  /** As {@link leastShareBytes}. */
  readonly leastBytes: number;
};

/**
 * Chooses the next segments for connections that are free: the first gap that nobody fetches, or equal parts of the
 * largest segment under way, behind what remains its own; that one goes on as if nothing were until {@link cede} is
 * called. Parts are to be counted among the active ones from now on, and each plan is to be settled.
 *
 * @param count for so many connections at most.
 * @returns an empty list when there is nothing left worth a connection.
 */
export function nextSegments(progress: Progress, count: number): readonly Plan[] {
  const { written, sizeBytes, active, leastBytes } = progress;
  if (count <= 0) return [];
  const gap = written
    .gaps(sizeBytes)
    .map((extent) => firstFree(extent, active))
    .find((free) => free !== undefined);
  if (gap !== undefined) return [{ segment: makeSegment(gap.start, gap.end), from: undefined }];
  let largest: Segment | undefined;
  for (const segment of active) {
    if (segment.takers > 0) continue;
    if (largest === undefined || restOf(segment) > restOf(largest)) largest = segment;
  }
  return largest === undefined ? [] : divide(largest, Math.min(count, restOf(largest) / leastBytes - 1));
}

/** Cuts `count` equal parts, rounded down, off the end of a segment. */
function divide(segment: Segment, count: number): readonly Plan[] {
  const { position, end } = segment;
  const parts = Math.floor(count);
  if (end === undefined || parts < 1) return [];
  const share = (end - position) / (parts + 1);
  const starts = Array.from({ length: parts }, (_, index) => alignUp(position + share * (index + 1)));
  segment.takers = parts;
  return starts.map((start, index) => {
    const part = makeSegment(start, starts[index + 1] ?? end);
    part.takers = 1;
    return { segment: part, from: segment };
  });
}

function alignUp(position: number): number {
  return Math.ceil(position / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/**
 * Takes the part that the server has agreed to give away from the connection that was fetching it.
 * @returns whether it still was to be fetched.
 */
export function cede(plan: Plan): boolean {
  const { segment, from } = plan;
  if (isLate(plan)) return false;
  if (from?.end !== undefined) from.end = Math.min(from.end, segment.position);
  return true;
}

/** Whether the part has been begun by the connection that it was to be taken from. */
export function isLate({ segment, from }: Plan): boolean {
  return from !== undefined && from.position > segment.position;
}

/** Ends the asking for a part, whatever came of it. */
export function settle({ segment, from }: Plan): void {
  if (from === undefined) return;
  segment.takers = 0;
  from.takers -= 1;
}

/** A segment that nothing has been fetched of. */
export function makeSegment(position: number, end: number | undefined): Segment {
  return { position, end, askedEnd: end, hintedEnd: undefined, takers: 0 };
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
