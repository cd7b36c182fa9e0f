/**
 * The messages of RFC 9112 as values: what comes out of an {@link Exchange} when the peer's bytes are read, and
 * what is put into one to be written.
 */
import type { Piece } from "../base/piece.ts";
import type { Field, Fields } from "./fields.ts";
import type { Target } from "./target.ts";

export type HttpVersion = "1.0" | "1.1";

/** How long a body is and how its end is found (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-close" };

/** A request's head, valid in all that RFC 9112 asks of it; exactly one valid Host on 1.1 (§3.2). */
export type RequestHead = {
  readonly kind: "request";
  readonly method: string;
  readonly target: Target;
  /** The request-target as it was received, for the log. */
  readonly rawTarget: string;
  readonly version: HttpVersion;
  readonly fields: Fields;
  /** `none`, `length` or `chunked`. */
  readonly framing: Framing;
  /** Whether the client waits for `100 Continue`, or another answer to what it expects, before it sends the body (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean;
  /** Whether the client lets the connection go on after the message (RFC 9112 §9.3). */
  readonly persists: boolean;
  /** For whoever answers: what is to be remembered of this request until it is asked again. Nothing here reads it. */
  note: unknown;
};

/** A final response's head. */
export type ResponseHead = {
  readonly kind: "response";
  readonly status: number;
  readonly reason: string;
  readonly version: HttpVersion;
  readonly fields: Fields;
  readonly framing: Framing;
  /** Whether the server lets the connection go on after the message (RFC 9112 §9.3). */
  readonly persists: boolean;
};

/** A 1xx response, which precedes the final one. */
export type InformationalHead = {
  readonly kind: "informational";
  readonly status: number;
  readonly fields: Fields;
};

/** What an exchange tells of the peer's bytes, in this order: informational*, head, body*, end; then the next message. */
export type WireEvent =
  | RequestHead
  | ResponseHead
  | InformationalHead
  /** Content of the body, framing removed; a view into a received chunk, never empty. */
  | { readonly kind: "body"; readonly bytes: Uint8Array }
  /** The message is complete. */
  | { readonly kind: "end"; readonly trailers: Fields }
  /** The peer closed its side between two messages. */
  | { readonly kind: "closed" };

/** A request to write. The caller gives every field except the framing ones and `Connection`. */
export type RequestToSend = {
  readonly kind: "request";
  readonly method: string;
  /** The request-target, already in wire form (`/a%20b?c`). */
  readonly target: string;
  readonly fields: readonly Field[];
  /** Body length in bytes; `"chunked"` when it isn't known; `"none"` for no body at all. */
  readonly body: number | "chunked" | "none";
  /** Ask the server to close after the response. */
  readonly close?: boolean;
};

/** How the body of a message to write is framed. `omitted`: there is content, but it isn't sent, as in the answer to HEAD. */
export type BodyFraming = number | "chunked" | "until-close" | "omitted";

/** The rest of a response's head, with its content or before it. */
export type ResponseTail = { readonly bytes: Uint8Array; readonly content: Piece | undefined };

/** Where the tail of a response is kept that is sent again and again: what was written the last time, in which framing. */
export type KeptTail = {
  /** As {@link ResponseToSend.length}. */
  readonly length: number | "unknown";
  framing: BodyFraming | undefined;
  bytes: Uint8Array | undefined;
  content: Piece | undefined;
};

/** A final response to write. The caller gives every field except `Content-Length`, `Transfer-Encoding`, `Connection`. */
export type ResponseToSend = {
  readonly kind: "response";
  readonly status: number;
  readonly fields: readonly Field[];
  /**
   * Fields of the moment and of the connection, as Date and `Keep-Alive`; they go out before the others. `Keep-Alive` is left
   * out when the connection closes, and else announced in Connection. What is written for an array is kept for the next time
   * it is given, so it must not change.
   */
  readonly momentFields?: readonly Field[];
  /** For a response that is sent again and again, always with these fields and this content. */
  readonly kept?: KeptTail | undefined;
  /**
   * Length in bytes of the content that a GET would get (so a HEAD announces it too), or `"unknown"`: sent chunked,
   * and to HTTP/1.0 by closing. Ignored for 204 and 304 (for 304 a number is announced as RFC 9110 §8.6 allows).
   */
  readonly length: number | "unknown";
  /** The content, where it is at hand as a whole: then the message ends with it, and nothing of it is to be sent after. */
  readonly content?: Piece | undefined;
  /** Close the connection after this response. */
  readonly close?: boolean;
};

export type WireMessage =
  | RequestToSend
  | ResponseToSend
  | { readonly kind: "informational"; readonly status: number; readonly fields: readonly Field[] }
  | { readonly kind: "data"; readonly piece: Piece }
  /** Ends the message. Trailers go out only on a chunked body; otherwise they are dropped. */
  | { readonly kind: "end"; readonly trailers?: readonly Field[] };
