/**
 * Reads multipart/form-data (RFC 7578, RFC 2046 §5.1.1) while it arrives, in constant memory: bytes in,
 * events out. What is kept between two chunks is at most the head of one part.
 */
import { asBuffer } from "../base/bytes.ts";
import { assertNever } from "../base/assert-never.ts";
import { FormDataError, parsePartHead, type PartHead } from "./form-data-head.ts";
import { parseMediaType } from "./media-type.ts";

export { FormDataError } from "./form-data-head.ts";

/**
 * A part begins, some of its content (never empty; a view of what was received), its end; last the end of the
 * form.
 */
export type FormDataEvent =
  | ({ readonly kind: "part" } & PartHead)
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "part-end" }
  | { readonly kind: "end" };

/** Longest head of a part, in bytes, without the empty line that ends it. */
export const MAX_PART_HEAD_BYTES = 8192;

/** Most parts that a form may have. */
export const MAX_PARTS = 1000;

// Longest run of spaces behind a boundary that is waited for; RFC 2046 leaves it open.
const MAX_PADDING_BYTES = 256;

const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;

/**
 * What stands where a delimiter could: the line that begins a part, the one that ends the form, or neither.
 * `end` is the offset behind it (exclusive); the line end of an opening line is left, so that a head without
 * lines is found as one with.
 */
type Delimiter =
  | { readonly kind: "open"; readonly end: number }
  | { readonly kind: "close"; readonly end: number }
  | { readonly kind: "none" };

type State = "preamble" | "head" | "content-start" | "content" | "closing" | "epilogue";

/**
 * The boundary of a request whose Content-Type is multipart/form-data (RFC 2046 §5.1.1).
 * @returns `undefined` when the type is another, or the boundary is missing, longer than 70 characters, or
 *   has other characters than it may.
 */
export function formDataBoundary(contentType: string | undefined): string | undefined {
  const mediaType = parseMediaType(contentType);
  if (mediaType?.type !== "multipart/form-data") return undefined;
  const boundary = mediaType.parameters.get("boundary");
  return boundary !== undefined && BOUNDARY.test(boundary) ? boundary : undefined;
}

export class FormDataReader {
  readonly #delimiter: Buffer;
  /**
   * What is not read yet is `#bytes` from `#position`. A line end before the first boundary is made up, as all
   * others have one.
   */
  #bytes: Buffer = Buffer.from("\r\n");
  #position = 0;
  #state: State = "preamble";
  #hasEnded = false;
  #partCount = 0;

