/**
 * The Retry-After field (RFC 9110 §10.2.3).
 */
import { parseHttpDate } from "./http-date.ts";

/**
 * Reads how long to wait before the next try: a number of seconds, or a date.
 * @param nowMs the present, in milliseconds since the epoch.
 * @returns milliseconds, 0 for a date that has passed, at most 2^53 - 1; `undefined` when the field is absent
 *   or malformed.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^[0-9]+$/.test(value)) return Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER);
  const dateMs = parseHttpDate(value, nowMs);
  return dateMs === undefined ? undefined : Math.max(0, dateMs - nowMs);
}
