/**
 * One client's connection: the socket's events on one side, the exchange and the site on the other. Requests are
 * answered one after the other, in order; what the client sends meanwhile waits, and when much waits, the socket is
 * not read.
 */
import { assertNever } from "../base/assert-never.ts";
import { errorText } from "../base/failure.ts";
import { Place } from "../base/line-up.ts";
import type { Timed } from "../net/deadline.ts";
import type { PeerEndpoint } from "../net/endpoint.ts";
import type { FlushResult, Outbox } from "../net/outbox.ts";
import { refuseProtocol } from "../site/refusal.ts";
import type { Intake, Outcome, Reply } from "../site/reply.ts";
import { respond } from "../site/respond.ts";
import { DEFAULT_LIMITS, Exchange } from "../wire/exchange.ts";
import type { Fields } from "../wire/fields.ts";
import type { RequestHead, WireEvent } from "../wire/message.ts";
import { ProtocolError } from "../wire/protocol-error.ts";
import { Answer, type AnswerOwner, type AnswerPath, type FeedResult } from "./answer.ts";
import { ClientLine, type ClientSocket, type LineOwner } from "./client-line.ts";
import type { ConnectionContext } from "./connection-context.ts";
import type { Patience } from "./patience.ts";
import type { Sender } from "./records.ts";
import { momentFields } from "./moment-fields.ts";
import type { Registered } from "./register.ts";
import { discardOutcome, type InformationalToSend, RequestInProgress } from "./request-in-progress.ts";
import type { TurnTaker } from "./turns.ts";
import { UnsentAnswers } from "./unsent-answers.ts";

/** Answers to pipelined requests gather in the outbox up to this, in bytes, before they leave. */
const OUTBOX_HIGH_BYTES = 256 * 1024;
/** So many events in one turn; then other connections have theirs. */
const TURN_EVENTS = 256;

export class Connection implements Timed, Registered, TurnTaker, Sender, LineOwner, AnswerOwner {
  readonly id: number;
  readonly endpoint: PeerEndpoint;
  readonly openPlace = new Place<this>(this);
  readonly idlePlace = new Place<this>(this);

  readonly #context: ConnectionContext<Connection>;
  readonly #line: ClientLine;
  readonly #exchange: Exchange;
  readonly #outbox: Outbox;
  readonly #path: AnswerPath;
  readonly #patience: Patience;
  /** The request whose answer is not yet wholly in the outbox. */
  #current: RequestInProgress | undefined;
  readonly #unsent: UnsentAnswers;
  /** No further request is taken. */
  #isRetired = false;
  /** The client asks nothing more, and its last answer is a short one. */
  #isSatisfied = false;
  /** Something is left to do as soon as the outbox has room. */
  #wantsRoom = false;
  /** What was announced last: an idle connection is kept so long, whatever the load has become. */
  #idleTimeoutMs: number;
  /** When the present turn began, on the monotonic clock. */
  #turnMs: number;

  constructor(
    id: number,
    endpoint: PeerEndpoint,
    socket: ClientSocket,
    context: ConnectionContext<Connection>,
  ) {
    this.id = id;
    this.endpoint = endpoint;
    this.#context = context;
    this.#exchange = new Exchange("server", DEFAULT_LIMITS, context.knownHeads);
    this.#line = new ClientLine(socket, this, context);
    this.#outbox = this.#line.outbox;
    this.#patience = this.#line.patience;
    this.#path = { exchange: this.#exchange, outbox: this.#outbox, owner: this };
    this.#idleTimeoutMs = context.register.timeoutMs;
    this.#unsent = new UnsentAnswers(this, context);
    this.#turnMs = context.clock.monotonicMs();
    this.#patience.awaitRequest(this.#idleTimeoutMs, this.#turnMs);
  }

  get deadlineMs(): number {
    return this.#patience.deadlineMs;
  }

  get fd(): number {
    return this.#line.fd;
  }

  // ── The socket's events ──

