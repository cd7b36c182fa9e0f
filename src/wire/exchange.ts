/**
 * One HTTP/1.1 connection without the socket (RFC 9112): bytes in, events out; messages in, bytes out. The same
 * core plays the server and the client.
 */
import { assertNever } from "../base/assert-never.ts";
import type { Piece } from "../base/piece.ts";
import { makeBodyReader, type BodyReader } from "./body-reader.ts";
import type { BodyWriter } from "./body-writer.ts";
import { type Field, Fields } from "./fields.ts";
import { RequestSource, ResponseSource } from "./head-source.ts";
import { KnownHeads } from "./known-heads.ts";
import { DEFAULT_LIMITS, type WireLimits } from "./limits.ts";
import type {
  Framing,
  RequestHead,
  RequestToSend,
  ResponseToSend,
  WireEvent,
  WireMessage,
} from "./message.ts";
import { beginInformational, beginRequest, beginResponse, type Outgoing } from "./outgoing.ts";
import { localError, ProtocolError } from "./protocol-error.ts";
import { ReceiveBuffer } from "./receive-buffer.ts";

export { DEFAULT_LIMITS, type WireLimits } from "./limits.ts";

export type Role = "server" | "client";

/**
 * Where the peer's message is: its head or the wait for it; its body; all told, while one's own is not over. `over`: nothing
 * will be read as a message any more. `closed`: and the owner has been told so.
 */
type Receiving = "head" | "body" | "whole" | "over" | "closed";
/** Where one's own message is; `owed`: a request has come and has no answer yet. */
type Sending = "idle" | "owed" | "body" | "whole";

const CLOSED: WireEvent = { kind: "closed" };
const END: WireEvent = { kind: "end", trailers: Fields.NONE };

export class Exchange {
  readonly #limits: WireLimits;
  readonly #buffer = new ReceiveBuffer();
  readonly #heads: RequestSource | ResponseSource;
  #receiving: Receiving = "head";
  #sending: Sending = "idle";
  /** What the peer's bytes broke; nothing of theirs is read after it. */
  #error: ProtocolError | undefined;
  #persists = true;
  /** Reads the body of the peer's message. */
  #body: BodyReader | undefined;
  /** Writes the body of one's own message. */
  #writer: BodyWriter | undefined;
  /** The request that a server answers, or undefined before it is known. */
  #request: RequestHead | undefined;
  /** What a client has asked with. */
  #method = "";
  /** Whether the body that was waited for with `Expect` has been asked for. */
  #isContinued = false;

