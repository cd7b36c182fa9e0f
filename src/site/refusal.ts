/**
 * What is said to a client that doesn't get what it asked for: the one map from everything that can go wrong to a
 * status and a fixed text. Nothing of the system is ever repeated in it, and of the request only the name of a file in a
 * form, so that a person who sent several knows which one it is about.
 */
import { encodeUtf8 } from "../base/bytes.ts";
import { GivenUpError } from "../base/portions.ts";
import { printable } from "../base/printable.ts";
import { formatLimit } from "../base/units.ts";
import { chooseMediaType } from "../semantics/negotiation.ts";
import { StoreError, type StoreErrorKind } from "../store/store-error.ts";
import type { Field } from "../wire/fields.ts";
import { formatUrlPath, parseUrlPath } from "../wire/target.ts";
import type { ProtocolError } from "../wire/protocol-error.ts";
import { reasonPhrase } from "../wire/status-line.ts";
import { finishReply } from "./finish.ts";
import { formatListingQuery, readListingQuery } from "./listing-query.ts";
import { contentSecurityPolicy, errorPage, type ErrorText, HTML_TYPE } from "./pages.ts";
import type { Reply, ReplyBody } from "./reply.ts";
import type { Site, Visit } from "./site.ts";
import { MAX_FORM_FILES } from "./upload-terms.ts";

type RefusalEntry = readonly [status: number, text: string];

const REFUSALS = {
  "bad-path": [400, "The address has a malformed percent escape, or is not UTF-8."],
  "not-found": [404, "There is nothing at this address."],
  "forbidden-type": [403, "Files of this type are not served here."],
  "method-not-allowed": [405, "This method is not allowed here; see the Allow field."],
  "uploads-off": [405, "No files are taken here; a server does when it is started with --upload."],
  "unknown-method": [501, "This method is not known here."],
  "unmet-expectation": [417, "The only expectation that can be met is 100-continue."],
  "not-acceptable": [406, "The file is not available in any coding that the request accepts."],
  "precondition-failed": [412, "The file is not, or no longer, what the request's conditions ask for."],
  "range-not-satisfiable": [416, "No part of the file is in the requested range."],
  "foreign-origin": [403, "Uploads are taken from this server's own pages only."],
  "hidden-name": [403, "Nothing is saved under a name that begins with a dot."],
  "upload-type": [403, "Files of this type are not taken here."],
  "folder-path": [409, "The address is a folder's; add the name that the file is to have."],
  "form-path": [409, "A form is sent to a folder, whose address ends with a slash."],
  "partial-upload": [400, "Parts of a file are not taken; send the whole file without Content-Range."],
  "coded-upload": [415, "Files are saved as they are sent; send the file without Content-Encoding."],
  "not-a-form": [415, "A folder takes multipart/form-data; send a file to an address of its own."],
  "bad-form": [400, "The form is not valid multipart/form-data."],
  "empty-form": [400, "The form has no file in it."],
  "bad-file-name": [400, "A file in the form has a name that is not a plain file name."],
  "too-many-files": [413, `The form has more than ${MAX_FORM_FILES} files; send them in several turns.`],
  "too-large": [413, "The upload is larger than this server takes."],
  "bad-digest": [400, "A digest field of the request is malformed."],
  "digest-mismatch": [400, "What arrived does not match its digest; nothing was saved."],
  "partial-type": [415, "What is appended to an upload is sent as application/partial-upload."],
  "bad-upload-fields": [400, "Upload-Offset or Upload-Complete is missing or malformed."],
  "upload-done": [400, "This upload is complete; nothing can be appended to it."],
  "upload-superseded": [409, "Another request goes on with this upload."],
  denied: [403, "The system denies access."],
  exists: [409, "A file of this name exists, and files are not replaced here."],
  conflict: [409, "A folder is where a file is wanted, or a file where a folder is."],
  changed: [412, "The file is not, or no longer, what the request's conditions ask for."],
  "bad-name": [400, "Nothing can be saved under this name."],
  full: [507, "There is no space left for this file."],
  busy: [503, "Too much is under way here; try again in a moment."],
  failed: [500, "The file could not be read or written."],
  unexpected: [500, "Something went wrong here; it is not your request's fault."],
} as const satisfies Record<StoreErrorKind, RefusalEntry> & Record<string, RefusalEntry>;

export type Refusal = keyof typeof REFUSALS;

/** So much of a file's name is shown. */
const SHOWN_CHARACTERS = 255;

/** By what every refusal varies. */
const VARY: Field = ["Vary", "Accept"];
const BUSY_FIELDS: readonly Field[] = [["Retry-After", "2"]];
const CODED_FIELDS: readonly Field[] = [["Accept-Encoding", "identity"]];

/** Plain text comes first, for terminals; a browser names HTML. */
const ERROR_TYPES: readonly string[] = ["text/plain", "text/html", "application/json"];

/**
 * Refuses a request, in HTML, JSON or plain text as it accepts.
 *
 * @param fields what this refusal needs besides, such as Allow. A Vary among them takes the place of `Vary: Accept`, and names that too.
 */
