/**
 * The fields of resumable uploads (draft-ietf-httpbis-resumable-upload-12 §4.1): what a request says with them, and what is
 * said back.
 */
import { parseBooleanItem, parseCountItem } from "../semantics/structured-item.ts";
import type { UnfinishedUpload } from "../store/store.ts";
import type { Field } from "../wire/fields.ts";
import type { Visit } from "./site.ts";

/**
 * Upload resources live here: one hidden name below the root, where no file is ever found.
 * SECURITY: what follows is the token, and the only right that is needed to go on with an upload; so it is sent to nobody but
 * the client that began it, and stands in no listing.
 */
export const UPLOAD_PREFIX = "/.netfile-upload/";

/** Of what is appended (draft §6). */
export const PARTIAL_UPLOAD_TYPE = "application/partial-upload";

/**
 * Iterations of the draft that are spoken: 5 is draft 03, 6 drafts 04 and 05 (tus-js-client speaks these two), 7 drafts 06 to
 * 08, 8 those from 09 on. What differs between them is a superset here.
 */
const INTEROP_VERSIONS: ReadonlySet<number> = new Set([5, 6, 7, 8]);

const NO_STORE: Field = ["Cache-Control", "no-store"];

/** The draft's version that the client speaks, if it is one that is known here. */
export function interopVersion({ lookup }: Visit): number | undefined {
  const version = parseCountItem(lookup("upload-draft-interop-version"));
  return version !== undefined && INTEROP_VERSIONS.has(version) ? version : undefined;
}

/** `undefined` for a request that isn't about a resumable upload. */
export function uploadComplete({ lookup }: Visit): boolean | undefined {
  return parseBooleanItem(lookup("upload-complete"));
}

/** At which the content of a request begins; `undefined` when it is absent or malformed. */
export function uploadOffset({ lookup }: Visit): number | undefined {
  return parseCountItem(lookup("upload-offset"));
}

/**
 * The length of the whole as this request tells it, in Upload-Length or by a body of known length that completes the upload
 * (draft §4.1.3).
 * @param offset at which the request's content begins.
 * @returns `undefined` when it tells none; `"inconsistent"` when it tells two.
 */
export function announcedLength(visit: Visit, offset: number): number | "inconsistent" | undefined {
  const told = parseCountItem(visit.lookup("upload-length"));
  const { framing } = visit.request;
  const contentBytes = framing.kind === "length" ? framing.length : framing.kind === "none" ? 0 : undefined;
  if (contentBytes === undefined) return told;
  const end = offset + contentBytes;
  if (uploadComplete(visit) === true) return told === undefined || told === end ? end : "inconsistent";
  return told !== undefined && end > told ? "inconsistent" : told;
}

/** The address of an upload resource. */
export function uploadLocation({ token }: UnfinishedUpload): Field {
  return ["Location", `${UPLOAD_PREFIX}${token}`];
}

/** What limits there are on what can be uploaded (draft §4.1.4). */
export function limitField(maxBytes: number): Field {
  return ["Upload-Limit", `max-size=${maxBytes}`];
}

/** The same for one upload, which also ends at some time. */
export function lifeLimitField(maxBytes: number, upload: UnfinishedUpload, nowMs: number): Field {
  const ageS = Math.max(0, Math.floor((upload.expiresMs - nowMs) / 1000));
  return ["Upload-Limit", `max-size=${maxBytes}, max-age=${ageS}`];
}

/** How far an upload has come. Only what has been made durable may be said. */
export function stateFields(state: {
  readonly isComplete: boolean;
  readonly offset: number;
  readonly length?: number | undefined;
}): readonly Field[] {
  const fields: Field[] = [
    ["Upload-Complete", state.isComplete ? "?1" : "?0"],
    ["Upload-Offset", `${state.offset}`],
    NO_STORE,
  ];
  if (state.length !== undefined) fields.push(["Upload-Length", `${state.length}`]);
  return fields;
}
