/**
 * Parameters of a field value (RFC 9110 §5.6.6): `;name=value` pairs after a media type or a disposition.
 */
import { trimOws } from "./field-list.ts";

/** One parameter: its name in lower case; its value without quotes and escapes. */
export type Parameter = { readonly name: string; readonly value: string; readonly isQuoted: boolean };

/** A value and what follows it: `head` is the text before the first `;`, trimmed. */
export type ParameterizedValue = { readonly head: string; readonly parameters: readonly Parameter[] };

const HEAD = /[^;]*/y;
const SEPARATOR = /[ \t]*;[ \t]*/y;
// Deviation: RFC 9110 has no white space around "=". It was legal once (RFC 2616 §2.1) and is still meant in
// Content-Disposition (RFC 6266 §4.1). In a quoted-string (§5.6.4) characters above U+00FF come from part heads, which are UTF-8.
const PARAMETER =
  /([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"([^"\\\x00-\x08\x0a-\x1f\x7f]*(?:\\[^\x00-\x08\x0a-\x1f\x7f][^"\\\x00-\x08\x0a-\x1f\x7f]*)*)")/y;
const TRAILING_SPACE = /[ \t]*$/y;

/**
 * Splits `text` into what stands before the first `;` and the parameters behind it (RFC 9110 §5.6.6). Empty
 * parameters (`;;`) are passed over.
 * @returns `undefined` when a parameter is malformed; `head` is not checked. Parameters of the same name are
 *   all returned.
 */
export function parseParameterized(text: string): ParameterizedValue | undefined {
  const head = takeAt(HEAD, text, 0)?.[0] ?? "";
  const parameters: Parameter[] = [];
  let position = head.length;
  for (;;) {
    const separator = takeAt(SEPARATOR, text, position);
    if (separator === undefined) break;
    position += separator[0].length;
    const match = takeAt(PARAMETER, text, position);
    if (match === undefined) continue;
    position += match[0].length;
    parameters.push(toParameter(match));
  }
  if (takeAt(TRAILING_SPACE, text, position) === undefined) return undefined;
  return { head: trimOws(head), parameters };
}

/** Matches a sticky `pattern` at `position` of `text`. */
export function takeAt(pattern: RegExp, text: string, position: number): RegExpExecArray | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text) ?? undefined;
}

function toParameter([, name = "", token, quoted = ""]: RegExpExecArray): Parameter {
  const value = token ?? quoted.replace(/\\(.)/gsu, "$1");
  return { name: name.toLowerCase(), value, isQuoted: token === undefined };
}
