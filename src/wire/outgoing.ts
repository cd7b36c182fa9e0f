/**
 * How a message of one's own begins: its head as bytes, and how its body will be framed (RFC 9112 §6).
 */
import type { Piece } from "../base/piece.ts";
import { makeBodyWriter, type BodyWriter } from "./body-writer.ts";
import { hasResponseBody } from "./framing.ts";
import {
  writeInformationalHead,
  writeRequestHead,
  writeOpening,
  writeRest,
  type FramingField,
} from "./head-writer.ts";
import type {
  BodyFraming,
  HttpVersion,
  KeptTail,
  RequestToSend,
  ResponseTail,
  ResponseToSend,
  WireMessage,
} from "./message.ts";
import { localError } from "./protocol-error.ts";

export type Outgoing = {
  /** The head, and the content if it was at hand. */
  readonly start: readonly Piece[];
  readonly writer: BodyWriter;
  /** The connection ends after this message. */
  readonly closes: boolean;
};

/** What a response depends on beside itself. */
export type ResponseContext = {
  /** Of the request; `undefined` when it isn't known. */
  readonly method: string | undefined;
  /** Of the request; `undefined` when it isn't known. */
  readonly version: HttpVersion | undefined;
  readonly closes: boolean;
};

/** @throws {ProtocolError} blame `local` when it is not a request that may be sent. */
export function beginRequest(message: RequestToSend): Outgoing {
  // A tunnel is not a message any more.
  if (message.method === "CONNECT") throw localError("CONNECT is not supported");
  const { body } = message;
  if (typeof body === "number") checkLength(body);
  return {
    start: [writeRequestHead(message, body === "none" ? undefined : body)],
    writer: makeBodyWriter(body === "none" ? 0 : body),
    closes: message.close === true,
  };
}

/** @throws {ProtocolError} blame `local` when it is not a response that may be sent. */
export function beginResponse(message: ResponseToSend, context: ResponseContext): Outgoing {
  const { status, length } = message;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw localError("The status is not a final one");
  if (context.method === "CONNECT" && status < 300) throw localError("A tunnel can't be opened");
  if (typeof length === "number") checkLength(length);
  const framing = chooseFraming(message, context);
  const closes = context.closes || framing === "until-close";
  const isPeerOld = context.version === "1.0";
  const opening = writeOpening(status, message.momentFields, { closes, isPeerOld });
  if (message.content === undefined) {
    const rest = writeRest(message.fields, chooseFramingField(message, framing));
    return { start: [opening, rest], writer: makeBodyWriter(framing), closes };
  }
  const { bytes, content } = recallTail(message, message.content, framing);
  const start = content === undefined ? [opening, bytes] : [opening, bytes, content];
  return { start, writer: makeBodyWriter("omitted"), closes };
}

/** What follows the opening of a response whose content is at hand: kept from the last time, if that may be. */
function recallTail(message: ResponseToSend, content: Piece, framing: BodyFraming): ResponseTail {
  const { kept } = message;
  if (kept !== undefined && isWritten(kept) && kept.framing === framing) return kept;
  const tail = makeTail(message, content, framing);
  return kept === undefined ? tail : keepTail(kept, tail, framing);
}

function isWritten(kept: KeptTail): kept is KeptTail & ResponseTail {
  return kept.bytes !== undefined;
}

function keepTail(kept: KeptTail, tail: ResponseTail, framing: BodyFraming): ResponseTail {
  kept.framing = framing;
  kept.bytes = tail.bytes;
  kept.content = tail.content;
  return tail;
}

function makeTail(message: ResponseToSend, content: Piece, framing: BodyFraming): ResponseTail {
  const bytes = writeRest(message.fields, chooseFramingField(message, framing));
  if (framing === "omitted") return { bytes, content: undefined };
  // SECURITY: what is longer than announced is read as the next message.
  if (content.length !== framing) throw localError("The content is not as long as announced");
  return { bytes, content: content.length === 0 ? undefined : content };
}

/** @throws {ProtocolError} blame `local` when it is not a 1xx response that may be sent. */
export function beginInformational(
  message: Extract<WireMessage, { kind: "informational" }>,
): readonly Piece[] {
  const { status, fields } = message;
  if (!Number.isInteger(status) || status < 100 || status > 199 || status === 101) {
    throw localError("The status is not an informational one");
  }
  return [writeInformationalHead(status, fields)];
}

/** A peer of HTTP/1.0, or of a version we could not read, does not know chunks (RFC 9112 §6.1). */
function chooseFraming({ status, length }: ResponseToSend, context: ResponseContext): BodyFraming {
  if (!hasResponseBody(context.method, status)) return "omitted";
  if (length !== "unknown") return length;
  return context.version === "1.1" ? "chunked" : "until-close";
}

/**
 * What the head says of the body. 204 may say nothing (RFC 9110 §8.6). Where the body is omitted only its length is
 * announced: there will be no chunks.
 */
function chooseFramingField({ status, length }: ResponseToSend, framing: BodyFraming): FramingField {
  if (framing === "omitted") return status === 204 || length === "unknown" ? undefined : length;
  return framing === "until-close" ? undefined : framing;
}

function checkLength(length: number): void {
  if (!Number.isSafeInteger(length) || length < 0) throw localError("The length is not a number of bytes");
}
