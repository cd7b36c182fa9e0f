/**
 * Upload resources (draft-ietf-httpbis-resumable-upload-12 §4.3 to §4.5): HEAD tells how far an upload has come, PATCH
 * appends, DELETE gives it up.
 */
import { NO_BYTES } from "../base/bytes.ts";
import { parseMediaType } from "../semantics/media-type.ts";
import type { UnfinishedUpload, UnfinishedUploads } from "../store/store.ts";
import type { Field } from "../wire/fields.ts";
import { allowsFile } from "./access.ts";
import { canMeetExpectation } from "./method.ts";
import { type Refusal, refuse } from "./refusal.ts";
import type { Outcome, Reply } from "./reply.ts";
import { ResumableIntake } from "./resumable-intake.ts";
import type { SitePolicy } from "./policy.ts";
import type { Visit } from "./site.ts";
import { contentDigests } from "./upload-creation.ts";
import { deskOf, type DoneUpload, type UploadDesk } from "./upload-desk.ts";
import {
  announcedLength,
  interopVersion,
  lifeLimitField,
  limitField,
  PARTIAL_UPLOAD_TYPE,
  stateFields,
  UPLOAD_PREFIX,
  uploadComplete,
  uploadOffset,
} from "./upload-fields.ts";
import { notedLength, withLength } from "./upload-note.ts";
import { refuseLength, refuseOffset } from "./upload-problem.ts";
import { refuseHead, refuseOrigin } from "./upload.ts";

const ALLOW: Field = ["Allow", "HEAD, GET, PATCH, DELETE, OPTIONS"];
const ACCEPT_PATCH: Field = ["Accept-Patch", PARTIAL_UPLOAD_TYPE];

type UploadPolicy = NonNullable<SitePolicy["upload"]>;

/** A request to an upload resource, with what it concerns. */
type Errand = {
  readonly visit: Visit;
  readonly token: string;
  readonly desk: UploadDesk;
  readonly unfinished: UnfinishedUploads;
  readonly policy: UploadPolicy;
};

/**
 * Answers a request to an upload resource.
 *
 * @returns `undefined` for a request to anything else, and wherever uploads are off: then there is nothing at such an address.
 * @throws {StoreError} as {@link UnfinishedUploads.find}.
 */
export function answerUploadResource(visit: Visit): Outcome | Promise<Outcome> | undefined {
  if (!visit.rawPath.startsWith(UPLOAD_PREFIX)) return undefined;
  const { policy, store } = visit.site;
  if (policy.upload === undefined || store.unfinished === undefined) return undefined;
  const act = ACTIONS.get(visit.request.method);
  if (act === undefined) return undefined;
  const refusal = refuseOrigin(visit) ?? (canMeetExpectation(visit) ? undefined : "unmet-expectation");
  if (refusal !== undefined) return refuse(visit, refusal);
  const token = visit.rawPath.slice(UPLOAD_PREFIX.length);
  const desk = deskOf(store);
  const errand: Errand = { visit, token, desk, unfinished: store.unfinished, policy: policy.upload };
  return visit.request.method === "OPTIONS" ? act(errand) : desk.inTurn(token, () => act(errand));
}

type Action = (errand: Errand) => Outcome | Promise<Outcome>;

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["HEAD", tellState],
  ["GET", tellState],
  ["PATCH", append],
  ["DELETE", giveUp],
  ["OPTIONS", ({ policy }) => replyEmpty([ALLOW, ACCEPT_PATCH, limitField(policy.maxBytes)])],
]);

async function tellState({ visit, token, desk, unfinished, policy }: Errand): Promise<Reply> {
  const done = desk.done(token);
  if (done !== undefined) {
    const { sizeBytes } = done;
    return replyEmpty([
      ...stateFields({ isComplete: true, offset: sizeBytes, length: sizeBytes }),
      limitField(policy.maxBytes),
    ]);
  }
  const upload = unfinished.find(token);
  if (upload === undefined) return refuse(visit, "not-found");
  try {
    const offset = upload.writtenBytes;
    await upload.sync();
    return replyEmpty([
      ...stateFields({ isComplete: false, offset, length: notedLength(upload.note) }),
      lifeLimitField(policy.maxBytes, upload, visit.nowMs),
    ]);
  } finally {
    upload.close();
  }
}

