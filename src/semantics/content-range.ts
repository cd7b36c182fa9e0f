/**
 * The Content-Range field (RFC 9110 §14.4), in bytes.
 */
import type { ByteSpan } from "./byte-range.ts";

/**
 * What a Content-Range says: where the content belongs (the size may be untold), or how long what is there is
 * (416).
 */
export type ContentRange =
  | { readonly kind: "span"; readonly span: ByteSpan; readonly sizeBytes: number | undefined }
  | { readonly kind: "unsatisfied"; readonly sizeBytes: number };

const CONTENT_RANGE = /^bytes (?:([0-9]+)-([0-9]+)\/([0-9]+|\*)|\*\/([0-9]+))$/i;

/**
 * Reads a Content-Range in bytes (RFC 9110 §14.4).
 * @returns `undefined` when it is absent, malformed, of another unit, contradicts itself (last before first,
 *   or not below the size), or holds a number that can't be exact (2^53 and more).
 */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = CONTENT_RANGE.exec(value ?? "");
  if (match === null) return undefined;
  const [, first, last, complete, unsatisfiedSize] = match;
  if (unsatisfiedSize !== undefined) {
    const sizeBytes = Number(unsatisfiedSize);
    return Number.isSafeInteger(sizeBytes) ? { kind: "unsatisfied", sizeBytes } : undefined;
  }
  const span = { first: Number(first), last: Number(last) };
  const sizeBytes = complete === "*" ? undefined : Number(complete);
  return isConsistent(span, sizeBytes) ? { kind: "span", span, sizeBytes } : undefined;
}

/** Writes where `span` belongs in a representation of `sizeBytes`: `bytes 0-99/1000` (RFC 9110 §14.4). */
export function formatContentRange(span: ByteSpan, sizeBytes: number): string {
  return `bytes ${span.first}-${span.last}/${sizeBytes}`;
}

/** Writes the size of a representation no requested part of which exists, for a 416 (RFC 9110 §15.5.17). */
export function formatUnsatisfiedRange(sizeBytes: number): string {
  return `bytes */${sizeBytes}`;
}

function isConsistent(span: ByteSpan, sizeBytes: number | undefined): boolean {
  if (!Number.isSafeInteger(span.last) || span.first > span.last) return false;
  return sizeBytes === undefined || (Number.isSafeInteger(sizeBytes) && span.last < sizeBytes);
}
