/**
 * What the site answers: a reply, or first an intake that takes the request's body and then gives the reply.
 */
import { assertNever } from "../base/assert-never.ts";
import type { Piece } from "../base/piece.ts";
import type { Field, Fields } from "../wire/fields.ts";
import type { KeptTail } from "../wire/message.ts";

/** Content of a reply. Whoever sends it closes what is in it, sent or not ({@link closeBody}). */
export type ReplyBody =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** Known length: pieces of one file, or of one file between part heads (multipart/byteranges). */
  | {
      readonly kind: "pieces";
      readonly pieces: readonly Piece[];
      readonly length: number;
      /** What the pieces are read from. */
      readonly holder: { close(): void };
    }
  | { readonly kind: "stream"; readonly stream: ReplyStream };

/** The content of a 304, which is nobody's: nothing is said about its length (RFC 9110 §8.6, §15.4.5). */
export const NO_CONTENT: ReplyBody = {
  kind: "stream",
  stream: { next: () => undefined, close: () => undefined },
};

/** Content whose length is not known in advance, made while it is sent. */
export interface ReplyStream {
  /** The next bytes (never empty), or `undefined` at the end. Asked only when the socket can take more. */
  next(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Fields to send after the content; asked at its end. */
  trailers?(): readonly Field[];
  /** Gives back what is held; called once, at the end or when the client has gone. */
  close(): void;
}

export type Reply = {
  readonly kind: "reply";
  readonly status: number;
  /** All fields but the framing ones and `Date`, `Connection`, `Keep-Alive`, which the connection knows. */
  readonly fields: readonly Field[];
  readonly body: ReplyBody;
  /** The connection must not be used further. */
  readonly close?: boolean;
  /** In a reply that may be given again: where what is written of it is kept. */
  readonly kept?: KeptTail;
};

/** Takes a request's body. Either `finish` or `abort` is called, once, last. */
export type Intake = {
  readonly kind: "intake";
  /** To be sent before the body is taken: an interim response (RFC 9110 §15.2). */
  readonly informational?: { readonly status: number; readonly fields: readonly Field[] };
  /**
   * Takes content in order. The bytes may be others when it returns: who keeps them copies them.
   * @returns a reply when it is settled already that this can't be saved (413, 507, …): nothing more is passed and `finish`
   *   is not called. `undefined` to go on.
   */
  readonly receive: (bytes: Uint8Array) => Reply | undefined;
  readonly finish: (trailers: Fields) => Promise<Reply>;
  /**
   * The body will not come: the client has gone, or broke the protocol. Leaves no trace, unless the upload can be resumed:
   * then what has come is kept.
   */
  readonly abort: () => void;
};

export type Outcome = Reply | Intake;

/** Length of `body` in bytes, or `"unknown"` for a stream. */
export function bodyLength(body: ReplyBody): number | "unknown" {
  switch (body.kind) {
    case "bytes":
      return body.bytes.length;
    case "pieces":
      return body.length;
    case "stream":
      return "unknown";
    default:
      return assertNever(body);
  }
}

/** Gives back what `body` holds: the file's descriptor, the stream's source. A second call does nothing. */
export function closeBody(body: ReplyBody): void {
  if (body.kind === "pieces") body.holder.close();
  if (body.kind === "stream") body.stream.close();
}
