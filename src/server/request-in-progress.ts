/**
 * One request from its head to the last byte of its answer: where it stands, and what the log will say of it.
 */
import { knowsInterimAnswers } from "../site/interim.ts";
import { closeBody, type Intake, type Outcome, type Reply } from "../site/reply.ts";
import type { RequestHead, WireMessage } from "../wire/message.ts";
import type { Answer } from "./answer.ts";

/**
 * - `deciding`: the site has been asked. `taking`: its intake takes the body. `finishing`: the intake has it all.
 * - `discarding`: the answer is known and a body that nobody wants is read first, so that the connection can go on.
 * - `answering`: the answer is on its way into the outbox.
 */
export type RequestStage = "deciding" | "taking" | "finishing" | "discarding" | "answering";

/** A body that nobody wants is read up to this, in bytes; beyond, the answer goes out at once and the connection closes. */
const UNWANTED_BODY_BYTES = 64 * 1024;

export type InformationalToSend = Extract<WireMessage, { readonly kind: "informational" }>;

const CONTINUE: InformationalToSend = { kind: "informational", status: 100, fields: [] };
const PROCESSING: InformationalToSend = { kind: "informational", status: 102, fields: [] };

export class RequestInProgress {
  /** `undefined` for a head that could not be read. */
  readonly head: RequestHead | undefined;
  /** On the monotonic clock. */
  readonly startMs: number;
  stage: RequestStage = "deciding";
  intake: Intake | undefined;
  reply: Reply | undefined;
  answer: Answer | undefined;
  /** Content of the request, in bytes. */
  receivedBytes = 0;
  #unwantedBytes = 0;

  constructor(head: RequestHead | undefined, startMs: number) {
    this.head = head;
    this.startMs = startMs;
  }

  get isHead(): boolean {
    return this.head?.method === "HEAD";
  }

  /**
   * Whether the client asks nothing more after this, and has as good as read the answer: it is short. After a body, old
   * clients still send a line end (RFC 9112 §2.2), which a closed connection would answer with a reset.
   */
  get isClientsLast(): boolean {
    const { head, answer } = this;
    return head?.persists === false && head.framing.kind === "none" && answer?.isShort === true;
  }

  /** Whether the client's next bytes belong to this request's body. */
  get isAwaitingBody(): boolean {
    return this.stage === "taking" || this.stage === "discarding";
  }

  /** Takes what the site decided on the head. */
  decide(outcome: Outcome): void {
    if (outcome.kind === "intake") {
      this.intake = outcome;
      this.stage = "taking";
    } else {
      this.reply = outcome;
      this.stage = "discarding";
    }
  }

  /**
   * What is said before the body is taken: what the site wants to say, and `100 Continue`, unless the client has not waited for
   * it (RFC 9110 §10.1.1).
   */
  interimAnswers({ hasBodyBytes }: { readonly hasBodyBytes: boolean }): readonly InformationalToSend[] {
    const answers: InformationalToSend[] = [];
    const own = this.intake?.informational;
    if (own !== undefined) answers.push({ kind: "informational", ...own });
    if (this.head?.expectsContinue === true && !hasBodyBytes) answers.push(CONTINUE);
    return answers;
  }

  /**
   * What is said to a client whose answer takes long to be made, as that to a file of terabytes whose digest is wanted, so that
   * it doesn't take silence for the end (102, RFC 2518 §10.1).
   */
  wordOfPatience(): readonly InformationalToSend[] {
    const isBeingMade = this.stage === "deciding" || this.stage === "finishing";
    return isBeingMade && this.head !== undefined && knowsInterimAnswers(this.head) ? [PROCESSING] : [];
  }

  /** Takes content of the body: into the intake, or away. */
  takeBody(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    if (this.intake === undefined) {
      this.#unwantedBytes += bytes.length;
      return;
    }
    const reply = this.intake.receive(bytes);
    if (reply === undefined) return;
    this.intake = undefined;
    this.decide(reply);
  }

  /**
   * Whether the answer goes out before the body has come whole: the client waits for leave to send it, or it is
   * too long to be read for nothing.
   */
  isAnsweredEarly(): boolean {
    if (this.stage !== "discarding" || this.head === undefined) return false;
    const { framing, expectsContinue } = this.head;
    if (expectsContinue && this.receivedBytes === 0) return true;
    const unwantedBytes = framing.kind === "length" ? framing.length - this.receivedBytes : 0;
    return this.#unwantedBytes + unwantedBytes > UNWANTED_BODY_BYTES;
  }

  /** The request will not be carried out: what was begun is undone, an answer that was ready is not given. */
  abandon(): void {
    this.#abortIntake();
    if (this.reply !== undefined) closeBody(this.reply.body);
    this.reply = undefined;
  }

  /** Gives back everything that is held, sent or not. */
  close(): void {
    // A finishing intake is the site's: what has come whole is saved, whether or not the client waits for the answer.
    if (this.stage !== "finishing") this.#abortIntake();
    if (this.answer !== undefined) this.answer.close();
    else if (this.reply !== undefined) closeBody(this.reply.body);
  }

  #abortIntake(): void {
    const { intake } = this;
    this.intake = undefined;
    intake?.abort();
  }
}

/** Gives back what `outcome` holds: nobody is there any more to get it. */
export function discardOutcome(outcome: Outcome): void {
  if (outcome.kind === "intake") outcome.abort();
  else closeBody(outcome.body);
}
