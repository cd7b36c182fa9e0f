/**
 * Content-Disposition in HTTP (RFC 6266), with names outside ASCII as RFC 8187 writes them.
 */

// Quotes, backslashes and percent signs are legal in a quoted name, but read differently by clients (RFC 6266
// appendix D).
const UNSAFE_IN_FALLBACK = /[^ !#$&-[\]-~]/gu;

/**
 * Writes the Content-Disposition that makes a browser save a file as `fileName` (RFC 6266 §4, RFC 8187 §3.2):
 * an ASCII name for old clients, and the exact one where they differ.
 */
export function formatAttachment(fileName: string): string {
  // SECURITY: nothing but printable ASCII gets through either form, so no name can end the field's line.
  const fallback = fileName.replace(UNSAFE_IN_FALLBACK, "_");
  const plain = `attachment; filename="${fallback}"`;
  return fallback === fileName ? plain : `${plain}; filename*=UTF-8''${encodeExtended(fileName)}`;
}

// Of the charsets, UTF-8 is the one that everybody must know; the language is nobody's.
const EXTENDED_VALUE = /^utf-8'[0-9A-Za-z-]*'((?:%[0-9A-F]{2}|[!#$&+.^_`|~0-9A-Za-z-])*)$/i;

/**
 * Parses an ext-value (RFC 8187 §3.2.1), such as `UTF-8''na%C3%AFve.txt`.
 *
 * @returns any text, control characters and slashes among it; `undefined` when it is malformed, or in another charset than UTF-8.
 */
export function parseExtendedValue(text: string): string | undefined {
  const [, encoded] = EXTENDED_VALUE.exec(text) ?? [];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** RFC 8187 §3.2.1: all but attr-char is percent-encoded; half a surrogate pair becomes U+FFFD. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[*'()]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
