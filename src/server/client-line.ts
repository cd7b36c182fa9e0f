/**
 * A client's socket as its connection uses it: bytes wait in the outbox, time in {@link Patience}, and the end is one
 * that does not cut what the client still reads.
 */
import type { Clock } from "../base/clock.ts";
import type { Asker } from "../base/portions.ts";
import { DIRECT_BYTES, DirectReader } from "../net/direct-reader.ts";
import { type FlushResult, Outbox, type Writer } from "../net/outbox.ts";
import { holdsUnread, readTcpInfo } from "../net/tcp-info.ts";
import { limitUnsent } from "../net/tcp-options.ts";
import type { Exchange } from "../wire/exchange.ts";
import type { WireEvent } from "../wire/message.ts";
import type { ServerLimits } from "./limits.ts";
import { Patience, type Traffic } from "./patience.ts";

/** What a connection needs of its socket. */
export interface ClientSocket extends Writer {
  readonly fd: number;
  /** FIN: nothing more is sent, reading goes on. */
  shutdown(): void;
  /** FIN, and nothing is read any more; what the kernel holds is delivered. (`end` of Bun does the same with one call more.) */
  close(): void;
  /** RST: what the kernel holds is lost. */
  terminate(): void;
  pause(): void;
  resume(): void;
}

/** Whose socket it is. */
export interface LineOwner {
  /** Called before the socket is closed from here. */
  closed(): void;
}

/** What all lines of a server share. */
export type LineContext = { readonly limits: ServerLimits; readonly clock: Clock };

// One for all connections: what is read into it has been taken when the turn goes on.
let scratch: Uint8Array | undefined;
const makeScratch = () => (scratch ??= Buffer.allocUnsafeSlow(DIRECT_BYTES));

/** One fast client may not keep the others waiting for longer. */
const TURN_MS = 1;

/** With more than this unread, in bytes, the socket is not read. */
const BACKLOG_BYTES = 64 * 1024;
/**
 * What the kernel takes ahead of a client's window would be held as long as a slow reader likes, for each of its
 * connections: so much is what a fast line takes in a few ms, which is longer than a turn of the event loop.
 */
export const UNSENT_BYTES = 256 * 1024;
/** Few clients may have more while they read: each time that there is room again costs a turn. */
const AMPLE_UNSENT_BYTES = 4 * 1024 * 1024;
const FEW_BUSY = 64;

export class ClientLine implements Traffic, Asker {
  readonly outbox: Outbox;
  readonly patience: Patience;
  readonly #socket: ClientSocket;
  readonly #owner: LineOwner;
  readonly #context: LineContext;
  /** Made when there is content to read. */
  #reader: DirectReader | undefined;
  /** What the kernel may take ahead of the client's window, in bytes: at first what the listening socket has set. */
  #unsentBytes = UNSENT_BYTES;
  #receivedBytes = 0;
  #isPaused = false;
  /** The client has sent its FIN. */
  #isHalfClosed = false;

  constructor(socket: ClientSocket, owner: LineOwner, context: LineContext) {
    this.#socket = socket;
    this.#owner = owner;
    this.#context = context;
    this.outbox = new Outbox(socket);
    this.patience = new Patience(this, context);
  }

  /** -1 once the socket is closed. */
  get fd(): number {
    return this.#socket.fd;
  }

  get sentBytes(): number {
    return this.#receivedBytes;
  }

  /** How much the client's system has acknowledged; where that can't be known, how much ours has taken. */
  get readBytes(): number {
    return readTcpInfo(this.#socket.fd)?.ackedBytes ?? this.outbox.writtenBytes;
  }

  /** Whether the kernel holds bytes that the client has not read yet, as far as can be known. */
  get holdsUnread(): boolean {
    return holdsUnread(this.#socket.fd);
  }

  get isGone(): boolean {
    return this.patience.isOver;
  }

  get isSilent(): boolean {
    return this.#isHalfClosed;
  }

  /**
   * Writes what is pending, as {@link Outbox.flush} does.
   * @param busyCount clients for whom something is under way: few of them may have more waiting in the kernel.
   */
  flush(busyCount: number): FlushResult {
    const flushed = this.outbox.flush();
    const isAmple = flushed !== "empty" && busyCount <= FEW_BUSY;
    this.#limitUnsent(isAmple ? AMPLE_UNSENT_BYTES : UNSENT_BYTES);
    return flushed;
  }

  /** Takes note that the client has sent `count` bytes, and that more may wait. */
  noteReceived(count: number): void {
    this.#receivedBytes += count;
    this.#reader?.beginTurn();
    if (this.patience.awaited === "farewell") this.patience.extendFarewell();
  }

  /** The next event of `exchange`: of what it has received, or of content that waits in the socket. Throws as it does. */
  nextEvent(exchange: Exchange): WireEvent | undefined {
    return exchange.next() ?? (this.#receiveContent(exchange) ? exchange.next() : undefined);
  }

  /** Its memory is any connection's: an intake is done with bytes when it has received them. @returns whether there was any. */
  #receiveContent(exchange: Exchange): boolean {
    const mostBytes = exchange.missingBytes;
    if (mostBytes <= 0) return false;
    const content = (this.#reader ??= this.#makeReader()).read(this.#socket.fd, mostBytes);
    if (content === undefined) return false;
    this.#receivedBytes += content.length;
    exchange.receive(content);
    return true;
  }

  #makeReader(): DirectReader {
    const reader = new DirectReader(makeScratch, this.#context.clock, TURN_MS);
    // It is made when the head has come: the runtime has just brought bytes.
    reader.beginTurn();
    return reader;
  }

  /** Takes note of the client's FIN. */
  noteReceivedEnd(): void {
    this.#isHalfClosed = true;
    if (this.patience.awaited === "farewell") this.end();
  }

  /** Stops reading the socket while `bufferedBytes` are too many, and goes on when they aren't. */
  regulateReading(bufferedBytes: number): void {
    const isFull = bufferedBytes > BACKLOG_BYTES;
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    if (isFull) this.#socket.pause();
    else this.#socket.resume();
  }

  /**
   * Closes our side and reads on for a while, so that the last answer reaches a client that is still sending: a
   * reset would make its system throw away what it has not read yet (RFC 9112 §9.6).
   */
  sayFarewell(): void {
    if (this.#isHalfClosed) return this.end();
    this.patience.awaitFarewell();
    this.#socket.shutdown();
    if (this.#isPaused) this.#socket.resume();
  }

  /** The client says nothing more; but a slow one may still be reading, and a reset would cut its answer. */
  endFarewell(): void {
    if (this.holdsUnread) this.awaitTail();
    else this.end();
  }

  /** Waits on for a client that is still reading, unless it has used up its time. */
  awaitTail(): void {
    if (!this.patience.awaitTail()) this.terminate();
  }

  /** Both sides are done. */
  end(): void {
    this.#owner.closed();
    this.#socket.close();
  }

  terminate(): void {
    this.#owner.closed();
    this.#socket.terminate();
  }

  #limitUnsent(mostBytes: number): void {
    if (mostBytes === this.#unsentBytes) return;
    this.#unsentBytes = mostBytes;
    limitUnsent(this.#socket.fd, mostBytes);
  }
}
