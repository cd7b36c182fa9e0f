/**
 * The whole server as one function of a request and a store, with no socket in it.
 */
import { assertNever } from "../base/assert-never.ts";
import { NO_BYTES } from "../base/bytes.ts";
import { type Asker, EVERYBODY } from "../base/portions.ts";
import { SETTLING_MS } from "../store/store.ts";
import type { RequestHead } from "../wire/message.ts";
import { parseUrlPath, type UrlPath } from "../wire/target.ts";
import { deliver } from "./deliver.ts";
import { deliverIcon, isFavicon } from "./favicon.ts";
import { finishReply } from "./finish.ts";
import { list } from "./listing.ts";
import { answerByMethod, isWrite } from "./method.ts";
import { refuseMissing } from "./missing.ts";
import { noteAnswer, recallAnswer } from "./recent-answers.ts";
import { refuse, refuseError } from "./refusal.ts";
import type { Intake, Outcome, Reply } from "./reply.ts";
import { resolve, type Resolved } from "./resolve.ts";
import { beginVisit, type Site, type Visit } from "./site.ts";
import { answerUploadResource } from "./upload-resource.ts";
import { beginUpload } from "./upload.ts";

export type { Site } from "./site.ts";

/**
 * Answers a request (RFC 9110) for `asker`: when that has gone, what takes long is done no further.
 *
 * Answers at once, without a promise, whenever the data is at hand: a file, a 304, an error. Never throws and never
 * rejects: what goes wrong becomes a reply.
 */
export function respond(
  request: RequestHead,
  site: Site,
  asker: Asker = EVERYBODY,
): Outcome | Promise<Outcome> {
  const recalled = recallAnswer(request, site);
  if (recalled !== undefined) return recalled;
  const visit = beginVisit(request, site, asker);
  try {
    const outcome = answer(visit);
    if (!(outcome instanceof Promise)) return finishOutcome(visit, outcome);
    return outcome.then(
      (decided) => finishOutcome(visit, decided),
      (error: unknown) => finish(visit, refuseError(visit, error)),
    );
  } catch (error) {
    return finish(visit, refuseError(visit, error));
  }
}

/** The steps, in order. */
function answer(visit: Visit): Outcome | Promise<Outcome> {
  const uploading = answerUploadResource(visit);
  if (uploading !== undefined) return uploading;
  const early = answerByMethod(visit);
  if (early !== undefined) return early;
  const path = parseUrlPath(visit.rawPath);
  if (path === undefined) return refuse(visit, "bad-path");
  return isWrite(visit.request.method) ? beginUpload(visit, path) : read(visit, path);
}

function read(visit: Visit, path: UrlPath): Reply | Promise<Reply> {
  const found = resolve(visit, path);
  if (found.kind !== "file" || found.file.isSettled) return answerFound(visit, path, found);
  found.file.close();
  return readSettled(visit, path);
}

/** A strong tag must not name content that could still change under it, so this waits until it can't. */
async function readSettled(visit: Visit, path: UrlPath): Promise<Reply> {
  await Bun.sleep(SETTLING_MS + 1);
  return answerFound(visit, path, resolve(visit, path));
}

function answerFound(visit: Visit, path: UrlPath, found: Resolved): Reply | Promise<Reply> {
  switch (found.kind) {
    case "file":
      return deliver(visit, found);
    case "folder":
      return list(visit, found.path, found.folder);
    case "elsewhere":
      return redirect(found.location);
    case "forbidden":
      return isFavicon(path) ? deliverIcon(visit) : refuse(visit, "forbidden-type");
    case "missing":
      return isFavicon(path) ? deliverIcon(visit) : refuseMissing(visit);
    default:
      return assertNever(found);
  }
}

/** RFC 9110 §15.4.9: the method stays what it was. */
function redirect(location: string): Reply {
  return {
    kind: "reply",
    status: 308,
    fields: [["Location", location]],
    body: { kind: "bytes", bytes: NO_BYTES },
  };
}

function finishOutcome(visit: Visit, outcome: Outcome): Outcome {
  if (outcome.kind === "intake") return guard(visit, outcome);
  return noteAnswer(visit, finish(visit, outcome));
}

function finish(visit: Visit, reply: Reply): Reply {
  return finishReply(reply, visit.site, visit.request.method);
}

/** An intake whose replies are finished and whose errors are replies. */
function guard(visit: Visit, intake: Intake): Intake {
  return {
    kind: "intake",
    ...(intake.informational && { informational: intake.informational }),
    receive(bytes) {
      try {
        const reply = intake.receive(bytes);
        return reply && finish(visit, reply);
      } catch (error) {
        return fail(visit, intake, error);
      }
    },
    async finish(trailers) {
      try {
        return finish(visit, await intake.finish(trailers));
      } catch (error) {
        return fail(visit, intake, error);
      }
    },
    abort: () => intake.abort(),
  };
}

function fail(visit: Visit, intake: Intake, error: unknown): Reply {
  intake.abort();
  return finish(visit, refuseError(visit, error));
}
