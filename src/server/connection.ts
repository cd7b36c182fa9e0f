/**
 * One client's connection: the socket's events on one side, the exchange and the site on the other. Requests are
 * answered one after the other, in order; what the client sends meanwhile waits, and when much waits, the socket is
 * not read.
 */
import { assertNever } from "../base/assert-never.ts";
import type { Clock } from "../base/clock.ts";
import { errorText } from "../base/failure.ts";
import type { Timed } from "../net/deadline.ts";
import type { Endpoint } from "../net/endpoint.ts";
import { Outbox, type FlushResult, type Writer } from "../net/outbox.ts";
import { readTcpInfo } from "../net/tcp-info.ts";
import { formatKeepAlive } from "../semantics/keep-alive.ts";
import { refuseProtocol } from "../site/refusal.ts";
import { closeBody, type Intake, type Outcome, type Reply } from "../site/reply.ts";
import { respond, type Site } from "../site/respond.ts";
import { Exchange } from "../wire/exchange.ts";
import type { Field, Fields } from "../wire/fields.ts";
import type { RequestHead, WireEvent } from "../wire/message.ts";
import { ProtocolError } from "../wire/protocol-error.ts";
import { Answer, type AnswerPath, type FeedResult } from "./answer.ts";
import type { Register, Registered } from "./register.ts";
import { Patience } from "./patience.ts";
import { answerRecord } from "./records.ts";
import { RequestInProgress } from "./request-in-progress.ts";
import type { ServerLimits } from "./limits.ts";
import type { AnswerRecord } from "./observer.ts";

/** What a connection needs of its socket. */
export interface ClientSocket extends Writer {
  readonly fd: number;
  /** FIN: nothing more is sent, reading goes on. */
  shutdown(): void;
  /** FIN, and nothing is read any more; what the kernel holds is delivered. */
  end(): void;
  /** RST: what the kernel holds is lost. */
  terminate(): void;
  pause(): void;
  resume(): void;
}

/** What all connections of a server share. */
export type ConnectionContext = {
  readonly site: Site;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly register: Register<Connection>;
  readonly onAnswered: (record: AnswerRecord) => void;
  readonly onFailed: (text: string) => void;
  /** Called once, when the connection's life is over. */
  readonly onClosed: (connection: Connection) => void;
};

/** With more than this unread, in bytes, the socket is not read. */
const BACKLOG_BYTES = 64 * 1024;
/** Answers to pipelined requests gather in the outbox up to this, in bytes, before they leave. */
const OUTBOX_HIGH_BYTES = 256 * 1024;
/** So many events in one turn; then other connections have theirs. */
const TURN_EVENTS = 256;

export class Connection implements Timed, Registered {
  readonly id: number;
  readonly endpoint: Endpoint;

  readonly #context: ConnectionContext;
  readonly #socket: ClientSocket;
  readonly #exchange = new Exchange("server");
  readonly #outbox: Outbox;
  readonly #path: AnswerPath;
  readonly #patience: Patience;
  /** The request whose answer is not yet wholly in the outbox. */
  #current: RequestInProgress | undefined;
  /** Requests whose answer is in the outbox and not yet wholly with the kernel, in order. */
  readonly #unsent: RequestInProgress[] = [];
  #receivedBytes = 0;
  #isPaused = false;
  /** No further request is taken. */
  #isRetired = false;
  /** The client has sent its FIN. */
  #isHalfClosed = false;
  #isTurnQueued = false;
  /** Something is left to do as soon as the outbox has room. */
  #wantsRoom = false;
  /** What was announced last: an idle connection is kept so long, whatever the load has become. */
  #idleTimeoutMs: number;

