/**
 * Base64 (RFC 4648 §4) read strictly: `Buffer` would silently skip what does not belong.
 */
import { asBuffer } from "../base/bytes.ts";

const BASE64 = /^[A-Za-z0-9+/]*(={0,2})$/;

/**
 * Decodes base64. Padding may be left out and its bits need not be zero, as RFC 9651 §4.2.7 wants it.
 * @returns `undefined` when a character does not belong, or the length is one that no encoder makes.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  const padding = BASE64.exec(text)?.[1];
  if (padding === undefined || (text.length - padding.length) % 4 === 1) return undefined;
  if (padding !== "" && text.length % 4 !== 0) return undefined;
  return Buffer.from(text, "base64");
}

/** Encodes `bytes` with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString("base64");
}
