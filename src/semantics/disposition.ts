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

/** RFC 8187 §3.2.1: all but attr-char is percent-encoded; half a surrogate pair becomes U+FFFD. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[*'()]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