function giveUp({ visit, token, desk, unfinished }: Errand): Reply {
  const upload = unfinished.find(token);
  const isKnown = upload !== undefined || desk.done(token) !== undefined;
  upload?.discard();
  desk.forget(token);
  return isKnown ? replyEmpty([]) : refuse(visit, "not-found");
}

function append(errand: Errand): Outcome | Promise<Outcome> {
  const { visit, token, desk, unfinished } = errand;
  const refusal = refuseHead(visit) ?? refuseType(visit);
  if (refusal !== undefined) return refuse(visit, refusal, refusal === "partial-type" ? [ACCEPT_PATCH] : []);
  const offset = uploadOffset(visit);
  if (offset === undefined || uploadComplete(visit) === undefined) return refuse(visit, "bad-upload-fields");
  const done = desk.done(token);
  if (done !== undefined) return answerDone(visit, done, offset);
  const upload = unfinished.find(token);
  if (upload === undefined) return refuse(visit, "not-found");
  if (offset !== upload.writtenBytes) return correctOffset(upload, offset);
  let outcome: Outcome | undefined;
  try {
    outcome = beginAppend(errand, upload, offset);
    return outcome;
  } finally {
    if (outcome?.kind !== "intake") upload.close();
  }
}

/** Draft 03 had no type of its own for what is appended. */
function refuseType(visit: Visit): Refusal | undefined {
  if (interopVersion(visit) === 5) return undefined;
  const type = parseMediaType(visit.lookup("content-type") ?? "")?.type;
  return type === PARTIAL_UPLOAD_TYPE ? undefined : "partial-type";
}

/** A client that has not heard the answer to its last part asks again with an empty one, and hears it (draft §4.4.2). */
function answerDone(visit: Visit, { sizeBytes, reply }: DoneUpload, offset: number): Reply {
  const { framing } = visit.request;
  const isEmpty = framing.kind === "none" || (framing.kind === "length" && framing.length === 0);
  if (isEmpty && offset === sizeBytes && uploadComplete(visit) === true) return reply;
  const fields = stateFields({ isComplete: true, offset: sizeBytes, length: sizeBytes });
  return refuse(visit, "upload-done", fields);
}

async function correctOffset(upload: UnfinishedUpload, provided: number): Promise<Reply> {
  try {
    const offset = upload.writtenBytes;
    await upload.sync();
    return refuseOffset(offset, provided);
  } finally {
    upload.close();
  }
}

/** SECURITY: the operator may have changed the policy since the upload began; what holds now decides. */
function beginAppend({ visit, desk, policy }: Errand, upload: UnfinishedUpload, offset: number): Outcome {
  if (!allowsFile(upload.names.at(-1) ?? "", visit.site.policy)) return refuse(visit, "upload-type");
  const { maxBytes, onExist } = policy;
  const known = notedLength(upload.note);
  const told = announcedLength(visit, offset);
  if (told === "inconsistent" || (told !== undefined && known !== undefined && told !== known)) {
    return refuseLength();
  }
  const { framing } = visit.request;
  const end = Math.max(told ?? 0, framing.kind === "length" ? offset + framing.length : 0);
  if (end > maxBytes) return refuse(visit, "too-large", [limitField(maxBytes)]);
  if (known !== undefined && end > known) return refuseLength();
  const digests = contentDigests(visit);
  if (digests === "malformed") return refuse(visit, "bad-digest");
  if (told !== undefined && known === undefined) upload.remember(withLength(upload.note, told));
  const completes = uploadComplete(visit) === true;
  return new ResumableIntake({
    visit,
    desk,
    upload,
    isCreation: false,
    completes,
    digests,
    maxBytes,
    onExist,
  });
}

function replyEmpty(fields: readonly Field[]): Reply {
  return { kind: "reply", status: 204, fields, body: { kind: "bytes", bytes: NO_BYTES } };
}
