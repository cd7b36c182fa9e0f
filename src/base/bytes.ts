/**
 * Bytes and the two text encodings that HTTP needs: heads are Latin-1 on the wire (one character, one
 * octet; RFC 9110 §5.5), names and pages are UTF-8.
 */

/** No bytes at all; shared. */
export const NO_BYTES = new Uint8Array(0);

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Joins `parts` into one new array; a single part is returned as it is, not copied. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first === undefined) return NO_BYTES;
  return parts.length === 1 ? first : Buffer.concat(parts);
}

/** Encodes `text` one octet per character; characters above U+00FF lose their high bits, so callers must not pass any. */
export function encodeLatin1(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** Decodes `bytes[start, end)` one character per octet. Never fails. */
export function decodeLatin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return asBuffer(bytes).toString("latin1", start, end);
}

/** Encodes `text` as UTF-8; half a surrogate pair becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/** Decodes `bytes` as UTF-8; `undefined` when they are not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A Buffer over the same memory as `bytes`; nothing is copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The text of a field that was taken byte for byte (Latin-1): as UTF-8 where its bytes are that, as they use to be today,
 * otherwise as it is.
 */
export function decodeFieldText(value: string): string {
  if (!/[\x80-\xff]/.test(value) || /[^\x00-\xff]/.test(value)) return value;
  return decodeUtf8(asBuffer(encodeLatin1(value))) ?? value;
}

/** So many bytes of the system's random source, in hex digits: what names are made of that nobody is to guess. */
export function randomHex(bytes: number): string {
  return asBuffer(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
}
