/**
 * Which part of a file each connection fetches, and how many connections there are: one first, more only where they pay.
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

/** A smaller rest is not divided: another connection would cost more than it brings. */
const LEAST_SPLIT_BYTES = 1024 * 1024;
/** The larger half begins at a multiple of this, so that files are read and written in whole blocks. */
const ALIGNMENT_BYTES = 64 * 1024;

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
  if (largest?.end === undefined || restOf(largest) < 2 * LEAST_SPLIT_BYTES) return undefined;
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

/** What has been measured over the last interval. */
export type Measurement = {
  readonly connections: number;
  readonly rateBytesPerS: number;
  /** The rate before the last connections came; 0 at first. */
  readonly formerRateBytesPerS: number;
  readonly remainingBytes: number;
  /** Least round-trip time on the way, in µs; `undefined` where it can't be known. */
  readonly minRttUs: number | undefined;
};

const MAX_CONNECTIONS = 8;
/** What is over in so short a time needs no further connection. */
const LEAST_REST_S = 2;
/** A way as long as this is worth filling by several windows. */
const LONG_WAY_US = 5000;
/** Over a short way, one connection that is as fast as this fills it. */
const FAST_BYTES_PER_S = 64 * 1024 * 1024;
/** How much more the last connections must have brought for further ones to be tried. */
const WORTH_GAIN = 1.15;

/**
 * Decides how many connections there should be.
 *
 * On loopback and in a fast local network one connection is the fastest; over long or lossy paths, and where a server or
 * a queue gives each connection its share, several are. So a few are tried, and more when these have paid.
 *
 * @returns at least `connections`: one that works is never closed.
 */
export function decideConnections(measured: Measurement): number {
  const { connections, rateBytesPerS, formerRateBytesPerS, remainingBytes, minRttUs } = measured;
  const isShort = remainingBytes < rateBytesPerS * LEAST_REST_S;
  const isFilled = (minRttUs ?? 0) < LONG_WAY_US && rateBytesPerS >= FAST_BYTES_PER_S;
  if (rateBytesPerS === 0 || isShort || isFilled || connections >= MAX_CONNECTIONS) return connections;
  if (connections > 1 && rateBytesPerS < formerRateBytesPerS * WORTH_GAIN) return connections;
  const isLong = (minRttUs ?? 0) >= LONG_WAY_US;
  return Math.min(MAX_CONNECTIONS, connections * (isLong ? 4 : 2));
}
