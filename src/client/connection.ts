/**
 * One connection of a client: a socket and an exchange, as something that can be asked and waited for. What the peer
 * sends is taken as events, in the caller's time; while much waits untaken, the socket is not read.
 */
import type { Socket, SocketHandler } from "bun";
import type { Clock } from "../base/clock.ts";
import { printable } from "../base/printable.ts";
import { DIRECT_BYTES, DirectReader } from "../net/direct-reader.ts";
import { type Endpoint, formatHostPort, normalizeAddress, UNKNOWN_ENDPOINT } from "../net/endpoint.ts";
import { Outbox, type Writer } from "../net/outbox.ts";
import { holdsUnread, readRttUs, readTcpInfo } from "../net/tcp-info.ts";
import { Exchange } from "../wire/exchange.ts";
import type { WireEvent, WireMessage } from "../wire/message.ts";
import { ProtocolError } from "../wire/protocol-error.ts";
import { AnswerWatch, type AnswerWatchOptions } from "./answer-watch.ts";
import { interruption } from "./interruption.ts";
import type { Origin } from "./origin.ts";
import { TransferError } from "./transfer-error.ts";

const PAUSE_BYTES = 1024 * 1024;
const RESUME_BYTES = 256 * 1024;
/** Other connections, signals and timers wait for about so long at most. */
const TURN_MS = 10;

export class Connection {
  readonly origin: Origin;
  /** For `Bun.connect`. None of them throws or returns a promise: either would end the process. */
  readonly handlers: SocketHandler<undefined>;
  /** When the connection was made, on the monotonic clock. */
  openedAtMs = 0;
  /** When the current request's head was written, on the monotonic clock. */
  askedAtMs = 0;
  /** When the first byte after it came. */
  firstByteAtMs: number | undefined;
  /** Gives memory to read the next of large content into, for who wants it there. */
  lend: (() => Uint8Array | undefined) | undefined;

  readonly #clock: Clock;
  readonly #watch: AnswerWatch;
  readonly #exchange = new Exchange("client");
  readonly #outbox: Outbox;
  /** Reads what is large; what it has read is one event, so its memory is free again when the next is asked for. */
  readonly #reader: DirectReader;
  #scratch: Uint8Array | undefined;
  readonly #place: string;
  #socket: Socket | undefined;
  #endpoint = UNKNOWN_ENDPOINT;
  #isPaused = false;
  #isClosed = false;
  /** What every further call ends with. */
  #failure: TransferError | undefined;
  /** How the peer ended the connection; told after all that came before it. */
  #ending: "fin" | TransferError | undefined;
  #isEndTold = false;
  #wake: (() => void) | undefined;
  #waitsFor: "peer" | "ours" = "peer";
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;
  #requestCount = 0;

