/**
 * Begins an upload that can be resumed (draft-ietf-httpbis-resumable-upload-12 §4.2), for a request that has passed all checks
 * of a plain one.
 */
import { StoreError, type StoreErrorKind } from "../store/store-error.ts";
import type { UnfinishedUpload, UnfinishedUploads, UploadOptions } from "../store/store.ts";
import type { UrlPath } from "../wire/target.ts";
import { BodyDigests } from "./body-digests.ts";
import { refuse } from "./refusal.ts";
import type { Intake, Outcome } from "./reply.ts";
import { ResumableIntake } from "./resumable-intake.ts";
import type { Visit } from "./site.ts";
import { deskOf } from "./upload-desk.ts";
import {
  announcedLength,
  interopVersion,
  lifeLimitField,
  limitField,
  uploadComplete,
  uploadLocation,
} from "./upload-fields.ts";
import { makeNote } from "./upload-note.ts";
import { refuseLength } from "./upload-problem.ts";

export type CreationTerms = {
  readonly maxBytes: number;
  readonly digests: BodyDigests;
  readonly options: Pick<UploadOptions, "onExist" | "mayReplace">;
};

/** What keeps an upload from being resumable and may not concern a plain one, as when the root takes no files. */
const ONLY_HERE: ReadonlySet<StoreErrorKind> = new Set(["busy", "denied", "failed"]);

/**
 * Begins the upload.
 *
 * @returns `undefined` for a request that is to be taken as a plain one: it doesn't ask for more, or its body is the whole file
 *   and the client could not be told where to go on.
 * @throws {StoreError} as {@link UnfinishedUploads.create}.
 */
export function beginResumable(visit: Visit, path: UrlPath, terms: CreationTerms): Outcome | undefined {
  const { unfinished } = visit.site.store;
  const completes = uploadComplete(visit);
  if (completes === undefined) return undefined;
  if (completes && (unfinished === undefined || !canTell(visit))) return undefined;
  // SECURITY: a part must never be saved as if it were the whole.
  if (unfinished === undefined) return refuse(visit, "partial-upload");
  const length = announcedLength(visit, 0);
  if (length === "inconsistent") return refuseLength();
  if (length !== undefined && length > terms.maxBytes) {
    return refuse(visit, "too-large", [limitField(terms.maxBytes)]);
  }
  const digests = completes ? terms.digests : contentDigests(visit);
  if (digests === "malformed") return refuse(visit, "bad-digest");
  const upload = create(unfinished, { visit, path, length, options: terms.options });
  if (upload instanceof StoreError) {
    if (completes && ONLY_HERE.has(upload.kind)) return undefined;
    throw upload;
  }
  const { maxBytes } = terms;
  const desk = deskOf(visit.site.store);
  const onExist = visit.site.policy.upload?.onExist ?? "refuse";
  return new ResumableIntake(
    { visit, desk, upload, isCreation: true, completes, digests, maxBytes, onExist },
    announcement(visit, upload, maxBytes),
  );
}

/** The checks of one request's own content, as far as the whole comes in parts. */
export function contentDigests(visit: Visit): BodyDigests | "malformed" {
  return BodyDigests.begin({
    ...visit,
    lookup: (name) => (name === "content-digest" || name === "trailer" ? visit.lookup(name) : undefined),
  });
}

function create(
  unfinished: UnfinishedUploads,
  {
    visit,
    path,
    length,
    options,
  }: {
    readonly visit: Visit;
    readonly path: UrlPath;
    readonly length: number | undefined;
    readonly options: CreationTerms["options"];
  },
): UnfinishedUpload | StoreError {
  try {
    const sized = length === undefined ? options : { ...options, sizeBytes: length };
    return unfinished.create(path, sized, makeNote(visit, length));
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
}

/**
 * 104 goes only to a client of the same draft (its appendix on versions), and HTTP/1.0 knows no interim responses.
 *
 * Deviation: it tells where to go on, once; none follows to tell the progress (draft §4.2.2, §4.4.2): what is told must be
 * durable, and each would cost a sync.
 */
function canTell(visit: Visit): boolean {
  return visit.request.version === "1.1" && interopVersion(visit) !== undefined;
}

function announcement(visit: Visit, upload: UnfinishedUpload, maxBytes: number): Intake["informational"] {
  if (!canTell(visit)) return undefined;
  return {
    status: 104,
    fields: [
      ["Upload-Draft-Interop-Version", `${interopVersion(visit)}`],
      uploadLocation(upload),
      lifeLimitField(maxBytes, upload, visit.nowMs),
    ],
  };
}
