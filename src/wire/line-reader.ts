/**
 * Lines of heads, chunk sizes and trailers (RFC 9112 §2.2): text that ends with CRLF, or in heads of answers with LF. Every byte
 * is looked at once, when it has come, so that a line which comes byte by byte costs no more than a whole one, and what
 * can't become a line is refused before its end.
 */
import { concatBytes, decodeLatin1, NO_BYTES } from "../base/bytes.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { ReceiveBuffer } from "./receive-buffer.ts";

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const DEL = 0x7f;

const FIRST_ROOM_BYTES = 128;

/** What a line that is too long means where it stands. */
export type Excess = {
  readonly message: string;
  readonly status: number;
  /** As {@link ProtocolError.method}. */
  readonly method?: string | undefined;
};

/** The same, for all such lines or by what has come of one. */
export type ExcessRule = Excess | ((line: string) => Excess);

/** What may end a line. */
export type LineEnds = "crlf" | "crlf-or-lf";

export class LineReader {
  readonly #buffer: ReceiveBuffer;
  readonly #ends: LineEnds;
  /** What has come of the current line: `#room[0, #length)`. */
  #room: Uint8Array | undefined;
  #length = 0;
  #isAfterCr = false;
  #hasLoneLf = false;

  constructor(buffer: ReceiveBuffer, ends: LineEnds = "crlf") {
    this.#buffer = buffer;
    this.#ends = ends;
  }

  /** Whether any line so far has ended with LF alone. */
  get hasLoneLf(): boolean {
    return this.#hasLoneLf;
  }

  /** Bytes of the current line that were taken from the buffer. */
  get heldBytes(): number {
    return this.#length + (this.#isAfterCr ? 1 : 0);
  }

  /**
   * Reads a line.
   *
   * @param limitBytes most bytes of the line, its end not counted.
   * @returns the line as Latin-1 text without its end; `undefined` when it has not come whole.
   * @throws {ProtocolError} 400 on a control character, a CR or LF that ends no line; `excess` when the line is longer.
   */
  read(limitBytes: number, excess: ExcessRule): string | undefined {
    let chunk = this.#buffer.first;
    while (chunk !== undefined) {
      const start = this.#buffer.offset;
      const end = this.#scan(chunk, limitBytes, excess);
      this.#buffer.skip((end ?? chunk.length) - start);
      if (end !== undefined) return this.#finish(chunk, start, end);
      this.#keep(chunk, start, chunk.length - (this.#isAfterCr ? 1 : 0));
      chunk = this.#buffer.first;
    }
    return undefined;
  }

  /** Looks at the unread bytes of `chunk`. @returns what follows the line's end, if it has come. */
  #scan(chunk: Uint8Array, limitBytes: number, excess: ExcessRule): number | undefined {
    const start = this.#buffer.offset;
    const limit = start + limitBytes - this.#length;
    let isAfterCr = this.#isAfterCr;
    for (let at = start; at < chunk.length; at += 1) {
      const octet = chunk[at] ?? 0;
      if (isAfterCr) return this.#endAt(octet, at);
      if (octet === CR) isAfterCr = true;
      else if (octet === LF && this.#ends === "crlf-or-lf") return this.#endLoosely(at);
      else refuseOctet(octet);
      if (!isAfterCr && at >= limit) throw this.#describeExcess(chunk.subarray(start, at), excess);
    }
    this.#isAfterCr = isAfterCr;
    return undefined;
  }

  #describeExcess(last: Uint8Array, excess: ExcessRule): ProtocolError {
    const line = decodeLatin1(concatBytes([this.#room?.subarray(0, this.#length) ?? NO_BYTES, last]));
    const { message, status, method } = typeof excess === "function" ? excess(line) : excess;
    return new ProtocolError(message, status, "remote", method);
  }

  #endLoosely(at: number): number {
    this.#hasLoneLf = true;
    return at + 1;
  }

  #endAt(octet: number, at: number): number {
    // SECURITY: a bare CR ends a line for some and not for others (CVE-2023-30589).
    if (octet !== LF) throw new ProtocolError("A carriage return is not followed by a line feed");
    this.#isAfterCr = false;
    return at + 1;
  }

  /** @param after what follows the line's end in `chunk`; its CR may have come in the chunk before. */
  #finish(chunk: Uint8Array, start: number, after: number): string {
    const end = after - (after - 2 >= start && chunk[after - 2] === CR ? 2 : 1);
    if (this.#room === undefined) return decodeLatin1(chunk, start, end);
    if (end > start) this.#keep(chunk, start, end);
    const line = decodeLatin1(this.#room, 0, this.#length);
    this.#room = undefined;
    this.#length = 0;
    return line;
  }

  /** Copies `chunk[start, end)` to what has come of the line. */
  #keep(chunk: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    const room = this.#roomFor(length);
    room.set(chunk.subarray(start, end), this.#length);
    this.#length = length;
  }

  #roomFor(length: number): Uint8Array {
    const old = this.#room;
    if (old !== undefined && old.length >= length) return old;
    const room = new Uint8Array(Math.max(FIRST_ROOM_BYTES, 2 * length));
    if (old !== undefined) room.set(old.subarray(0, this.#length));
    this.#room = room;
    return room;
  }
}

function refuseOctet(octet: number): void {
  if (octet >= SP && octet !== DEL) return;
  if (octet === HTAB) return;
  // SECURITY: RFC 9112 §2.2 allows to take a lone LF for a line end; who does not agrees on another message (CVE-2025-22871).
  // It is taken only where no other message can follow: in an answer's head, which ends its connection then.
  if (octet === LF) throw new ProtocolError("A line feed is not preceded by a carriage return");
  throw new ProtocolError("A line holds a control character");
}
