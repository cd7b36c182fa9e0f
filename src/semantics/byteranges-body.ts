/**
 * The content of a 206 with several ranges: multipart/byteranges (RFC 9110 §14.6), laid out so that its
 * length is known before the first byte is sent.
 */
import { type ByteSpan, spanLength } from "./byte-range.ts";
import { formatContentRange } from "./content-range.ts";

/** One part: `head` (Latin-1 text, with the boundary before it) is sent, then the bytes of `span`. */
export type ByterangesPart = { readonly head: string; readonly span: ByteSpan };

/** All parts in order, then `tail`; `lengthBytes` is the whole of it. */
export type ByterangesLayout = {
  readonly parts: readonly ByterangesPart[];
  readonly tail: string;
  readonly lengthBytes: number;
};

/**
 * `boundary` must not occur in the content; the caller draws it at random. `mediaType` is the representation's,
 * if it has one.
 */
export type ByterangesOptions = {
  readonly sizeBytes: number;
  readonly mediaType: string | undefined;
  readonly boundary: string;
};

/**
 * Lays out `spans` of one representation as multipart/byteranges (RFC 9110 §14.6, §15.3.7.2).
 *
 * @param spans what to send, in order; at least two, as a single one is not sent as a multipart (§15.3.7.2).
 * @returns texts and spans in the order they are sent, and their total length in bytes.
 */
export function layoutByteranges(
  spans: readonly ByteSpan[],
  { sizeBytes, mediaType, boundary }: ByterangesOptions,
): ByterangesLayout {
  const typeLine = mediaType === undefined ? "" : `Content-Type: ${mediaType}\r\n`;
  const parts: ByterangesPart[] = [];
  const tail = `\r\n--${boundary}--\r\n`;
  let lengthBytes = tail.length;
  for (const span of spans) {
    const lineEnd = parts.length === 0 ? "" : "\r\n";
    const head = `${lineEnd}--${boundary}\r\n${typeLine}Content-Range: ${formatContentRange(span, sizeBytes)}\r\n\r\n`;
    parts.push({ head, span });
    lengthBytes += head.length + spanLength(span);
  }
  return { parts, tail, lengthBytes };
}