  constructor(origin: Origin, options: AnswerWatchOptions) {
    this.origin = origin;
    this.#clock = options.clock;
    this.#watch = new AnswerWatch(this, options, (what) => this.#fail(this.#late(what)));
    this.#place = printable(formatHostPort(origin.host, origin.port));
    this.#outbox = new Outbox(this.#writer());
    const scratch = () => this.lend?.() ?? (this.#scratch ??= Buffer.allocUnsafeSlow(DIRECT_BYTES));
    this.#reader = new DirectReader(scratch, options.clock, TURN_MS);
    this.handlers = {
      open: (socket) => this.#opened(socket),
      data: (_socket, chunk) => this.#received(chunk),
      drain: () => this.#flush(),
      close: (_socket, error) => this.#ended(error),
      error: (_socket, error) => {
        this.#fail(new TransferError("receive", error.message, { cause: error }));
      },
      // The promise of `Bun.connect` rejects too, and is what tells.
      connectError: () => {},
    };
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  /** Round-trip time as the kernel knows it now, in µs; `undefined` where it doesn't. */
  get rttUs(): number | undefined {
    return readRttUs(this.#fd);
  }

  /** The least round-trip time so far, in µs; `undefined` where the kernel doesn't tell. */
  get minRttUs(): number | undefined {
    return readTcpInfo(this.#fd)?.minRttUs;
  }

  /** Bytes of ours that the server's system has taken, ever; where the kernel doesn't tell, those that ours has. */
  get deliveredBytes(): number {
    return readTcpInfo(this.#fd)?.ackedBytes ?? this.#outbox.writtenBytes;
  }

  /** Whether some of what was sent is still to be taken by the server's system, as far as the kernel tells. */
  get isDelivering(): boolean {
    return !this.#outbox.isEmpty || holdsUnread(this.#fd);
  }

  /** Whether packets have come out of order, as they do behind one that was lost; `false` where that can't be known. */
  get isLossy(): boolean {
    return (readTcpInfo(this.#fd)?.outOfOrder ?? 0) > 0;
  }

  /** -1 when there is no socket (any more). */
  get #fd(): number {
    return this.#socket?.fd ?? -1;
  }

  /** Whether an earlier request had opened it. */
  get isReused(): boolean {
    return this.#requestCount > 1;
  }

  /** Whether somebody waits for the peer. */
  get isAwaited(): boolean {
    return this.#wake !== undefined && this.#waitsFor === "peer";
  }

  /** Whether some of the request is still to be sent. */
  get isSending(): boolean {
    return !this.#exchange.isSent || !this.#outbox.isEmpty;
  }

  /** Whether all that was sent is with the kernel. */
  get isFlushed(): boolean {
    return this.#outbox.isEmpty;
  }

  /** Whether another request can be sent: both sides agreed to it, and nothing unasked has come. */
  get isReusable(): boolean {
    return (
      !this.#isClosed &&
      this.#ending === undefined &&
      this.#outbox.isEmpty &&
      this.#exchange.isIdle &&
      this.#exchange.persists
    );
  }

  /** Whether the peer ended the connection without a byte of an answer, as it may to an idle one (RFC 9112 §9.5). */
  get hasDiedUnanswered(): boolean {
    return this.#ending !== undefined && this.firstByteAtMs === undefined;
  }

  /** Begins a request and its answer: from here on silence is limited, and `signal` ends it. */
  begin(signal: AbortSignal): void {
    if (this.#isClosed) return;
    this.firstByteAtMs = undefined;
    this.#requestCount += 1;
    this.#watch.begin();
    this.#signal = signal;
    this.#onAbort = () => this.#fail(interruption(this.#phase(), signal));
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener("abort", this.#onAbort);
  }

  /** Ends what {@link begin} began; the connection stays open and idle. */
  rest(): void {
    this.#watch.rest();
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#signal = undefined;
    this.#onAbort = undefined;
  }

  /**
   * Sends a message or a part of one; what the kernel doesn't take now goes out later, see {@link isFlushed}.
   * A broken connection is told by {@link take}, not here.
   * @throws {ProtocolError} when the message may not be sent.
   */
  send(message: WireMessage): void {
    if (this.#isClosed || this.#ending !== undefined) return;
    for (const piece of this.#exchange.send(message)) this.#outbox.push(piece);
    this.#flush();
    if (message.kind === "request") this.askedAtMs = this.#clock.monotonicMs();
  }

  /**
   * The next event of the peer's bytes. Those of a body's content are good until the next call: then they may be others.
   * @returns `undefined` when none is there yet: wait for {@link change}.
   * @throws {TransferError} when there will be none any more.
   */
  take(): WireEvent | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const event = this.#nextEvent() ?? this.#readOn() ?? this.#takeEnding();
    if (this.#isPaused && this.#exchange.bufferedBytes < RESUME_BYTES) this.#resume();
    return event;
  }

  /**
   * Waits until something happened: bytes came or left, the connection ended, or somebody {@link nudge}s. One caller at a time.
   * @param waitsFor "ours" when the next move is not the peer's, whose silence says nothing then.
   */
  change(waitsFor: "peer" | "ours" = "peer"): Promise<void> {
    this.#watch.noteLife();
    this.#waitsFor = waitsFor;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }

  /** Ends the wait that is going on; for the limits of the caller's own. */
  nudge(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Ends the connection; what is under way fails with `error`. */
  abandon(error: TransferError): void {
    this.#fail(error);
    this.nudge();
  }

  /** Ends the connection; what is under way fails. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.rest();
    this.#failure ??= new TransferError(this.#phase(), `The connection to ${this.#place} was closed`);
    if (this.#phase() === "receive" && this.#exchange.isReceived) this.#socket?.end();
    // A reset, so that a server which waits for more, or has more to say, stops at once.
    else this.#socket?.terminate();
    this.#outbox.clear();
    this.nudge();
  }

  #opened(socket: Socket): void {
    if (this.#isClosed) {
      socket.terminate();
      return;
    }
    this.#socket = socket;
    this.openedAtMs = this.#clock.monotonicMs();
    this.#endpoint = {
      peerAddress: normalizeAddress(socket.remoteAddress),
      peerPort: socket.remotePort,
      localAddress: normalizeAddress(socket.localAddress),
      localPort: socket.localPort,
      family: socket.remoteFamily === "IPv6" ? "IPv6" : "IPv4",
    };
  }

  #received(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    // SECURITY: an answer that nobody asked for must not be taken for the next one.
    if (this.#onAbort === undefined) {
      this.#fail(new TransferError("protocol", `${this.#place} sent something that was not asked for`));
      return;
    }
    const nowMs = this.#watch.noteBytes();
    this.firstByteAtMs ??= nowMs;
    this.#reader.beginTurn();
    this.#exchange.receive(chunk);
    if (this.#exchange.bufferedBytes > PAUSE_BYTES) this.#pause();
    this.nudge();
  }

  #ended(error: Error | undefined): void {
    if (this.#isClosed || this.#ending !== undefined) return;
    this.#ending =
      error === undefined
        ? "fin"
        : new TransferError(this.#phase(), `${this.#place} broke the connection; try again`, {
            isRetryable: true,
            cause: error,
          });
    this.nudge();
  }

  #writer(): Writer {
    const socket = () => this.#socket;
    return {
      get fd() {
        return socket()?.fd ?? -1;
      },
      write: (bytes, offset, length) => socket()?.write(bytes, offset, length) ?? -1,
    };
  }

  #flush(): void {
    if (this.#isClosed) return;
    const pendingBytes = this.#outbox.pendingBytes;
    try {
      if (this.#outbox.flush() === "yielded") setImmediate(() => this.#flush());
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#fail(new TransferError("read", reason, { cause }));
      return;
    }
    if (this.#outbox.pendingBytes < pendingBytes) this.#watch.noteLife();
    if (this.#outbox.isEmpty) this.nudge();
  }

  /** Content that waits in the socket, where the runtime has told that some does. */
  #readOn(): WireEvent | undefined {
    const content = this.#reader.read(this.#fd, this.#exchange.missingBytes);
    if (content === undefined) return undefined;
    this.#exchange.receive(content);
    return this.#nextEvent();
  }

  #nextEvent(): WireEvent | undefined {
    try {
      const event = this.#exchange.next();
      if (event !== undefined) this.#watch.noteEvent(event);
      return event;
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw this.#fail(
        new TransferError("protocol", `${this.#place} does not speak HTTP/1.1: ${cause.message}`, { cause }),
      );
    }
  }

  /** Tells the exchange of the peer's FIN once all bytes before it have been told: that may end a body, or cut it. */
  #takeEnding(): WireEvent | undefined {
    if (this.#ending === undefined) return undefined;
    if (this.#ending !== "fin") throw this.#fail(this.#ending);
    const event = this.#isEndTold ? undefined : this.#eventOfEnd();
    if (event === undefined || event.kind === "closed") throw this.#fail(this.#cut());
    return event;
  }

  #eventOfEnd(): WireEvent | undefined {
    this.#isEndTold = true;
    try {
      this.#exchange.receiveEnd();
      return this.#exchange.next();
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      return undefined;
    }
  }

  #cut(): TransferError {
    const moment = this.firstByteAtMs === undefined ? "without an answer" : "before its answer was complete";
    return new TransferError(this.#phase(), `${this.#place} closed the connection ${moment}; try again`, {
      isRetryable: true,
    });
  }

  /** Fails for good, at once. @returns the error that is told from now on: the first one. */
  #fail(error: TransferError): TransferError {
    this.#failure ??= error;
    this.close();
    return this.#failure;
  }

  #phase(): "send" | "receive" {
    return this.isSending ? "send" : "receive";
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket?.pause();
  }

  #resume(): void {
    this.#isPaused = false;
    this.#socket?.resume();
  }

  #late(what: string): TransferError {
    const text = `${this.#place} ${what}; try again, or allow more time`;
    return new TransferError(this.#phase(), text, { isRetryable: true });
  }
}
