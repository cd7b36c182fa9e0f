/**
 * Puts a body into its framing (RFC 9112 §6): one writer for each.
 */
import { encodeLatin1 } from "../base/bytes.ts";
import { pieceLength, type Piece } from "../base/piece.ts";
import type { Field } from "./fields.ts";
import { formatFields } from "./head-writer.ts";
import type { BodyFraming } from "./message.ts";
import { localError } from "./protocol-error.ts";

export interface BodyWriter {
  /**
   * Frames some content.
   * @throws {ProtocolError} blame `local` when it is more than was announced.
   */
  write(piece: Piece): readonly Piece[];
  /**
   * Frames the end.
   * @throws {ProtocolError} blame `local` when the content was less than announced, or a trailer is not valid.
   */
  end(trailers: readonly Field[]): readonly Piece[];
}

const NOTHING: readonly Piece[] = [];
const CRLF = encodeLatin1("\r\n");
const LAST_CHUNK = [encodeLatin1("0\r\n\r\n")];

const OMITTING_WRITER: BodyWriter = { write: () => NOTHING, end: () => NOTHING };
const PASSING_WRITER: BodyWriter = { write: passPiece, end: () => NOTHING };
const CHUNKING_WRITER: BodyWriter = { write: frameChunk, end: frameEnd };

/** The writer for a body that is framed so; a number is its length in bytes. */
export function makeBodyWriter(framing: BodyFraming): BodyWriter {
  switch (framing) {
    case "omitted":
      return OMITTING_WRITER;
    case "until-close":
      return PASSING_WRITER;
    case "chunked":
      return CHUNKING_WRITER;
    default:
      return new LengthWriter(framing);
  }
}

function passPiece(piece: Piece): readonly Piece[] {
  return pieceLength(piece) === 0 ? NOTHING : [piece];
}

function frameChunk(piece: Piece): readonly Piece[] {
  const length = pieceLength(piece);
  // SECURITY: a chunk of no bytes would be the last one, and what follows would be read as another message.
  if (length === 0) return NOTHING;
  return [encodeLatin1(`${length.toString(16)}\r\n`), piece, CRLF];
}

/** SECURITY: fields that a reader may not take from trailers (RFC 9110 §6.5.1); framing is refused with every field. */
function frameEnd(trailers: readonly Field[]): readonly Piece[] {
  if (trailers.length === 0) return LAST_CHUNK;
  if (trailers.some(([name]) => name.toLowerCase() === "host")) throw localError("Host may not be a trailer");
  return [encodeLatin1(`0\r\n${formatFields(trailers)}\r\n`)];
}

class LengthWriter implements BodyWriter {
  #remaining: number;

  constructor(length: number) {
    this.#remaining = length;
  }

  write(piece: Piece): readonly Piece[] {
    const length = pieceLength(piece);
    // SECURITY: what is longer than announced is read as the next message.
    if (length > this.#remaining) throw localError("The body is longer than announced");
    this.#remaining -= length;
    return passPiece(piece);
  }

  end(): readonly Piece[] {
    if (this.#remaining > 0) throw localError("The body is shorter than announced");
    return NOTHING;
  }
}
