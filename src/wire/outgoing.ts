/**
 * How a message of one's own begins: its head as bytes, and how its body will be framed (RFC 9112 §6).
 */
import type { Piece } from "../base/piece.ts";
import { makeBodyWriter, type BodyFraming, type BodyWriter } from "./body-writer.ts";
import { hasResponseBody } from "./framing.ts";
import {
  writeInformationalHead,
  writeRequestHead,
  writeResponseHead,
  type FramingField,
} from "./head-writer.ts";
import type { HttpVersion, RequestToSend, ResponseToSend, WireMessage } from "./message.ts";
import { localError } from "./protocol-error.ts";

export type Outgoing = {
  readonly head: readonly Uint8Array[];
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
    head: [writeRequestHead(message, body === "none" ? undefined : body)],
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
  return {
    head: writeResponseHead(message, chooseFramingField(message, framing), {
      closes,
      isPeerOld: context.version === "1.0",
    }),
    writer: makeBodyWriter(framing),
    closes,
  };
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
