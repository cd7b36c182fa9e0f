/**
 * The same question about the same file has the same answer: clients repeat their heads byte for byte, the wire gives the same
 * {@link RequestHead} for the same bytes, and the last answer is noted there.
 */
import { LineUp, Place } from "../base/line-up.ts";
import type { Derived, KeptContent } from "../store/store.ts";
import type { Field } from "../wire/fields.ts";
import type { KeptTail, RequestHead } from "../wire/message.ts";
import { bodyLength, closeBody, NO_CONTENT, type Reply, type ReplyBody } from "./reply.ts";
import type { Site, Visit } from "./site.ts";

/** Fields that are compared with dates, where the answer can be another one a second later. */
const DATED_FIELDS = ["if-modified-since", "if-unmodified-since", "if-range"] as const;

/** What is looked at for each request stands in one place: with many files, each further object is a wait for memory. */
class RecentAnswer implements Reply, Derived {
  readonly kind = "reply";
  readonly site: Site;
  /** The store's {@link Store.quietMark} when the file was looked at last. */
  mark: number;
  /** When it has to be decided anew, in s since the epoch; `undefined` for an answer that no time changes. */
  readonly endSecond: number | undefined;
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: ReplyBody;
  readonly kept: KeptTail;
  readonly content: KeptContent;
  /** A coding is chosen by files beside this one, too. */
  readonly choosesCoding: boolean;
  /** Where it is noted. */
  readonly head: RequestHead;
  /** Its places among all that are noted, and among what was made of the same content. */
  readonly place = new Place<RecentAnswer>(this);
  readonly contentPlace = new Place<Derived>(this);

  constructor(visit: Visit, content: KeptContent, { status, fields }: Reply, body: ReplyBody) {
    this.site = visit.site;
    this.mark = content.quietMark;
    this.endSecond = endSecondOf(visit);
    this.status = status;
    this.fields = fields;
    this.body = body;
    this.kept = { length: bodyLength(body), framing: undefined, bytes: undefined, content: undefined };
    this.content = content;
    this.choosesCoding = visit.lookup("accept-encoding") !== undefined;
    this.head = visit.request;
  }

  isGood(site: Site): boolean {
    if (this.site !== site) return false;
    if (this.endSecond !== undefined && secondOf(site.clock.nowMs()) >= this.endSecond) return false;
    return this.mark === site.store.quietMark || this.#lookAgain();
  }

  #lookAgain(): boolean {
    if (!this.content.isCurrent()) return false;
    const mark = this.content.quietMark;
    if (this.choosesCoding && mark !== this.mark) return false;
    this.mark = mark;
    return true;
  }

  /** Whoever gets it closes its body, as any other's. */
  give(): Reply {
    if (this.body.kind === "pieces") this.content.hold();
    return this;
  }

  note(): void {
    this.head.note = this;
    noted.moveToEnd(this.place);
    // Ends with its content: heads are known for longer than files.
    this.content.derived.moveToEnd(this.contentPlace);
  }

  /** It is noted no longer. */
  end(): void {
    this.head.note = undefined;
    noted.leave(this.place);
    this.content.derived.leave(this.contentPlace);
  }
}

/** So many answers are noted at a time. SECURITY: a client can ask for one file in any number of words. */
const MOST_NOTED = 16_384;

/** The note at a head that has come once, of a file that has a note already: many come only once, with a number of their own. */
const ASKED_ONCE = Symbol("asked once");

/** Noted longest ago first. */
const noted = new LineUp<RecentAnswer>();

/**
 * The answer that was given to this very request, if its path still leads to the same file, and that is still in memory: its
 * content has then not changed.
 */
export function recallAnswer({ note }: RequestHead, site: Site): Reply | undefined {
  return note instanceof RecentAnswer && note.isGood(site) ? note.give() : undefined;
}

/**
 * Notes `reply` for when it is asked for again, if it depends on nothing but the request and the visit's file, and on the time not
 * within a second. Of one file the first request is noted at once, if there is room, others when they come again.
 *
 * @returns the reply as it is to be given.
 */
export function noteAnswer(visit: Visit, reply: Reply): Reply {
  const { subject, request } = visit;
  const content = subject?.kept;
  // What took a while to be made may be made of content that is forgotten already.
  if (content?.isCurrent() !== true || reply.close === true) return reply;
  const body = repeatable(reply.body, content);
  if (body === undefined) return reply;
  if (request.note === undefined && (content.derived.size > 0 || noted.size >= MOST_NOTED)) {
    request.note = ASKED_ONCE;
    return reply;
  }
  const answer = new RecentAnswer(visit, content, reply, body);
  if (request.note instanceof RecentAnswer) request.note.end();
  answer.note();
  if (noted.size > MOST_NOTED) noted.first?.end();
  const given = answer.give();
  closeBody(reply.body);
  return given;
}

/** What may be given again, made of `content`; `undefined` for a stream, and for parts with a boundary of their own. */
function repeatable(body: ReplyBody, content: KeptContent): ReplyBody | undefined {
  if (body.kind === "stream") return body === NO_CONTENT ? body : undefined;
  if (body.kind === "bytes") return body;
  const [piece, ...others] = body.pieces;
  if (others.length > 0) return undefined;
  return piece instanceof Uint8Array ? { kind: "bytes", bytes: piece } : { ...body, holder: content };
}

function endSecondOf({ nowMs, lookup, subject }: Visit): number | undefined {
  const isPast = subject !== undefined && subject.modifiedMs <= nowMs;
  const isTimeless = isPast && DATED_FIELDS.every((name) => lookup(name) === undefined);
  return isTimeless ? undefined : secondOf(nowMs) + 1;
}

function secondOf(nowMs: number): number {
  return Math.floor(nowMs / 1000);
}
