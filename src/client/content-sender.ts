/**
 * Sends a file, or what comes out of a pipe, as the body of a request, piece by piece, and listens meanwhile: a server that has
 * made up its mind before the body is over is heard at once.
 */
import { pieceLength, type Piece } from "../base/piece.ts";
import type { Field } from "../wire/fields.ts";
import type { InformationalHead, ResponseHead, WireEvent } from "../wire/message.ts";
import type { Connection } from "./connection.ts";
import type { Content } from "./content.ts";
import { headOf } from "./conversation.ts";
import type { RemoteUrl } from "./origin.ts";
import { stallError, stallWindowOf, StallWatch } from "./pace.ts";
import { ProgressMeter } from "./progress.ts";
import type { TransferProgress } from "./report.ts";
import { uploadRequest } from "./request.ts";
import type { Route, SessionOptions } from "./session.ts";

type SendOptions = {
  readonly url: RemoteUrl;
  readonly method: "PUT" | "POST" | "PATCH";
  /** What goes before this is left out: the server has it. */
  readonly startBytes?: number;
  /** Fields of the request beyond the usual ones. */
  readonly fields?: readonly Field[];
  /** Told of interim answers. */
  readonly onInformational?: (head: InformationalHead) => void;
  readonly onProgress?: (progress: TransferProgress) => void;
};

/** Bodies above this, and those of a length that nobody knows, wait for `100 Continue`, so that a refused upload sends nothing. */
const EXPECT_ABOVE_BYTES = 1024 * 1024;
/** RFC 9110 §10.1.1: a client doesn't wait for it for ever; old servers don't know it. */
const CONTINUE_WAIT_MS = 1000;

export class ContentSender {
  /** When the last request's head was written, on the monotonic clock. */
  askedAtMs = 0;
  /** When the body of the last request began, on the monotonic clock. */
  begunAtMs = 0;
  /** Whether any of the last request's body may have reached the server. */
  hasBegun = false;
  /** Whether the last request has been sent to its end. */
  isWhole = false;
  /** Whether an earlier request had been: the server may have the file, although its answer was lost. */
  wasWhole = false;
  /** Whether the last request waited for `100 Continue`. */
  hasExpected = false;

  readonly #content: Content;
  readonly #options: SendOptions;
  readonly #session: SessionOptions;
  #mayExpect = true;
  /** Of the content, before and in the last request. */
  #sentBytes = 0;
  #meter: ProgressMeter;

  constructor(content: Content, options: SendOptions, session: SessionOptions) {
    this.#content = content;
    this.#options = options;
    this.#session = session;
    this.#meter = this.#newMeter();
  }

  /** Length of the content; as far as it is sent, where nobody knows that before the end. */
  get sizeBytes(): number {
    return this.#content.sizeBytes ?? this.#sentBytes;
  }

  /** Whether the request can be sent again: none of its content has been, or that can be read once more. */
  get isRepeatable(): boolean {
    return this.#content.isRepeatable || !this.hasBegun;
  }

  /** From now on no request waits for `100 Continue`. */
  expectNothing(): void {
    this.#mayExpect = false;
  }

  /** Tells the final progress. */
  finish(): void {
    this.#meter.finish();
  }

