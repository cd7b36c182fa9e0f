/**
 * A reply on its way: from the site's value through the exchange into the outbox, only as fast as the socket drains.
 */
import { NO_BYTES } from "../base/bytes.ts";
import type { Piece } from "../base/piece.ts";
import type { Outbox } from "../net/outbox.ts";
import {
  bodyLength,
  closeBody,
  NO_CONTENT,
  type Reply,
  type ReplyBody,
  type ReplyStream,
} from "../site/reply.ts";
import type { Exchange } from "../wire/exchange.ts";
import type { Field } from "../wire/fields.ts";

/**
 * What feeding came to.
 * - `done`: everything is in the outbox. `full`: feed again when the outbox has drained.
 * - `waiting`: the content is still being made; `onReady` will be called.
 */
export type FeedResult = "done" | "full" | "waiting";

/** A stream is asked for more only below this: what thousands of clients leave unread is held for each of them. */
const OUTBOX_LOW_BYTES = 32 * 1024;
/** An answer up to this is short. */
const SHORT_BYTES = 64 * 1024;

/** Who sends an answer. */
export interface AnswerOwner {
  /** Content that was waited for has come: feed again. */
  takeTurn(): void;
  /** The content can't be made; the client must see a cut. */
  fail(error: unknown): void;
}

export type AnswerPath = {
  readonly exchange: Exchange;
  readonly outbox: Outbox;
  readonly owner: AnswerOwner;
};

export type AnswerOptions = {
  /** Fields that the connection knows, beside the reply's own. */
  readonly momentFields: readonly Field[];
  readonly close: boolean;
  /** The request was HEAD. */
  readonly isHeadOnly: boolean;
};

export class Answer {
  readonly #path: AnswerPath;
  readonly #reply: Reply;
  #stream: ReplyStream | undefined;
  #isWaiting = false;
  #isClosed = false;
  /** Content put into the outbox so far, in bytes, without framing. */
  #bodyBytes = 0;
  /** Bytes ever put into the outbox when this answer's head was. */
  #bodyMark = Number.POSITIVE_INFINITY;
  /** Bytes ever put into the outbox when this answer's last one was; unknown before. */
  #endMark = Number.POSITIVE_INFINITY;

  constructor(reply: Reply, path: AnswerPath) {
    this.#reply = reply;
    this.#path = path;
  }

  get status(): number {
    return this.#reply.status;
  }

  /** Whether its content so far fits into what a client takes in one go. */
  get isShort(): boolean {
    return this.#bodyBytes <= SHORT_BYTES;
  }

  /** Content that the kernel has taken so far, in bytes; of a chunked one a little more, while it is not complete. */
  get sentBodyBytes(): number {
    return Math.max(0, Math.min(this.#bodyBytes, this.#path.outbox.writtenBytes - this.#bodyMark));
  }

  /** Whether the kernel has taken all of it. */
  get isSent(): boolean {
    return this.#path.outbox.writtenBytes >= this.#endMark;
  }

  /** Puts the head into the outbox, and of the body what is at hand. */
  start(options: AnswerOptions): FeedResult {
    const { body, status, fields, kept } = this.#reply;
    // The answer to a HEAD ends with its head; its content is never made (RFC 9110 §9.3.2).
    const content = options.isHeadOnly ? NO_BYTES : contentAtHand(body);
    const length = kept?.length ?? bodyLength(body);
    this.#put(
      this.#path.exchange.send({
        kind: "response",
        status,
        fields,
        momentFields: options.momentFields,
        kept,
        length,
        content,
        close: options.close,
      }),
    );
    if (content === undefined) return this.#begin(body);
    this.#endWith(options.isHeadOnly || length === "unknown" ? 0 : length);
    return "done";
  }

  /** Everything is in the outbox, and the last `length` bytes are content. */
  #endWith(length: number): void {
    this.#endMark = this.#outboxEnd;
    this.#bodyMark = this.#endMark - length;
    this.#bodyBytes = length;
  }

  #begin(body: ReplyBody): FeedResult {
    this.#bodyMark = this.#outboxEnd;
    if (body.kind === "stream") {
      this.#stream = body.stream;
      return this.feed();
    }
    if (body.kind === "pieces") for (const piece of body.pieces) this.#putData(piece);
    return this.#end([]);
  }

  /** Puts more of a stream into the outbox, as much as it should hold. */
  feed(): FeedResult {
    const stream = this.#stream;
    if (stream === undefined) return "done";
    if (this.#isWaiting) return "waiting";
    while (this.#path.outbox.pendingBytes < OUTBOX_LOW_BYTES) {
      const bytes = stream.next();
      if (bytes instanceof Promise) {
        this.#isWaiting = true;
        bytes.then((made) => this.#arrive(made)).catch((error: unknown) => this.#path.owner.fail(error));
        return "waiting";
      }
      if (bytes === undefined) return this.#end(stream.trailers?.() ?? []);
      this.#putData(bytes);
    }
    return "full";
  }

  /** Gives back what the reply holds; the rest of it will not be sent. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stream = undefined;
    closeBody(this.#reply.body);
  }

  #arrive(bytes: Uint8Array | undefined): void {
    this.#isWaiting = false;
    const stream = this.#stream;
    if (stream === undefined) return;
    if (bytes === undefined) this.#end(stream.trailers?.() ?? []);
    else this.#putData(bytes);
    this.#path.owner.takeTurn();
  }

  #end(trailers: readonly Field[]): FeedResult {
    this.#stream = undefined;
    this.#put(this.#path.exchange.send({ kind: "end", trailers }));
    this.#endMark = this.#outboxEnd;
    return "done";
  }

  /** Bytes ever put into the outbox. */
  get #outboxEnd(): number {
    return this.#path.outbox.writtenBytes + this.#path.outbox.pendingBytes;
  }

  #putData(piece: Piece): void {
    if (piece.length === 0) return;
    this.#bodyBytes += piece.length;
    this.#put(this.#path.exchange.send({ kind: "data", piece }));
  }

  #put(pieces: readonly Piece[]): void {
    for (const piece of pieces) this.#path.outbox.push(piece);
  }
}

/** The whole content of an answer, if it is in one piece. */
function contentAtHand(body: ReplyBody): Piece | undefined {
  if (body.kind === "bytes") return body.bytes;
  if (body.kind === "pieces") return body.pieces.length === 1 ? body.pieces[0] : undefined;
  return body === NO_CONTENT ? NO_BYTES : undefined;
}
