/**
 * What tells one version of a file from another, as far as a resumed download may rely on it (RFC 9110 §8.8, §13.1.5).
 */
import { parseEntityTag } from "../semantics/entity-tag.ts";
import { parseHttpDate } from "../semantics/http-date.ts";
import type { Fields } from "../wire/fields.ts";

/** A strong validator; `value` as it stood in the field, and as it goes into If-Range. */
export type Validator = { readonly kind: "tag" | "date"; readonly value: string };

/** How much older than Date a Last-Modified must be to be strong (RFC 9110 §8.8.2.2). */
const STRONG_DATE_AGE_MS = 1000;

/**
 * The strong validator of an answer: its ETag, or a Last-Modified that lies at least a second before its Date.
 *
 * SECURITY: a weak tag says "as good as the same", not the same bytes; parts of two such versions must not be put together.
 * A server that sends one means that the date is no better.
 *
 * @returns `undefined` when there is none: the download can't be resumed then.
 */
export function strongValidator(fields: Fields, nowMs: number): Validator | undefined {
  const etag = fields.get("etag");
  if (etag !== undefined) {
    const tag = parseEntityTag(etag);
    return tag === undefined || tag.isWeak ? undefined : { kind: "tag", value: etag };
  }
  const [modified, date] = [fields.get("last-modified"), fields.get("date")];
  if (modified === undefined || date === undefined) return undefined;
  const modifiedMs = parseHttpDate(modified, nowMs);
  const dateMs = parseHttpDate(date, nowMs);
  if (modifiedMs === undefined || dateMs === undefined) return undefined;
  return dateMs - modifiedMs >= STRONG_DATE_AGE_MS ? { kind: "date", value: modified } : undefined;
}

/**
 * Whether an answer says that it is of the version `validator` names. One that is silent does not: a server that ignores
 * If-Range would be silent too.
 */
export function hasValidator(fields: Fields, validator: Validator): boolean {
  return fields.get(validator.kind === "tag" ? "etag" : "last-modified") === validator.value;
}