  /**
   * Sends the request and the file along `route`, until all is sent or the server has answered.
   * @returns the final answer's head.
   * @throws {TransferError}
   */
  async send(connection: Connection, route: Route): Promise<ResponseHead> {
    this.hasBegun = false;
    this.wasWhole ||= this.isWhole;
    this.isWhole = false;
    this.hasExpected = this.#expects(connection);
    this.#meter = this.#newMeter();
    this.#meter.advance(this.#startBytes);
    const request = uploadRequest(this.#options.url, this.#options.method, {
      userAgent: this.#session.userAgent,
      sizeBytes: this.#bodyBytes,
      expectation: this.hasExpected ? "continue" : "none",
      fields: [...(this.#options.fields ?? []), ...route.fields],
    });
    connection.send({ ...request, target: route.target });
    this.askedAtMs = connection.askedAtMs;
    const refusal = this.hasExpected ? await this.#awaitContinue(connection) : undefined;
    this.begunAtMs = this.#session.clock.monotonicMs();
    return refusal ?? this.#sendWatched(connection);
  }

  /**
   * A POST may not be sent twice. Over a connection that the server may be closing just now it waits too, so that it
   * can move to another one before anything has been sent that the server could act upon.
   */
  #expects(connection: Connection): boolean {
    const bodyBytes = this.#bodyBytes;
    if (!this.#mayExpect || bodyBytes === 0) return false;
    return (
      bodyBytes === undefined ||
      bodyBytes > EXPECT_ABOVE_BYTES ||
      (this.#options.method === "POST" && connection.isReused)
    );
  }

  /** Sends the body, and ends the connection when the server takes next to nothing of it. */
  async #sendWatched(connection: Connection): Promise<ResponseHead> {
    const windowMs = stallWindowOf(this.#session);
    const abandon = () => {
      // All else is the answer's time, which is limited by silence, or that of who writes into the pipe.
      if (connection.isDelivering) connection.abandon(stallError("send", windowMs));
    };
    const watch = new StallWatch(windowMs, undefined, abandon, () => connection.deliveredBytes);
    try {
      return await this.#sendBody(connection, watch);
    } finally {
      watch.stop();
    }
  }

  async #sendBody(connection: Connection, watch: StallWatch): Promise<ResponseHead> {
    this.hasBegun = true;
    this.#sentBytes = this.#startBytes;
    const onReady = () => connection.nudge();
    for (;;) {
      const event = connection.take();
      if (event !== undefined) {
        const head = this.#hear(connection, event);
        if (head !== undefined) return head;
        continue;
      }
      if (!connection.isFlushed || this.isWhole) {
        await connection.change();
        continue;
      }
      const piece = this.#content.next(this.#sentBytes, onReady);
      if (piece === "later") await this.#awaitContent(connection, watch);
      else if (piece === "end") this.#end(connection);
      else this.#sendPiece(connection, piece);
    }
  }

  #sendPiece(connection: Connection, piece: Piece): void {
    const length = pieceLength(piece);
    this.#sentBytes += length;
    this.#meter.advance(length);
    connection.send({ kind: "data", piece });
  }

  #end(connection: Connection): void {
    connection.send({ kind: "end" });
    this.isWhole = true;
  }

  /** Waits for more to send, or for an answer before that: meanwhile nobody waits for the server. */
  async #awaitContent(connection: Connection, watch: StallWatch): Promise<void> {
    const { clock } = this.#session;
    const sinceMs = clock.monotonicMs();
    await connection.change("ours");
    watch.excuse(clock.monotonicMs() - sinceMs);
  }

  #newMeter(): ProgressMeter {
    return new ProgressMeter(this.#session.clock, this.#content.sizeBytes, this.#options.onProgress);
  }

  /** Length of the request's body; `undefined` when nobody knows it. */
  get #bodyBytes(): number | undefined {
    const { sizeBytes } = this.#content;
    return sizeBytes === undefined ? undefined : sizeBytes - this.#startBytes;
  }

  get #startBytes(): number {
    return this.#options.startBytes ?? 0;
  }

  /** @returns the final answer's head, if `event` is one. */
  #hear(connection: Connection, event: WireEvent): ResponseHead | undefined {
    if (event.kind === "informational") this.#options.onInformational?.(event);
    return headOf(connection, event);
  }

  /** @returns the final answer's head if the server doesn't want the body; `undefined` when it is to be sent. */
  async #awaitContinue(connection: Connection): Promise<ResponseHead | undefined> {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      connection.nudge();
    }, CONTINUE_WAIT_MS);
    try {
      for (;;) {
        const event = connection.take();
        if (event === undefined) {
          if (isOver) return undefined;
          await connection.change();
          continue;
        }
        const head = this.#hear(connection, event);
        if (head !== undefined) return head;
        if (event.kind === "informational" && event.status === 100) return undefined;
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
