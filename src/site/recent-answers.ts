/**
 * The same question about the same file has the same answer: clients repeat their heads byte for byte, the wire gives the same
 * {@link RequestHead} for the same bytes, and the last answer is noted there.
 */
import type { OpenFile } from "../store/store.ts";
import type { RequestHead } from "../wire/message.ts";
import { NO_CONTENT, type Reply, type ReplyBody } from "./reply.ts";
import type { Site, Visit } from "./site.ts";

/** Fields that are compared with dates, where the answer can be another one a second later. */
const DATED_FIELDS = ["if-modified-since", "if-unmodified-since", "if-range"] as const;

class RecentAnswer {
  readonly site: Site;
  /** When it has to be decided anew, in s since the epoch; `undefined` for an answer that no time changes. */
  readonly endSecond: number | undefined;
  /** Whether a sidecar could have come or gone, for an answer that depends on that; `undefined` for others. */
  readonly surroundingsMark: number | undefined;
  /** Both hold the content; they go when it is no longer kept in memory. */
  file: OpenFile | undefined;
  reply: Reply | undefined;

  constructor(visit: Visit, file: OpenFile, reply: Reply) {
    this.site = visit.site;
    this.endSecond = endSecondOf(visit, file);
    // A coding is chosen by files beside this one, too.
    const choosesCoding = visit.lookup("accept-encoding") !== undefined;
    this.surroundingsMark = choosesCoding ? (file.surroundingsMark ?? Number.NaN) : undefined;
    this.file = file;
    this.reply = reply;
  }
}

/** The answers that hold a file's content. */
const answersOf = new WeakMap<OpenFile, Set<RecentAnswer>>();

/**
 * The answer that was given to this very request, if its path still leads to the same file, and that is still in memory: its
 * content has then not changed.
 */
export function recallAnswer({ note }: RequestHead, site: Site): Reply | undefined {
  if (!(note instanceof RecentAnswer) || note.site !== site) return undefined;
  const { endSecond, surroundingsMark, file } = note;
  if (endSecond !== undefined && secondOf(site.clock.nowMs()) >= endSecond) return undefined;
  if (file?.isCurrent?.() !== true) return undefined;
  return surroundingsMark === undefined || surroundingsMark === file.surroundingsMark
    ? note.reply
    : undefined;
}

/**
 * Notes `reply` for when it is asked for again, if it depends on nothing but the request and the visit's file, and on the time
 * not within a second.
 *
 * @returns the reply as it is to be given.
 */
export function noteAnswer(visit: Visit, reply: Reply): Reply {
  const { subject, request } = visit;
  // What is in memory needs no closing, and so may be given twice.
  if (subject?.bytes === undefined) return reply;
  const body = repeatable(reply.body);
  if (body === undefined) return reply;
  const repeated: Reply = { ...reply, body, kept: {} };
  const answer = new RecentAnswer(visit, subject, repeated);
  holdNoLonger(subject, answer);
  request.note = answer;
  return repeated;
}

/** Lets go of the content in `answer` as soon as it is no longer kept in memory: heads are known for longer than files. */
function holdNoLonger(file: OpenFile, answer: RecentAnswer): void {
  const known = answersOf.get(file);
  if (known !== undefined) return void known.add(answer);
  const answers = new Set([answer]);
  answersOf.set(file, answers);
  file.whenForgotten?.(() => {
    for (const each of answers) {
      each.file = undefined;
      each.reply = undefined;
    }
  });
}

/** What may be given again, as short as it can be; `undefined` for a stream, and for parts with a boundary of their own. */
function repeatable(body: ReplyBody): ReplyBody | undefined {
  if (body.kind === "stream") return body === NO_CONTENT ? body : undefined;
  if (body.kind === "bytes") return body;
  const [piece, ...others] = body.pieces;
  if (others.length > 0) return undefined;
  return piece instanceof Uint8Array ? { kind: "bytes", bytes: piece } : body;
}

function endSecondOf({ nowMs, lookup }: Visit, file: OpenFile): number | undefined {
  const isTimeless = file.modifiedMs <= nowMs && DATED_FIELDS.every((name) => lookup(name) === undefined);
  return isTimeless ? undefined : secondOf(nowMs) + 1;
}

function secondOf(nowMs: number): number {
  return Math.floor(nowMs / 1000);
}
