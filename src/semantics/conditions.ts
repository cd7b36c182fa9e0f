/**
 * Conditional requests (RFC 9110 §13): whether a request is carried out, given what stands at its target now.
 *
 * What can't be read is decided for safety, since the RFC is silent on entity-tag lists: an If-Match that is
 * malformed is a guard that fails; an If-None-Match that is malformed matches nothing when content is only
 * read (the answer is then never stale), and everything when something would be changed. Dates that are
 * malformed are ignored, as §13.1.3 and §13.1.4 demand.
 */
import {
  type EntityTag,
  matchesStrongly,
  matchesWeakly,
  parseEntityTag,
  parseEntityTagList,
} from "./entity-tag.ts";
import type { FieldLookup } from "./field-list.ts";
import { parseHttpDate } from "./http-date.ts";

/**
 * What identifies the selected representation; `modifiedMs` is in milliseconds since the epoch and counts in
 * whole seconds.
 */
export type Validators = {
  readonly tag: EntityTag | undefined;
  readonly modifiedMs: number | undefined;
};

/**
 * How long before the present a modification must lie for its date to be a strong validator (RFC 9110
 * §8.8.2.2).
 */
const STRONG_DATE_AGE_MS = 1000;

/**
 * Evaluates the preconditions of a request in the order of RFC 9110 §13.2.2. The caller asks only when the
 * answer without them would be a success (§13.2.1).
 *
 * @param method the request's method; for CONNECT, OPTIONS and TRACE preconditions mean nothing (§13.2.1).
 * @param current the representation as it is now; `undefined` when there is none.
 * @param nowMs the present, in milliseconds since the epoch.
 * @returns `"proceed"`: carry it out; `"not-modified"`: 304, for GET and HEAD only; `"failed"`: 412, and
 *   nothing is changed.
 */
export function decideConditions(
  method: string,
  lookup: FieldLookup,
  current: Validators | undefined,
  nowMs: number,
): "proceed" | "not-modified" | "failed" {
  if (method === "OPTIONS" || method === "TRACE" || method === "CONNECT") return "proceed";
  if (!holdsAsExpected(lookup, current, nowMs)) return "failed";

  const isRead = method === "GET" || method === "HEAD";
  const ifNoneMatch = lookup("if-none-match");
  if (ifNoneMatch !== undefined) {
    if (!matchesNone(ifNoneMatch, current, isRead)) return isRead ? "not-modified" : "failed";
    return "proceed";
  }
  if (isRead && !isModifiedSince(lookup("if-modified-since"), current, nowMs)) return "not-modified";
  return "proceed";
}

/**
 * Evaluates If-Range (RFC 9110 §13.1.5): whether Range may be honoured. A tag must match strongly; a date
 * must be exactly the modification's, which must lie at least a second back.
 * @returns `true` also when the field is absent; `false` for whatever can't be read: the whole representation
 *   is sent then.
 */
export function allowsRange(lookup: FieldLookup, current: Validators, nowMs: number): boolean {
  const value = lookup("if-range");
  if (value === undefined) return true;
  const tag = parseEntityTag(value);
  if (tag !== undefined) return current.tag !== undefined && matchesStrongly(tag, current.tag);
  const dateMs = parseHttpDate(value, nowMs);
  if (dateMs === undefined || current.modifiedMs === undefined) return false;
  return wholeSecond(current.modifiedMs) === dateMs && nowMs - current.modifiedMs >= STRONG_DATE_AGE_MS;
}

/** Steps 1 and 2 of §13.2.2: If-Match, or in its absence If-Unmodified-Since. */
function holdsAsExpected(lookup: FieldLookup, current: Validators | undefined, nowMs: number): boolean {
  const ifMatch = lookup("if-match");
  if (ifMatch !== undefined) return matchesAny(ifMatch, current);
  const dateMs = parseDateField(lookup("if-unmodified-since"), nowMs);
  if (dateMs === undefined || current?.modifiedMs === undefined) return true;
  return wholeSecond(current.modifiedMs) <= dateMs;
}

function matchesAny(ifMatch: string, current: Validators | undefined): boolean {
  if (current === undefined) return false;
  const expected = parseEntityTagList(ifMatch);
  if (expected === "*") return true;
  const { tag } = current;
  // SECURITY: a list that is malformed guards against a lost update all the same.
  if (expected === undefined || tag === undefined) return false;
  return expected.some((candidate) => matchesStrongly(candidate, tag));
}

/** Step 3 of §13.2.2: `true` when no tag of If-None-Match is the current one's. */
function matchesNone(ifNoneMatch: string, current: Validators | undefined, isRead: boolean): boolean {
  if (current === undefined) return true;
  const known = parseEntityTagList(ifNoneMatch);
  if (known === "*") return false;
  // SECURITY: when something would be changed, a list that is malformed guards all the same.
  if (known === undefined) return isRead;
  const { tag } = current;
  return tag === undefined || !known.some((candidate) => matchesWeakly(candidate, tag));
}

/** Step 4 of §13.2.2; `true` also when there is no such field, or nothing to compare it with. */
function isModifiedSince(
  ifModifiedSince: string | undefined,
  current: Validators | undefined,
  nowMs: number,
): boolean {
  const dateMs = parseDateField(ifModifiedSince, nowMs);
  if (dateMs === undefined || current?.modifiedMs === undefined) return true;
  return wholeSecond(current.modifiedMs) > dateMs;
}

function parseDateField(value: string | undefined, nowMs: number): number | undefined {
  return value === undefined ? undefined : parseHttpDate(value, nowMs);
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