export function refuse(visit: Visit, refusal: Refusal, fields: readonly Field[] = []): Reply {
  return makeRefusal(visit, refusal, { fields, file: undefined });
}

/** A file of a form, of which a person may have sent several. */
export type FileOfForm = {
  readonly name: string;
  /** Files before it have their names already. */
  readonly areOthersSaved: boolean;
};

/** Refuses a form, because of `file` if there is one. */
export function refuseForm(visit: Visit, refusal: Refusal, file: FileOfForm | undefined): Reply {
  return makeRefusal(visit, refusal, { fields: [], file });
}

type RefusalDetails = { readonly fields: readonly Field[]; readonly file: FileOfForm | undefined };

function makeRefusal(visit: Visit, refusal: Refusal, { fields, file }: RefusalDetails): Reply {
  const [status] = REFUSALS[refusal];
  const own = ownFields(refusal);
  const text = textFor(visit, refusal, file);
  const { body, fields: bodyFields } = errorBody(visit.lookup("accept"), {
    status,
    text,
    back: folderOf(visit),
  });
  const vary = fields.some(([name]) => name === "Vary") ? [] : [VARY];
  return { kind: "reply", status, fields: [...bodyFields, ...vary, ...own, ...fields], body };
}

/** Refuses because of what was thrown; what is not a {@link StoreError} is told to the operator, if it is told to anybody. */
export function refuseError(visit: Visit, error: unknown, file?: FileOfForm): Reply {
  if (error instanceof StoreError) {
    if (error.kind === "failed") visit.site.onError(error, visit.rawPath);
    return refuseForm(visit, error.kind, file);
  }
  if (!(error instanceof GivenUpError)) visit.site.onError(error, visit.rawPath);
  return refuse(visit, "unexpected");
}

/** Answers bytes that are not a request, with the status and the words of `error`. The reply is finished. */
export function refuseProtocol(error: ProtocolError, site: Site): Reply {
  const { status } = error;
  const { body, fields } = errorBody(undefined, {
    status,
    text: `${error.message}.`,
    back: undefined,
  });
  const more = status === 503 ? BUSY_FIELDS : [];
  const reply: Reply = { kind: "reply", status, fields: [...fields, ...more], body, close: true };
  return finishReply(reply, site, undefined);
}

/** The status and the text of `refusal`, as they are sent. */
export function describeRefusal(refusal: Refusal): { readonly status: number; readonly text: string } {
  const [status, text] = REFUSALS[refusal];
  return { status, text };
}

export const REFUSAL_KINDS: readonly Refusal[] = Object.keys(REFUSALS) as Refusal[];

/** SECURITY: a name is repeated to the one who sent it only, cut and printable here, escaped by the page's maker. */
function textFor({ site }: Visit, refusal: Refusal, file: FileOfForm | undefined): string {
  const [, text] = REFUSALS[refusal];
  const { upload } = site.policy;
  if (refusal === "too-large" && upload !== undefined)
    return `${text.slice(0, -1)}, which is ${formatLimit(upload.maxBytes)} at a time.`;
  if (file === undefined) return text;
  const others = file.areOthersSaved ? "" : " Nothing of the form was saved.";
  return `"${printable(file.name.slice(0, SHOWN_CHARACTERS))}": ${text}${others}`;
}

/** The folder to go back to: the one whose page has sent a form, or the one above; `undefined` where that is the root. */
function folderOf(visit: Visit): string | undefined {
  const path = parseUrlPath(visit.rawPath);
  if (path === undefined) return undefined;
  const names = path.isFolder && visit.request.method === "POST" ? path.names : path.names.slice(0, -1);
  const { sort } = readListingQuery(visit);
  const address = formatUrlPath(names, { isFolder: true }) + formatListingQuery({ sort });
  return address === "/" ? undefined : address;
}

function ownFields(refusal: Refusal): readonly Field[] {
  if (refusal === "busy") return BUSY_FIELDS;
  return refusal === "coded-upload" ? CODED_FIELDS : [];
}

function errorBody(
  accept: string | undefined,
  { status, text, back }: Omit<ErrorText, "reason">,
): { readonly body: ReplyBody; readonly fields: readonly Field[] } {
  const reason = reasonPhrase(status);
  const type = chooseMediaType(accept, ERROR_TYPES);
  if (type === "text/html") {
    const page = errorPage({ status, reason, text, back });
    return { body: bytesBody(page), fields: [HTML_TYPE, contentSecurityPolicy()] };
  }
  if (type === "application/json") {
    const json = JSON.stringify({ status, error: reason, message: text });
    return { body: bytesBody(encodeUtf8(`${json}\n`)), fields: [["Content-Type", type]] };
  }
  const plain = encodeUtf8(`${status} ${reason}\n${text}\n`);
  return { body: bytesBody(plain), fields: [["Content-Type", "text/plain; charset=utf-8"]] };
}

function bytesBody(bytes: Uint8Array): ReplyBody {
  return { kind: "bytes", bytes };
}
