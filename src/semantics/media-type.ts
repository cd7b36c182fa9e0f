/**
 * Media types (RFC 9110 §8.3.1).
 */
import { parseParameterized } from "./parameters.ts";

/**
 * A media type: `type` is type and subtype in lower case (`text/html`), parameter names are in lower case,
 * values as they stand.
 */
export type MediaType = { readonly type: string; readonly parameters: ReadonlyMap<string, string> };

/** Two tokens (RFC 9110 §5.6.2). */
const TYPE_AND_SUBTYPE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Reads a Content-Type (RFC 9110 §8.3). Of parameters with the same name the first counts, as in browsers.
 * @returns `undefined` when the field is absent or malformed.
 */
export function parseMediaType(value: string | undefined): MediaType | undefined {
  const parsed = parseParameterized(value ?? "");
  if (parsed === undefined || !TYPE_AND_SUBTYPE.test(parsed.head)) return undefined;
  const parameters = new Map<string, string>();
  for (const parameter of parsed.parameters) {
    if (!parameters.has(parameter.name)) parameters.set(parameter.name, parameter.value);
  }
  return { type: parsed.head.toLowerCase(), parameters };
}