  receive(chunk: Uint8Array): void {
    this.#line.noteReceived(chunk.length);
    if (this.#patience.isOver) return;
    this.#exchange.receive(chunk);
    this.takeTurn();
  }

  /** The client sends nothing more; what it has asked for is still answered. */
  receiveEnd(): void {
    this.#line.noteReceivedEnd();
    if (this.#patience.isOver) return;
    this.#exchange.receiveEnd();
    this.takeTurn();
  }

  /** The kernel has room again; it is used when everybody else who has much to write has had a turn. */
  drain(): void {
    if (!this.#patience.isOver) this.#context.turns.add(this);
  }

  /** The socket is gone, or goes now, whoever closes it. */
  closed(): void {
    this.#finish();
  }

  // ── The server's wishes ──

  closeIfIdle(): boolean {
    if (this.#patience.awaited !== "request") return false;
    // At once and without a farewell: somebody needs the descriptor now. What the kernel holds is still delivered.
    this.#line.end();
    return true;
  }

  retire(): void {
    this.#isRetired = true;
    const { awaited } = this.#patience;
    // Whoever has read all and asks for nothing need not be waited for.
    if (awaited === "request" && !this.#line.holdsUnread) this.#line.end();
    else if (awaited === "request" || awaited === "head") this.#sayFarewell();
  }

  /** Answers 503 before anything is asked, and closes: there are too many connections. */
  turnAway(): void {
    this.#refuse(new ProtocolError("The server has too many connections; try again later", 503));
  }

  kill(): void {
    this.#line.terminate();
  }

  /** What it means that a deadline has passed depends on what was awaited. */
  expire(): void {
    if (this.#patience.isAtRest()) return this.#exchange.forget();
    if (!this.#patience.isExhausted()) return;
    const { awaited } = this.#patience;
    switch (awaited) {
      case "request":
        return this.#endIdleness();
      case "head":
        return this.#refuse(new ProtocolError("The request's head did not come in time", 408));
      case "body":
        return this.#refuse(new ProtocolError("The request's body came too slowly", 408));
      case "reader":
        return this.#line.terminate();
      case "farewell":
        return this.#line.endFarewell();
      case "site":
        this.#say(this.#current?.wordOfPatience() ?? []);
        return this.takeTurn();
      case "nothing":
        return;
      default:
        assertNever(awaited);
    }
  }

  // ── One turn: events in, answers out ──

  /** Does what can be done now: as the answer to an event, or when a turn has come. */
  takeTurn(): void {
    if (this.#patience.isOver) return;
    this.#turnMs = this.#context.clock.monotonicMs();
    try {
      this.#doWhatCanBeDone();
    } catch (error) {
      this.fail(error);
    }
  }

  #doWhatCanBeDone(): void {
    let budget = TURN_EVENTS;
    do {
      budget = this.#work(budget);
      if (this.#flush() !== "empty") return;
    } while (this.#wantsRoom && budget > 0);
    if (budget === 0) this.#context.turns.add(this);
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
    this.#wantsRoom ||= this.#outbox.pendingBytes >= OUTBOX_HIGH_BYTES;
    return !this.#wantsRoom;
  }

  #nextEvent(): WireEvent | undefined {
    try {
      return this.#line.nextEvent(this.#exchange);
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
    const current = (this.#current = new RequestInProgress(head, this.#turnMs));
    const outcome = respond(head, this.#context.site, this.#line);
    if (outcome instanceof Promise) this.#awaitSite(outcome, (decided) => this.#decide(current, decided));
    else this.#decide(current, outcome);
  }

  #decide(current: RequestInProgress, outcome: Outcome): void {
    current.decide(outcome);
    if (outcome.kind === "intake")
      this.#say(current.interimAnswers({ hasBodyBytes: this.#exchange.bufferedBytes > 0 }));
    else if (current.isAnsweredEarly()) this.#answer(current, outcome, { close: true });
  }

  #say(messages: readonly InformationalToSend[]): void {
    for (const each of messages) for (const piece of this.#exchange.send(each)) this.#outbox.push(piece);
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
        return this.takeTurn();
      })
      .catch((error: unknown) => this.fail(error));
  }

  #answer(current: RequestInProgress, reply: Reply, options: { readonly close: boolean }): void {
    const answer = new Answer(reply, this.#path);
    current.answer = answer;
    current.stage = "answering";
    const close = options.close || reply.close === true || this.#isRetired || !this.#exchange.persists;
    if (!close) this.#idleTimeoutMs = this.#context.register.timeoutMs;
    const fields = momentFields(this.#context.clock.nowMs(), this.#idleTimeoutMs);
    this.#noteFed(current, answer.start({ momentFields: fields, close, isHeadOnly: current.isHead }));
  }

  #noteFed(current: RequestInProgress, fed: FeedResult): void {
    if (fed === "full") this.#wantsRoom = true;
    if (fed !== "done") return;
    this.#current = undefined;
    this.#isSatisfied = current.isClientsLast;
    this.#unsent.push(current);
  }

  /** Answers bytes that are not HTTP, or that do not come, and closes. */
  #refuse(error: ProtocolError): void {
    this.#answerProtocolError(error);
    this.takeTurn();
  }

  #answerProtocolError(error: ProtocolError): void {
    const current = (this.#current ??= new RequestInProgress(undefined, this.#context.clock.monotonicMs()));
    current.abandon();
    this.#answer(current, refuseProtocol(error, this.#context.site), { close: true });
  }

  // ── The socket, written and watched ──

  /** Writes what is pending. Anything but `empty` has been dealt with when this returns. */
  #flush(): FlushResult {
    const flushed = this.#line.flush(this.#context.register.busySize);
    this.#unsent.settleSent(this.#turnMs);
    if (flushed === "yielded") this.#context.turns.add(this);
    if (flushed === "closed") this.#line.terminate();
    if (flushed === "blocked" || flushed === "yielded") {
      this.#line.regulateReading(this.#exchange.bufferedBytes);
      this.#await("reader");
    }
    return flushed;
  }

  #await(awaited: "head" | "body" | "site" | "reader"): void {
    this.#patience.await(awaited);
    this.#context.register.markBusy(this);
  }

  /** Everything that could be done is done, and the outbox is empty: what now? */
  #awaitNext(): void {
    const current = this.#current;
    this.#line.regulateReading(this.#exchange.bufferedBytes);
    if (current !== undefined) this.#await(current.isAwaitingBody ? "body" : "site");
    else if (this.#isRetired || !this.#exchange.persists) this.#sayFarewell();
    else if (this.#exchange.isInHead) this.#await("head");
    else this.#awaitRequest(this.#turnMs);
  }

  #awaitRequest(nowMs: number): void {
    this.#patience.awaitRequest(this.#idleTimeoutMs, nowMs);
    this.#context.register.markIdle(this);
  }

  // ── The end ──

  #sayFarewell(): void {
    this.#context.register.markBusy(this);
    // Nothing comes any more that a close at once could answer with a reset, and the answer is as good as read. It is sent, and not held
    // back for the FIN: where bytes came after all, a close drops what is not.
    if (this.#isSatisfied && this.#exchange.isReceived && this.#exchange.bufferedBytes === 0)
      this.#line.end();
    else this.#line.sayFarewell();
  }

  /** No request came in time; but a client that is still reading the last answer could not send one yet. */
  #endIdleness(): void {
    if (this.#line.holdsUnread) this.#line.awaitTail();
    else if (this.#patience.isTailAwaited) this.#awaitRequest(this.#context.clock.monotonicMs());
    else this.#sayFarewell();
  }

  /** Nothing more can be done for the client, who must see a cut. */
  fail(error: unknown): void {
    if (this.#patience.awaited === "nothing") return;
    this.#context.observer.failed(`Connection ${this.id} is closed: ${errorText(error)}`);
    this.#line.terminate();
  }

  /** Gives back everything the connection holds, once. */
  #finish(): void {
    if (this.#patience.awaited === "nothing") return;
    this.#patience.awaitNothing();
    this.#outbox.clear();
    this.#context.turns.delete(this);
    if (this.#current !== undefined) this.#unsent.push(this.#current);
    this.#current = undefined;
    this.#unsent.settleAll();
    this.#context.onClosed(this);
  }
}