  /** @param boundary as {@link formDataBoundary} gives it. */
  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  }

  /** Takes the next bytes of the body. They must not change until {@link next} has answered `undefined`. */
  receive(bytes: Uint8Array): void {
    const rest = this.#bytes.subarray(this.#position);
    this.#bytes = rest.length === 0 ? asBuffer(bytes) : Buffer.concat([rest, bytes]);
    this.#position = 0;
  }

  /** Tells that the body has ended. */
  receiveEnd(): void {
    this.#hasEnded = true;
  }

  /**
   * Reads the next event. Ask until the answer is `undefined`, after every {@link receive} and after {@link
   * receiveEnd}.
   * @returns `undefined` when more bytes are needed, or the form has ended; what follows its last boundary is
   *   passed over.
   * @throws {@link FormDataError} when the body is malformed, ends before its last boundary, or exceeds
   *   {@link MAX_PART_HEAD_BYTES} or {@link MAX_PARTS}. The reader is of no use then.
   */
  next(): FormDataEvent | undefined {
    const event = this.#read();
    if (event === undefined) this.#keepRest();
    return event;
  }

  #read(): FormDataEvent | undefined {
    switch (this.#state) {
      case "preamble":
        return this.#skipPreamble() ? this.#read() : undefined;
      case "head":
        return this.#readHead();
      case "content-start":
        return this.#readContentStart();
      case "content":
        return this.#readContent();
      case "closing":
        this.#state = "epilogue";
        return { kind: "end" };
      case "epilogue":
        this.#position = this.#bytes.length;
        return undefined;
      default:
        return assertNever(this.#state);
    }
  }

  /** Moves behind the first delimiter; `false` when it has not come yet. */
  #skipPreamble(): boolean {
    for (;;) {
      this.#position = this.#findDelimiter();
      const delimiter = this.#delimiterHere();
      if (delimiter === undefined) return false;
      if (delimiter.kind !== "none") return this.#pass(delimiter);
      this.#position += this.#delimiter.length;
    }
  }

  #readHead(): FormDataEvent | undefined {
    // Here stands the line end of the delimiter's line: "\r\n" + head + "\r\n\r\n", where an empty head shares
    // its line ends.
    const end = this.#bytes.indexOf("\r\n\r\n", this.#position);
    const start = this.#position + 2;
    if (Math.max((end === -1 ? this.#bytes.length - 3 : end) - start, 0) > MAX_PART_HEAD_BYTES) {
      throw new FormDataError(`The head of a part is longer than ${MAX_PART_HEAD_BYTES} bytes`);
    }
    if (end === -1) return this.#needMore();
    if (++this.#partCount > MAX_PARTS) throw new FormDataError(`The form has more than ${MAX_PARTS} parts`);
    const head = parsePartHead(this.#bytes.subarray(start, Math.max(start, end)));
    this.#position = end + 2;
    this.#state = "content-start";
    return { kind: "part", ...head };
  }

  /**
   * A part without content may end right behind its head, sharing the line end of the empty line (RFC 2046
   * §5.1.1, body-part).
   */
  #readContentStart(): FormDataEvent | undefined {
    const delimiter = this.#delimiterHere();
    if (delimiter === undefined) return undefined;
    if (delimiter.kind !== "none") return this.#endPart(delimiter);
    this.#position += 2;
    this.#state = "content";
    return this.#readContent();
  }

  #readContent(): FormDataEvent | undefined {
    const end = this.#findDelimiter();
    if (end > this.#position) return this.#takeData(end);
    const delimiter = this.#delimiterHere();
    if (delimiter === undefined) return undefined;
    // Deviation: a line that only begins like a delimiter is content, as most readers take it; by RFC 2046
    // §5.1.1 it would be one.
    if (delimiter.kind === "none") return this.#takeData(this.#position + this.#delimiter.length);
    return this.#endPart(delimiter);
  }

  #takeData(end: number): FormDataEvent {
    const bytes = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return { kind: "data", bytes };
  }

  #endPart(delimiter: Delimiter & { kind: "open" | "close" }): FormDataEvent {
    this.#pass(delimiter);
    return { kind: "part-end" };
  }

  #pass(delimiter: Delimiter & { kind: "open" | "close" }): true {
    this.#position = delimiter.end;
    this.#state = delimiter.kind === "open" ? "head" : "closing";
    return true;
  }

  /** Offset of the next delimiter, or of what may become one when more comes, or of the end of what is there. */
  #findDelimiter(): number {
    const found = this.#bytes.indexOf(this.#delimiter, this.#position);
    if (found !== -1) return found;
    const length = this.#bytes.length;
    // A boundary has no CR in it, so that only the last one can begin a delimiter that is cut off.
    const last = this.#bytes.lastIndexOf(0x0d);
    const isNear = last >= this.#position && length - last < this.#delimiter.length;
    return isNear && this.#isDelimiterPrefix(last) ? last : length;
  }

  #isDelimiterPrefix(offset: number): boolean {
    const length = Math.min(this.#bytes.length - offset, this.#delimiter.length);
    return this.#bytes.compare(this.#delimiter, 0, length, offset, offset + length) === 0;
  }

  /**
   * Tells what stands at the position: `--boundary`, perhaps `--`, perhaps spaces, then a line end (RFC 2046
   * §5.1.1); the form's end may also be the body's. `undefined` when that can't be told yet.
   */
  #delimiterHere(): Delimiter | undefined {
    if (!this.#isDelimiterPrefix(this.#position)) return { kind: "none" };
    let offset = this.#position + this.#delimiter.length;
    if (this.#bytes.length < offset + 2) return this.#needMore();
    const isClose = this.#bytes[offset] === 0x2d && this.#bytes[offset + 1] === 0x2d;
    if (isClose) offset += 2;
    const lineEnd = this.#skipPadding(offset);
    if (lineEnd - offset > MAX_PADDING_BYTES) return { kind: "none" };
    if (this.#bytes.length < lineEnd + 2 && this.#mayBeLineEnd(lineEnd)) {
      if (isClose && this.#hasEnded) return { kind: "close", end: this.#bytes.length };
      return this.#needMore();
    }
    if (this.#bytes[lineEnd] !== 0x0d || this.#bytes[lineEnd + 1] !== 0x0a) return { kind: "none" };
    return { kind: isClose ? "close" : "open", end: lineEnd };
  }

  #skipPadding(offset: number): number {
    let end = offset;
    while (this.#bytes[end] === 0x20 || this.#bytes[end] === 0x09) end++;
    return end;
  }

  #mayBeLineEnd(offset: number): boolean {
    return offset === this.#bytes.length || this.#bytes[offset] === 0x0d;
  }

  #needMore(): undefined {
    if (this.#hasEnded) throw new FormDataError("The form ends before its last boundary");
    return undefined;
  }

  /**
   * Keeps a copy of what is left, so that neither a large chunk is held for its last bytes nor its owner bound
   * to it.
   */
  #keepRest(): void {
    this.#bytes = Buffer.from(this.#bytes.subarray(this.#position));
    this.#position = 0;
  }
}