  constructor(id: number, endpoint: Endpoint, socket: ClientSocket, context: ConnectionContext) {
    this.id = id;
    this.endpoint = endpoint;
    this.#socket = socket;
    this.#context = context;
    this.#outbox = new Outbox(socket);
    this.#patience = new Patience({
      limits: context.limits,
      clock: context.clock,
      sentBytes: () => this.#receivedBytes,
      readBytes: () => this.#readBytes(),
    });
    this.#path = {
      exchange: this.#exchange,
      outbox: this.#outbox,
      onReady: () => this.#advance(),
      onFailure: (error) => this.#fail(error),
    };
    this.#idleTimeoutMs = context.register.timeoutMs;
    this.#patience.awaitRequest(this.#idleTimeoutMs);
  }

  get deadlineMs(): number {
    return this.#patience.deadlineMs;
  }

  // ── The socket's events ──

  receive(chunk: Uint8Array): void {
    this.#receivedBytes += chunk.length;
    if (this.#patience.awaited === "farewell") this.#patience.extendFarewell();
    if (this.#patience.isOver) return;
    this.#exchange.receive(chunk);
    this.#advance();
  }

  /** The client sends nothing more; what it has asked for is still answered. */
  receiveEnd(): void {
    this.#isHalfClosed = true;
    if (this.#patience.awaited === "farewell") this.#end();
    if (this.#patience.isOver) return;
    this.#exchange.receiveEnd();
    this.#advance();
  }

  /** The kernel has room again. */
  drain(): void {
    if (!this.#patience.isOver) this.#advance();
  }

  /** The socket is gone, whoever closed it. */
  closed(): void {
    this.#finish();
  }

  // ── The server's wishes ──

  closeIfIdle(): boolean {
    if (this.#patience.awaited !== "request") return false;
    this.#sayFarewell();
    return true;
  }

  retire(): void {
    this.#isRetired = true;
    if (this.#patience.awaited === "request" || this.#patience.awaited === "head") this.#sayFarewell();
  }

  /** Answers 503 before anything is asked, and closes: there are too many connections. */
  turnAway(): void {
    this.#refuse(new ProtocolError("The server has too many connections; try again later", 503));
  }

  kill(): void {
    this.#terminate();
  }

  /** A deadline has passed: what that means depends on what was awaited. */
  expire(): void {
    if (!this.#patience.isExhausted()) return;
    const { awaited } = this.#patience;
    switch (awaited) {
      case "request":
        return this.#sayFarewell();
      case "head":
        return this.#refuse(new ProtocolError("The request's head did not come in time", 408));
      case "body":
        return this.#refuse(new ProtocolError("The request's body came too slowly", 408));
      case "reader":
      case "farewell":
        return this.#terminate();
      case "site":
      case "nothing":
        return;
      default:
        assertNever(awaited);
    }
  }

  // ── One turn: events in, answers out ──

  #advance(): void {
    if (this.#patience.isOver) return;
    try {
      this.#takeTurn();
    } catch (error) {
      this.#fail(error);
    }
  }

  #takeTurn(): void {
    let budget = TURN_EVENTS;
    do {
      budget = this.#work(budget);
      const flushed = this.#flush();
      if (flushed !== "empty") return;
    } while (this.#wantsRoom && budget > 0);
    if (budget === 0) this.#queueTurn();
    this.#awaitNext();
  }

  /** Feeds the answer under way and takes the client's events while there is room. @returns what is left of `budget`. */
  #work(budget: number): number {
    this.#wantsRoom = false;
    if (this.#current?.answer !== undefined) this.#noteFed(this.#current, this.#current.answer.feed());
    let left = budget;
    while (left > 0 && this.#mayTakeEvent()) {
      const event = this.#nextEvent();
      if (event === undefined) break;
      this.#take(event);
      left -= 1;
    }
    return left;
  }

  #mayTakeEvent(): boolean {
    const current = this.#current;
    if (current !== undefined && !current.isAwaitingBody) return false;
    if (current === undefined && (this.#isRetired || !this.#exchange.persists)) return false;
    if (this.#outbox.pendingBytes >= OUTBOX_HIGH_BYTES) this.#wantsRoom = true;
    return !this.#wantsRoom;
  }

  #nextEvent(): WireEvent | undefined {
    try {
      return this.#exchange.next();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#answerProtocolError(error);
      return undefined;
    }
  }

  #take(event: WireEvent): void {
    switch (event.kind) {
      case "request":
        return this.#begin(event);
      case "body":
        return this.#takeBody(event.bytes);
      case "end":
        return this.#endRequest(event.trailers);
      case "closed":
        this.#isRetired = true;
        return;
      case "response":
      case "informational":
        throw new Error(`A server's exchange told of a ${event.kind}`);
      default:
        assertNever(event);
    }
  }

  // ── A request ──

  #begin(head: RequestHead): void {
    const current = this.#newRequest(head);
    const outcome = respond(head, this.#context.site);
    if (outcome instanceof Promise) this.#awaitSite(outcome, (decided) => this.#decide(current, decided));
    else this.#decide(current, outcome);
  }

  #newRequest(head: RequestHead | undefined): RequestInProgress {
    const { clock, register } = this.#context;
    const current = new RequestInProgress(head, clock.nowMs(), clock.monotonicMs());
    this.#current = current;
    register.markBusy(this);
    return current;
  }

  #decide(current: RequestInProgress, outcome: Outcome): void {
    current.decide(outcome);
    if (outcome.kind === "intake") {
      this.#announce(outcome);
      this.#inviteBody(current);
    } else if (current.isAnsweredEarly()) this.#answer(current, outcome, { close: true });
  }

  #announce({ informational }: Intake): void {
    if (informational === undefined) return;
    for (const piece of this.#exchange.send({ kind: "informational", ...informational })) {
      this.#outbox.push(piece);
    }
  }

  /** `100 Continue`, unless the client has not waited for it (RFC 9110 §10.1.1). */
  #inviteBody(current: RequestInProgress): void {
    if (current.head?.expectsContinue !== true || this.#exchange.bufferedBytes > 0) return;
    for (const piece of this.#exchange.send({ kind: "informational", status: 100, fields: [] })) {
      this.#outbox.push(piece);
    }
  }

  #takeBody(bytes: Uint8Array): void {
    const current = this.#current;
    if (current === undefined) return;
    current.takeBody(bytes);
    if (current.reply !== undefined && current.isAnsweredEarly()) {
      this.#answer(current, current.reply, { close: true });
    }
  }

  #endRequest(trailers: Fields): void {
    const current = this.#current;
    if (current === undefined) return;
    if (current.intake !== undefined) this.#finishIntake(current, current.intake, trailers);
    else if (current.reply !== undefined) this.#answer(current, current.reply, { close: false });
  }

  #finishIntake(current: RequestInProgress, intake: Intake, trailers: Fields): void {
    current.stage = "finishing";
    this.#awaitSite(intake.finish(trailers), (reply) => this.#answer(current, reply, { close: false }));
  }

  /** Goes on when the site is done, unless the connection has ended meanwhile. */
  #awaitSite<T extends Outcome>(promise: Promise<T>, goOn: (value: T) => void): void {
    promise
      .then((value) => {
        if (this.#patience.isOver) return discardOutcome(value);
        goOn(value);
        return this.#advance();
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #answer(current: RequestInProgress, reply: Reply, options: { readonly close: boolean }): void {
    const answer = new Answer(reply, this.#path);
    current.answer = answer;
    current.stage = "answering";
    const isUnframed = reply.body.kind === "stream" && current.head?.version === "1.0";
    const close =
      options.close || reply.close === true || this.#isRetired || isUnframed || !this.#exchange.persists;
    const extraFields = close ? [] : this.#keepAliveFields();
    this.#noteFed(current, answer.start({ extraFields, close, isHeadOnly: current.isHead }));
  }

  #keepAliveFields(): readonly Field[] {
    this.#idleTimeoutMs = this.#context.register.timeoutMs;
    return [["Keep-Alive", formatKeepAlive(this.#idleTimeoutMs)]];
  }

  #noteFed(current: RequestInProgress, fed: FeedResult): void {
    if (fed === "full") this.#wantsRoom = true;
    if (fed !== "done") return;
    this.#current = undefined;
    this.#unsent.push(current);
  }

  /** Answers bytes that are not HTTP, or that do not come, and closes. */
  #refuse(error: ProtocolError): void {
    this.#answerProtocolError(error);
    this.#advance();
  }

  #answerProtocolError(error: ProtocolError): void {
    const current = this.#current ?? this.#newRequest(undefined);
    current.abandon();
    this.#answer(current, refuseProtocol(error, this.#context.site), { close: true });
  }

  // ── The socket, written and watched ──

  /** Writes what is pending. Anything but `empty` has been dealt with when this returns. */
  #flush(): FlushResult {
    const flushed = this.#outbox.flush();
    this.#settleSent();
    if (flushed === "yielded") this.#queueTurn();
    if (flushed === "closed") this.#terminate();
    if (flushed === "blocked" || flushed === "yielded") this.#awaitReader();
    return flushed;
  }

  #awaitReader(): void {
    this.#regulateReading();
    this.#patience.await("reader");
  }

  /** Logs the answers that the kernel has taken whole. */
  #settleSent(): void {
    while (this.#unsent[0]?.answer?.isSent === true) {
      const request = this.#unsent.shift();
      if (request !== undefined) this.#settle(request, { isWhole: true });
    }
  }

  #settle(request: RequestInProgress, options: { readonly isWhole: boolean }): void {
    request.close();
    const nowMs = this.#context.clock.monotonicMs();
    this.#context.onAnswered(answerRecord(this, request, { ...options, nowMs, fd: this.#socket.fd }));
  }

  #queueTurn(): void {
    if (this.#isTurnQueued) return;
    this.#isTurnQueued = true;
    setImmediate(() => {
      this.#isTurnQueued = false;
      this.#advance();
    });
  }

  /** Everything that could be done is done, and the outbox is empty: what now? */
  #awaitNext(): void {
    const current = this.#current;
    this.#regulateReading();
    if (current !== undefined) this.#patience.await(current.isAwaitingBody ? "body" : "site");
    else if (this.#isRetired || !this.#exchange.persists) this.#sayFarewell();
    else if (this.#exchange.isInHead) this.#awaitHead();
    else this.#awaitRequest();
  }

  #awaitHead(): void {
    this.#patience.await("head");
    this.#context.register.markBusy(this);
  }

  #awaitRequest(): void {
    this.#patience.awaitRequest(this.#idleTimeoutMs);
    this.#context.register.markIdle(this);
  }

  /** How much the client's system has acknowledged; where that can't be known, how much ours has taken. */
  #readBytes(): number {
    return readTcpInfo(this.#socket.fd)?.ackedBytes ?? this.#outbox.writtenBytes;
  }

  #regulateReading(): void {
    const isFull = this.#exchange.bufferedBytes > BACKLOG_BYTES;
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    if (isFull) this.#socket.pause();
    else this.#socket.resume();
  }

  // ── The end ──

  /**
   * Closes our side and reads on for a while, so that the last answer reaches a client that is still sending: a
   * reset would make its system throw away what it has not read yet (RFC 9112 §9.6).
   */
  #sayFarewell(): void {
    if (this.#isHalfClosed) return this.#end();
    this.#patience.awaitFarewell();
    this.#context.register.markBusy(this);
    this.#socket.shutdown();
    if (this.#isPaused) this.#socket.resume();
  }

  /** Both sides are done. */
  #end(): void {
    this.#finish();
    this.#socket.end();
  }

  #terminate(): void {
    this.#finish();
    this.#socket.terminate();
  }

  #fail(error: unknown): void {
    if (this.#patience.awaited === "nothing") return;
    this.#context.onFailed(`Connection ${this.id} is closed: ${errorText(error)}`);
    this.#terminate();
  }

  /** Gives back everything the connection holds, once. */
  #finish(): void {
    if (this.#patience.awaited === "nothing") return;
    this.#patience.awaitNothing();
    this.#outbox.clear();
    for (const request of this.#unsent.splice(0)) this.#settle(request, { isWhole: false });
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined) this.#settle(current, { isWhole: false });
    this.#context.onClosed(this);
  }
}

function discardOutcome(outcome: Outcome): void {
  if (outcome.kind === "intake") outcome.abort();
  else closeBody(outcome.body);
}
