/**
 * Range requests in bytes (RFC 9110 §14.1.2, §14.2): which parts of a representation a Range field asks for.
 */
import { trimOws } from "./field-list.ts";

/** Part of a representation; both ends are byte offsets, inclusive: 0 <= first <= last < size. */
export type ByteSpan = { readonly first: number; readonly last: number };

/** What a Range field comes to: ignore it (200), nothing of it exists (416), or the spans to send (206). */
export type RangeDecision =
  | { readonly kind: "whole" }
  | { readonly kind: "unsatisfiable" }
  | { readonly kind: "spans"; readonly spans: readonly ByteSpan[] };

/** A field with more range-specs than this is ignored (RFC 9110 §14.2 on egregious requests, §17.15). */
export const MAX_RANGES = 100;

const WHOLE: RangeDecision = { kind: "whole" };
const UNSATISFIABLE: RangeDecision = { kind: "unsatisfiable" };

// range-set = 1#range-spec follows "=" at once; the name of a unit is case-insensitive (RFC 9110 §14.1).
const BYTES_FIELD = /^bytes=(?![ \t]+[^ \t,])/i;
const RANGE_SPEC = /^([0-9]*)-([0-9]*)$/;

/**
 * Resolves one range-spec against a representation (RFC 9110 §14.1.2).
 *
 * @param spec one element of a `bytes` Range set, without spaces: `0-99`, `500-`, `-200`; digits of any number.
 * @param size length of the selected representation, in bytes.
 * @returns the span to send; `"unsatisfiable"` when none of it exists (416); `undefined` when Range is to be
 *   ignored (200): the spec is malformed, or it asks for the last bytes of an empty representation, which is
 *   satisfiable by §14.1.2 but can't be said in a Content-Range.
 */
export function resolveByteRange(spec: string, size: number): ByteSpan | "unsatisfiable" | undefined {
  const [, first, last] = RANGE_SPEC.exec(spec) ?? [];
  if (first === undefined || last === undefined || spec === "-") return undefined;
  if (first === "") return resolveSuffix(Number(last), size);
  if (last !== "" && isLess(last, first)) return undefined;
  // SECURITY: numbers too large to be exact only ever meet a comparison with `size`; what comes out is below it.
  if (Number(first) >= size) return "unsatisfiable";
  return { first: Number(first), last: last === "" ? size - 1 : Math.min(Number(last), size - 1) };
}

/**
 * Resolves a Range field against a representation (RFC 9110 §14.2).
 *
 * Specs that name nothing of it are left out as long as one names something. Spans that overlap or touch are
 * sent as one, at the place of the first (§15.3.7.2), so that no byte is sent twice.
 *
 * @param value the field's value, such as `bytes=0-99,-1`.
 * @param size length of the selected representation, in bytes.
 * @returns `"whole"`: the unit is unknown, any spec is malformed, there are more than {@link MAX_RANGES}, or
 *   several together name everything; `"unsatisfiable"`: none of it exists; else at least one span.
 */
export function resolveRangeField(value: string, size: number): RangeDecision {
  const unit = BYTES_FIELD.exec(value);
  if (unit === null) return WHOLE;
  const found: ByteSpan[] = [];
  let count = 0;
  for (const element of value.slice(unit[0].length).split(",")) {
    const spec = trimOws(element);
    if (spec === "") continue;
    const span = resolveByteRange(spec, size);
    // SECURITY: a cap on what one short request can make the server do (CVE-2011-3192).
    if (span === undefined || ++count > MAX_RANGES) return WHOLE;
    if (span !== "unsatisfiable") found.push(span);
  }
  if (count === 0) return WHOLE;
  return found.length === 0 ? UNSATISFIABLE : decideSpans(found, size);
}

/** Length of `span` in bytes. */
export function spanLength(span: ByteSpan): number {
  return span.last - span.first + 1;
}

function resolveSuffix(suffixLength: number, size: number): ByteSpan | "unsatisfiable" | undefined {
  if (suffixLength === 0) return "unsatisfiable";
  if (size === 0) return undefined;
  return { first: size - Math.min(suffixLength, size), last: size - 1 };
}

function decideSpans(found: readonly ByteSpan[], size: number): RangeDecision {
  const spans = coalesce(found);
  const [first] = spans;
  // A single range that happens to be everything is still answered as a range: players probe with `bytes=0-`.
  const isEverything = found.length > 1 && first !== undefined && spanLength(first) === size;
  return isEverything ? WHOLE : { kind: "spans", spans };
}

function coalesce(spans: readonly ByteSpan[]): readonly ByteSpan[] {
  let merged: ByteSpan[] = [];
  for (const span of spans) merged = addSpan(merged, span);
  return merged;
}

/** `apart` is pairwise disjoint with gaps, so one pass finds everything that `span` joins. */
function addSpan(apart: readonly ByteSpan[], span: ByteSpan): ByteSpan[] {
  const result: ByteSpan[] = [];
  let joined = span;
  let place = -1;
  for (const other of apart) {
    if (other.first > span.last + 1 || span.first > other.last + 1) {
      result.push(other);
      continue;
    }
    joined = { first: Math.min(joined.first, other.first), last: Math.max(joined.last, other.last) };
    if (place === -1) place = result.push(joined) - 1;
  }
  if (place === -1) result.push(joined);
  else result[place] = joined;
  return result;
}

/** Compares two runs of digits as numbers of any size. */
function isLess(a: string, b: string): boolean {
  const x = a.replace(/^0+/, "");
  const y = b.replace(/^0+/, "");
  return x.length === y.length ? x < y : x.length < y.length;
}
