/**
 * Takes the chunked coding off a body (RFC 9112 §7.1):
 *
 *     chunked-body = *chunk last-chunk trailer-section CRLF
 *     chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
 *     last-chunk   = 1*("0") [ chunk-ext ] CRLF
 */
import { assertNever } from "../base/assert-never.ts";
import type { BodyOf, BodyReader } from "./body-reader.ts";
import type { Fields } from "./fields.ts";
import { CHUNK_EXTENSIONS, CHUNK_SIZE } from "./grammar.ts";
import type { WireLimits } from "./limits.ts";
import { LineReader, type Excess } from "./line-reader.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { ReceiveBuffer } from "./receive-buffer.ts";
import { SectionReader } from "./section-reader.ts";

const MAX_SIZE_DIGITS = 16;
/** Bytes of chunk lines beyond the usual that a whole body may have. */
const MAX_EXCESS_BYTES = 16 * 1024;
/** What a chunk line may have without counting as excess: a size with its line end, in bytes. */
const USUAL_LINE_BYTES = 16;

const LINE_EXCESS: Excess = { message: "A chunk's size line is too long", status: 400 };
const DATA_EXCESS: Excess = { message: "A chunk is longer than its size says", status: 400 };

/** SECURITY: after the body nobody may learn of another length, host or framing (RFC 9110 §6.5.1). */
const REFUSED_TRAILERS = ["content-length", "transfer-encoding", "host"];

/** Looks at no space twice. */
const TRAILING_SPACE = /(?<![\t ])[\t ]+$/;

type State = "size" | "data" | "data-end" | "trailers" | "done";

export class ChunkedReader implements BodyReader {
  readonly missingBytes = 0;
  readonly #buffer: ReceiveBuffer;
  readonly #limits: WireLimits;
  readonly #of: BodyOf;
  readonly #lines: LineReader;
  readonly #trailers: SectionReader;
  #state: State = "size";
  /** Bytes of the current chunk's data that have not been read. */
  #remaining = 0;
  #excessBytes = 0;

  constructor(buffer: ReceiveBuffer, limits: WireLimits, of: BodyOf) {
    this.#buffer = buffer;
    this.#limits = limits;
    this.#of = of;
    this.#lines = new LineReader(buffer);
    this.#trailers = new SectionReader(this.#lines, {
      bytes: limits.trailerBytes,
      fieldCount: limits.fieldCount,
      allowsFolding: of === "response",
    });
  }

  get isDone(): boolean {
    return this.#state === "done";
  }

  get heldBytes(): number {
    return this.#lines.heldBytes + this.#trailers.bytes;
  }

  read(): Uint8Array | Fields | undefined {
    for (;;) {
      const state = this.#state;
      const result = this.#readIn(state);
      if (result !== undefined) return result;
      if (this.#state === state) return this.#starve();
    }
  }

  /** Reads what comes in `state`, and sets the next one if it came whole. */
  #readIn(state: State): Uint8Array | Fields | undefined {
    switch (state) {
      case "size":
        return this.#readSize();
      case "data":
        return this.#readData();
      case "data-end":
        // No byte may stand between the data and CRLF.
        if (this.#lines.read(0, DATA_EXCESS) !== undefined) this.#state = "size";
        return undefined;
      case "trailers":
        return this.#readTrailers();
      case "done":
        return undefined;
      default:
        return assertNever(state);
    }
  }

  #starve(): undefined {
    if (this.#buffer.isEnded) throw new ProtocolError("The connection was closed before the whole body came");
    return undefined;
  }

  #readSize(): undefined {
    const line = this.#lines.read(MAX_SIZE_DIGITS + this.#limits.chunkExtensionBytes, LINE_EXCESS);
    if (line === undefined) return undefined;
    // Some servers fill the line up with spaces. Of requests it is refused: others may read another size.
    const chunkLine = this.#of === "response" ? line.replace(TRAILING_SPACE, "") : line;
    this.#remaining = parseChunkLine(chunkLine, this.#limits.chunkExtensionBytes);
    this.#countOverhead(line.length);
    this.#state = this.#remaining === 0 ? "trailers" : "data";
    return undefined;
  }

  /** SECURITY: a body of one byte chunks with long extensions costs far more than it carries (CVE-2023-39326). */
  #countOverhead(lineBytes: number): void {
    const excess = this.#excessBytes + lineBytes - USUAL_LINE_BYTES - 2 * this.#remaining;
    this.#excessBytes = Math.max(0, excess);
    if (excess > MAX_EXCESS_BYTES)
      throw new ProtocolError("The body has far more chunk extensions than content");
  }

  #readData(): Uint8Array | undefined {
    const bytes = this.#buffer.take(this.#remaining);
    if (bytes === undefined) return undefined;
    this.#remaining -= bytes.length;
    if (this.#remaining === 0) this.#state = "data-end";
    return bytes;
  }

  #readTrailers(): Fields | undefined {
    const trailers = this.#trailers.read();
    if (trailers === undefined) return undefined;
    if (REFUSED_TRAILERS.some((name) => trailers.has(name))) {
      throw new ProtocolError("A field that frames or routes the message stands in the trailers");
    }
    this.#state = "done";
    return trailers;
  }
}

/**
 * Parses `chunk-size [ chunk-ext ]`; extensions are checked and then ignored, none is known to us (RFC 9112 §7.1.1).
 *
 * @returns the size in bytes.
 * @throws {ProtocolError} 400 when it is malformed, the size beyond 2^53 - 1, or the extensions longer than `extensionBytes`.
 */
function parseChunkLine(line: string, extensionBytes: number): number {
  const [digits] = CHUNK_SIZE.exec(line) ?? [];
  if (digits === undefined) throw new ProtocolError("A chunk size is malformed");
  // SECURITY: a size that is not exact is another size for someone else (CVE-2021-32714, CVE-2013-2028).
  const size = Number.parseInt(digits, 16);
  if (size > Number.MAX_SAFE_INTEGER) throw new ProtocolError("A chunk size is too large");
  const extensions = line.slice(digits.length);
  if (extensions.length > extensionBytes) throw new ProtocolError(LINE_EXCESS.message, LINE_EXCESS.status);
  if (extensions !== "" && !CHUNK_EXTENSIONS.test(extensions)) {
    throw new ProtocolError("A chunk size is malformed, or its extensions are");
  }
  return size;
}
