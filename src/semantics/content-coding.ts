/**
 * The Content-Encoding field (RFC 9110 §8.4), as a recipient reads it.
 */
import { splitList } from "./field-list.ts";

/** What servers write there for content as it is: `identity`, PHP's way to have none, a charset, what belongs to MIME. */
const NO_CODINGS: ReadonlySet<string> = new Set(["identity", "none", "utf-8", "binary"]);

/**
 * The codings that a content is in, in the order in which they were applied.
 * @param value of the field; `undefined` when there is none.
 * @returns them as they stood there; an empty list for content as it is.
 */
export function parseContentCodings(value: string | undefined): readonly string[] {
  return splitList(value ?? "").filter((coding) => !NO_CODINGS.has(coding.toLowerCase()));
}
