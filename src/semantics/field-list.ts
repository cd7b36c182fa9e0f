/**
 * Comma-separated lists in field values (RFC 9110 §5.6.1), and how the decisions of this folder ask for a field.
 */

/**
 * Finds a field's value by its lower-case name, without surrounding white space; several lines come joined by `, `
 * (RFC 9110 §5.3). `undefined` when the message has no such field.
 */
export type FieldLookup = (name: string) => string | undefined;

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Splits a comma-separated list into its elements (RFC 9110 §5.6.1.2). Commas inside quoted strings do not
 * separate; a string that is not closed reaches to the end of the value.
 * @returns the elements in order, without the white space around them; empty ones are dropped. The elements
 *   themselves are not checked.
 */
export function splitList(value: string): readonly string[] {
  const elements: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code === QUOTE) isQuoted = !isQuoted;
    else if (isQuoted && code === BACKSLASH) index++;
    else if (!isQuoted && code === COMMA) {
      pushElement(elements, value.slice(start, index));
      start = index + 1;
    }
  }
  pushElement(elements, value.slice(start));
  return elements;
}

/** Cuts off the optional white space (space and tab, nothing else) at both ends (RFC 9110 §5.6.3). */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function pushElement(elements: string[], text: string): void {
  const element = trimOws(text);
  if (element !== "") elements.push(element);
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
