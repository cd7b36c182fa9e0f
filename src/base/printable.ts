/**
 * Makes text from outside (names, targets, field values, server messages) safe to show on a terminal and to
 * keep in a log: one line, no control characters, nothing that reorders what follows.
 */

// C0, DEL, C1, line/paragraph separators, and the bidirectional overrides and isolates (UAX #9).
const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]/gu;

/**
 * Replaces every character that could steer a terminal or break a line by `\xNN` or `\u{NNNN}`.
 *
 * SECURITY: all text from a peer or from a file name passes here before it is printed or logged.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}
