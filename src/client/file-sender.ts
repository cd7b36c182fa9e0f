/**
 * Sends one file as the body of a request, slice by slice, and listens meanwhile: a server that has made up its mind
 * before the body is over is heard at once.
 */
import type { Field } from "../wire/fields.ts";
import type { InformationalHead, ResponseHead, WireEvent } from "../wire/message.ts";
import type { Connection } from "./connection.ts";
import { headOf } from "./conversation.ts";
import type { LocalFile } from "./local-file.ts";
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

/** Bodies above this wait for `100 Continue`, so that a refused upload sends nothing. */
const EXPECT_ABOVE_BYTES = 1024 * 1024;
/** RFC 9110 §10.1.1: a client doesn't wait for it for ever; old servers don't know it. */
const CONTINUE_WAIT_MS = 1000;
/** After each of these the file is looked at, and progress is counted. */
const SLICE_BYTES = 256 * 1024;

export class FileSender {
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

  readonly #file: LocalFile;
  readonly #options: SendOptions;
  readonly #session: SessionOptions;
  #mayExpect = true;
  #meter: ProgressMeter;

  constructor(file: LocalFile, options: SendOptions, session: SessionOptions) {
    this.#file = file;
    this.#options = options;
    this.#session = session;
    this.#meter = this.#newMeter();
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
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
      sizeBytes: this.sizeBytes - this.#startBytes,
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
    const bodyBytes = this.sizeBytes - this.#startBytes;
    if (!this.#mayExpect || bodyBytes === 0) return false;
    return bodyBytes > EXPECT_ABOVE_BYTES || (this.#options.method === "POST" && connection.isReused);
  }

  /** Sends the body, and ends the connection when the server takes next to nothing of it. */
  async #sendWatched(connection: Connection): Promise<ResponseHead> {
    const windowMs = stallWindowOf(this.#session);
    const abandon = () => {
      // What comes then is the answer's time, which is limited by silence.
      if (!this.isWhole || connection.isDelivering) connection.abandon(stallError("send", windowMs));
    };
    const watch = new StallWatch(windowMs, undefined, abandon, () => connection.deliveredBytes);
    try {
      return await this.#sendBody(connection);
    } finally {
      watch.stop();
    }
  }

  async #sendBody(connection: Connection): Promise<ResponseHead> {
    this.hasBegun = true;
    let position = this.#startBytes;
    for (;;) {
      const event = connection.take();
      if (event !== undefined) {
        const head = this.#hear(connection, event);
        if (head !== undefined) return head;
      } else if (!connection.isFlushed || this.isWhole) {
        await connection.change();
      } else if (position === this.sizeBytes) {
        connection.send({ kind: "end" });
        this.isWhole = true;
      } else {
        position += this.#sendSlice(connection, position);
      }
    }
  }

  /** @returns the number of bytes that are on their way. */
  #sendSlice(connection: Connection, position: number): number {
    this.#file.throwIfChanged();
    const length = Math.min(SLICE_BYTES, this.sizeBytes - position);
    this.#meter.advance(length);
    connection.send({ kind: "data", piece: { kind: "slice", file: this.#file, position, length } });
    return length;
  }

  #newMeter(): ProgressMeter {
    return new ProgressMeter(this.#session.clock, this.sizeBytes, this.#options.onProgress);
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
