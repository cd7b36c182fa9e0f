/**
 * What an answer says of the moment it is sent in, whatever it answers: Date (RFC 9110 §6.6.1) and how long the
 * connection is kept.
 */
import { formatHttpDate } from "../semantics/http-date.ts";
import { formatKeepAlive } from "../semantics/keep-alive.ts";
import type { Field } from "../wire/fields.ts";

/** What was made in this second, by the timeout, which goes up and down with each connection that comes and goes. */
const made = new Map<number, readonly Field[]>();
let madeSecond = Number.NaN;

/**
 * The fields for an answer that is sent at `nowMs` (ms since the epoch) on a connection that is kept for `timeoutMs`: the same
 * array for a second, so that whoever writes them can know them again.
 */
export function momentFields(nowMs: number, timeoutMs: number): readonly Field[] {
  const second = Math.floor(nowMs / 1000);
  if (second !== madeSecond) {
    made.clear();
    madeSecond = second;
  }
  let fields = made.get(timeoutMs);
  if (fields === undefined) {
    fields = makeFields(nowMs, timeoutMs);
    made.set(timeoutMs, fields);
  }
  return fields;
}

function makeFields(nowMs: number, timeoutMs: number): readonly Field[] {
  const date = formatHttpDate(nowMs) ?? "Thu, 01 Jan 1970 00:00:00 GMT";
  return [
    ["Date", date],
    ["Keep-Alive", formatKeepAlive(timeoutMs)],
  ];
}