  /** @param known what a server shares among its connections. */
  constructor(role: Role, limits: WireLimits = DEFAULT_LIMITS, known = new KnownHeads()) {
    this.#limits = limits;
    this.#heads =
      role === "server"
        ? new RequestSource(this.#buffer, known, limits)
        : new ResponseSource(this.#buffer, limits);
  }

  /** Takes bytes from the peer; the chunk is kept, not copied, and must not change. */
  receive(chunk: Uint8Array): void {
    // SECURITY: what follows a broken or a last message is never read, so that nothing can be smuggled in behind it.
    if (this.#error !== undefined || (this.#receiving === "over" && this.#heads.role === "server")) return;
    this.#buffer.push(chunk);
  }

  /** Lets go of what is kept only to be quick: for a connection that rests. */
  forget(): void {
    this.#heads.reader.forget();
  }

  /** Takes note that the peer sends nothing more (FIN). A reset is not told here: it just ends the connection. */
  receiveEnd(): void {
    this.#buffer.end();
  }

  /**
   * The next event of the peer's bytes.
   *
   * A server gets the next request only after the response to this one has ended, however many are pipelined.
   *
   * @returns `undefined` when more bytes (or the end of one's own message) are needed first.
   * @throws {ProtocolError} when the bytes are not HTTP; from then on always the same error.
   */
  next(): WireEvent | undefined {
    if (this.#error !== undefined) throw this.#error;
    try {
      return this.#read();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#error = error;
      this.#buffer.clear();
      throw error;
    }
  }

  /**
   * Writes a message or a part of one.
   *
   * After a {@link ProtocolError} by the peer a server may still send one response (it goes out with
   * `Connection: close`), unless one is under way. With `close` it may also send one that nobody asked for (408, 503).
   *
   * @returns what to send, in order. A slice of a file passes through untouched (between chunk lines if chunked).
   *   Empty when nothing is to be sent: the body of an answer to HEAD, for instance.
   * @throws {ProtocolError} blame `local` when the message is out of turn, a field is not valid, or the body is longer or
   *   shorter than announced.
   */
  send(message: WireMessage): readonly Piece[] {
    switch (message.kind) {
      case "request":
        return this.#sendRequest(message);
      case "response":
        return this.#sendResponse(message);
      case "informational":
        return this.#sendInformational(message);
      case "data":
        return this.#openWriter().write(message.piece);
      case "end":
        return this.#sendEnd(message.trailers ?? []);
      default:
        return assertNever(message);
    }
  }

  /** Bytes received that no event has told of yet. The owner stops reading from the socket while there are many. */
  get bufferedBytes(): number {
    return this.#buffer.length + this.#heads.reader.heldBytes + (this.#body?.heldBytes ?? 0);
  }

  /**
   * So many bytes of content, and nothing else, come next: what is received of them, the next event tells alone and whole.
   * 0 where that isn't known.
   */
  get missingBytes(): number {
    return this.#body?.missingBytes ?? 0;
  }

  /**
   * Whether the peer's current message has come whole; true between messages. A client's answer is current from the
   * request's head on.
   */
  get isReceived(): boolean {
    if (this.#receiving === "body") return this.#body?.isDone === true;
    return this.#receiving !== "head" || this.#heads.role === "server" || this.#sending === "idle";
  }

  /**
   * Whether one's own current message has been sent whole; true between messages. A server's answer is current from the
   * request's head on.
   */
  get isSent(): boolean {
    return this.#sending === "idle" || this.#sending === "whole";
  }

  /**
   * Whether the connection can carry another message once this one is over (RFC 9112 §9.3): decided by both heads,
   * and false after an error, a body cut short or one that ends with the connection. A peer's body that nobody reads to its
   * end keeps the next message from coming.
   */
  get persists(): boolean {
    return (
      this.#persists &&
      this.#error === undefined &&
      this.#receiving !== "over" &&
      this.#receiving !== "closed"
    );
  }

  /** Whether the connection is between two messages: nothing of the next has arrived and nothing is owed. */
  get isIdle(): boolean {
    return this.#isBetween() && this.bufferedBytes === 0;
  }

  /**
   * Whether any byte of the peer's next or current head has arrived without the head being complete: asked after
   * {@link next} has had nothing to tell.
   */
  get isInHead(): boolean {
    const isAwaited = this.#heads.role === "server" ? this.#sending === "idle" : this.#sending !== "idle";
    return this.#receiving === "head" && isAwaited && this.bufferedBytes > 0;
  }

  #isBetween(): boolean {
    return this.#receiving === "head" && this.#sending === "idle" && this.#error === undefined;
  }

  // ── Reading ──

  #read(): WireEvent | undefined {
    switch (this.#receiving) {
      case "head":
        return this.#heads.role === "server"
          ? this.#readRequest(this.#heads)
          : this.#readResponse(this.#heads);
      case "body":
        return this.#readBody();
      case "over":
        return this.#readClose();
      case "whole":
      case "closed":
        return undefined;
      default:
        return assertNever(this.#receiving);
    }
  }

  #readRequest(source: RequestSource): WireEvent | undefined {
    const head = source.read();
    if (head === undefined) return this.#readClose();
    this.#request = head;
    this.#persists = head.persists;
    this.#isContinued = false;
    this.#sending = "owed";
    this.#beginBody(head.framing);
    return head;
  }

  #readResponse(source: ResponseSource): WireEvent | undefined {
    if (this.#sending === "idle") return this.#readClose();
    const head = source.read(this.#method);
    if (head === undefined) {
      if (!this.#buffer.isEnded) return undefined;
      throw new ProtocolError("The connection was closed before the response's head came");
    }
    if (head.kind === "informational") return head;
    if (!head.persists) this.#persists = false;
    this.#beginBody(head.framing);
    return head;
  }

  #beginBody(framing: Framing): void {
    this.#body = makeBodyReader(
      framing,
      this.#buffer,
      this.#limits,
      this.#heads.role === "server" ? "request" : "response",
    );
    this.#receiving = "body";
  }

  #readBody(): WireEvent | undefined {
    const read = this.#body?.read();
    if (read === undefined) return undefined;
    if (read instanceof Uint8Array) return { kind: "body", bytes: read };
    this.#receiving = "whole";
    this.#body = undefined;
    this.#settle();
    return read === Fields.NONE ? END : { kind: "end", trailers: read };
  }

  /** Nothing is awaited but the end: the peer may close, or, if a message may still come, be silent. */
  #readClose(): WireEvent | undefined {
    if (this.#heads.role === "client" && this.#buffer.length > 0) {
      // SECURITY: an answer that came before its question would be taken for the answer to the next one.
      throw new ProtocolError("The server sent bytes that no request asked for");
    }
    if (!this.#buffer.isEnded) return undefined;
    if (this.#heads.reader.isBegun) {
      throw new ProtocolError("The connection was closed before the head was complete");
    }
    this.#receiving = "closed";
    return CLOSED;
  }

  /** When both messages are over: on to the next two, or to nothing. */
  #settle(): void {
    if (this.#receiving !== "whole" || this.#sending !== "whole") return;
    this.#writer = undefined;
    this.#request = undefined;
    if (!this.#persists) return this.#finish();
    this.#receiving = "head";
    this.#sending = "idle";
  }

  /** No further message of the peer will be read. */
  #finish(): void {
    this.#persists = false;
    this.#receiving = "over";
    if (this.#heads.role === "server") this.#buffer.clear();
  }

  // ── Writing ──

  #sendRequest(message: RequestToSend): readonly Piece[] {
    if (this.#heads.role !== "client") throw localError("A server may not send a request");
    if (!this.#isBetween() || !this.#persists) throw localError("A request may not be sent now");
    const pieces = this.#begin(beginRequest(message));
    this.#method = message.method;
    return pieces;
  }

  #sendResponse(message: ResponseToSend): readonly Piece[] {
    const source = this.#heads;
    if (source.role !== "server") throw localError("A client may not send a response");
    this.#checkTurn(message);
    const pieces = this.#begin(
      beginResponse(message, {
        // A bad head may still tell that it was HEAD, whose answer has no body.
        method: this.#request?.method ?? source.method ?? this.#error?.method,
        version: this.#request?.version,
        closes: message.close === true || !this.persists || this.#leavesBodyUnclear(),
      }),
    );
    if (this.#request === undefined) this.#finish();
    if (message.content !== undefined) this.#noteSent();
    return pieces;
  }

  #checkTurn(message: ResponseToSend): void {
    if (this.#sending === "owed") return;
    const isUnasked = this.#sending === "idle" && this.#receiving === "head";
    if (isUnasked && (this.#error !== undefined || message.close === true)) return;
    throw localError("A response may not be sent now");
  }

  /**
   * SECURITY: a client that waited for `100 Continue` and gets its final answer first may send the body or not: what it
   * sends next could be either, so nothing more is read (RFC 9110 §10.1.1).
   */
  #leavesBodyUnclear(): boolean {
    return this.#request?.expectsContinue === true && !this.#isContinued && !this.isReceived;
  }

  #sendInformational(message: Extract<WireMessage, { kind: "informational" }>): readonly Piece[] {
    if (this.#heads.role !== "server" || this.#sending !== "owed" || this.#error !== undefined) {
      throw localError("An informational response may not be sent now");
    }
    if (this.#request?.version === "1.0") throw localError("HTTP/1.0 has no informational responses");
    const pieces = beginInformational(message);
    if (message.status === 100) this.#isContinued = true;
    return pieces;
  }

  #begin(outgoing: Outgoing): readonly Piece[] {
    this.#writer = outgoing.writer;
    this.#sending = "body";
    if (outgoing.closes) this.#persists = false;
    return outgoing.start;
  }

  #openWriter(): BodyWriter {
    if (this.#sending !== "body" || this.#writer === undefined) throw localError("No message has been begun");
    return this.#writer;
  }

  #sendEnd(trailers: readonly Field[]): readonly Piece[] {
    const pieces = this.#endBody(this.#openWriter(), trailers);
    this.#noteSent();
    return pieces;
  }

  #noteSent(): void {
    this.#sending = "whole";
    this.#settle();
  }

  #endBody(writer: BodyWriter, trailers: readonly Field[]): readonly Piece[] {
    try {
      return writer.end(trailers);
    } catch (error) {
      // The peer waits for what will not come: the connection can only be broken now.
      this.#persists = false;
      throw error;
    }
  }
}
