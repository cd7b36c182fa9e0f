/**
 * The same question about the same file has the same answer, until the second of its Date is over: clients that keep a
 * connection repeat their heads byte for byte, and the wire gives the same {@link RequestHead} for the same bytes.
 */
import type { OpenFile } from "../store/store.ts";
import type { RequestHead } from "../wire/message.ts";
import type { UrlPath } from "../wire/target.ts";
import { NO_CONTENT, type Reply } from "./reply.ts";
import type { Site, Visit } from "./site.ts";

type RecentAnswer = {
  readonly site: Site;
  readonly path: UrlPath;
  readonly file: OpenFile;
  /** Of the answer's Date, in s since the epoch. */
  readonly second: number;
  readonly reply: Reply;
};

const recentAnswers = new WeakMap<RequestHead, RecentAnswer>();

/**
 * The answer that was given to this very request, if the store still finds the same file in memory at its path: its content
 * has then not changed.
 */
export function recallAnswer(request: RequestHead, site: Site): Reply | undefined {
  const recent = recentAnswers.get(request);
  if (recent === undefined || recent.site !== site) return undefined;
  if (recent.second !== secondOf(site.clock.nowMs())) return undefined;
  const found = site.store.find(recent.path);
  if (found?.kind !== "file") return undefined;
  if (found.file === recent.file) return recent.reply;
  found.file.close();
  return undefined;
}

/** Keeps `reply` for when it is asked for again, if it depends on nothing but the request, the visit's file and the second. */
export function keepAnswer(visit: Visit, reply: Reply): void {
  const { subject, site, request } = visit;
  // What is in memory needs no closing, and so may be given twice. A coding is chosen by files beside this one, too.
  if (subject?.file.bytes === undefined || visit.lookup("accept-encoding") !== undefined) return;
  if (reply.body.kind === "stream" && reply.body !== NO_CONTENT) return;
  recentAnswers.set(request, { site, ...subject, second: secondOf(visit.nowMs), reply });
}

function secondOf(nowMs: number): number {
  return Math.floor(nowMs / 1000);
}
