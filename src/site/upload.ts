/**
 * PUT and POST (RFC 9110 §9.3.3, §9.3.4): everything that the head decides, and then an intake for the body.
 *
 * PUT, and POST to a file's address, save the body there; POST of a form to a folder saves the files in it.
 */
import { splitList } from "../semantics/field-list.ts";
import { formDataBoundary } from "../semantics/form-data.ts";
import { StoreError } from "../store/store-error.ts";
import type { Upload } from "../store/store.ts";
import type { UrlPath } from "../wire/target.ts";
import { allowsFile, isHiddenName } from "./access.ts";
import { BodyDigests } from "./body-digests.ts";
import { FileIntake } from "./file-intake.ts";
import { FormIntake } from "./form-intake.ts";
import { type Refusal, refuse } from "./refusal.ts";
import type { Outcome } from "./reply.ts";
import type { Visit } from "./site.ts";
import { allowsFormWrite, allowsWrite, isConditional, writeOptions } from "./upload-conditions.ts";
import { beginResumable } from "./upload-creation.ts";
import { limitField, uploadComplete } from "./upload-fields.ts";
import type { UploadTerms } from "./upload-terms.ts";

/** Parameters may be malformed: then it is a bad form, and nothing else. */
const FORM_TYPE = /^multipart\/form-data(?=[ \t;]|$)/i;

/** Boundaries and part heads of a form, beside the files in it. */
const FORM_OVERHEAD_BYTES = 1024 * 1024;

/**
 * Begins an upload to `path`, or refuses it before a byte of its body has come.
 *
 * @throws {StoreError} as {@link UploadStore.begin}.
 */
export function beginUpload(visit: Visit, path: UrlPath): Outcome {
  const { policy, store } = visit.site;
  if (policy.upload === undefined || store.uploads === undefined) return refuse(visit, "uploads-off");
  const isForm = visit.request.method === "POST" && isFormData(visit);
  const refusal =
    refuseOrigin(visit) ??
    refuseHead(visit) ??
    (isForm ? refuseFolder(visit, path) : refuseFile(visit, path));
  if (refusal !== undefined) return refuse(visit, refusal);
  const { maxBytes, onExist } = policy.upload;
  const bodyLimitBytes = isForm ? maxBytes + FORM_OVERHEAD_BYTES : maxBytes;
  if (announcedBytes(visit) > bodyLimitBytes) {
    return refuse(visit, "too-large", store.unfinished === undefined ? [] : [limitField(maxBytes)]);
  }
  // SECURITY: a part of a form would be taken for the whole.
  if (isForm && uploadComplete(visit) === false) return refuse(visit, "partial-upload");
  const digests = BodyDigests.begin(visit);
  if (digests === "malformed") return refuse(visit, "bad-digest");
  const terms: UploadTerms = { uploads: store.uploads, maxBytes, options: { onExist } };
  return isForm
    ? beginForm(visit, path, { terms, digests, bodyLimitBytes })
    : beginFile(visit, path, { terms, digests });
}

type BodyTerms = { readonly terms: UploadTerms; readonly digests: BodyDigests };

function beginFile(visit: Visit, path: UrlPath, { terms, digests }: BodyTerms): Outcome {
  const { maxBytes } = terms;
  if (isConditional(visit) && !holdsNow(visit, path)) return refuse(visit, "precondition-failed");
  const options = writeOptions(visit, terms.options.onExist);
  return (
    beginResumable(visit, path, { maxBytes, digests, options }) ??
    new FileIntake(visit, beginStored(visit, path, { ...terms, options }), { maxBytes, digests })
  );
}

function beginStored(visit: Visit, path: UrlPath, { uploads, options }: UploadTerms): Upload {
  const { framing } = visit.request;
  return uploads.begin(path, framing.kind === "length" ? { ...options, sizeBytes: framing.length } : options);
}

function beginForm(
  visit: Visit,
  path: UrlPath,
  form: BodyTerms & { readonly bodyLimitBytes: number },
): Outcome {
  const boundary = formDataBoundary(visit.lookup("content-type"));
  if (boundary === undefined) return refuse(visit, "bad-form");
  if (isConditional(visit) && !allowsFormWrite(visit, { exists: isFolderNow(visit, path) })) {
    return refuse(visit, "precondition-failed");
  }
  return new FormIntake(visit, path, { ...form, boundary });
}

/**
 * Another site's page may not write here with a visitor's browser (CVE-2026-40883). Programs send no Origin.
 *
 * A browser that says where the request comes from (W3C Fetch Metadata; no page can set that field) is believed: a proxy may have
 * replaced Host, and a policy of the operator's may have made `null` of the origin.
 *
 * SECURITY: else the origin is compared with the host that this request was sent to; `null` is nobody's origin.
 */
export function refuseOrigin(visit: Visit): Refusal | undefined {
  const origin = visit.lookup("origin");
  if (origin === undefined || visit.lookup("sec-fetch-site") === "same-origin") return undefined;
  const { target } = visit.request;
  const host = target.form === "absolute" ? target.authority : visit.lookup("host");
  return host !== undefined && isSameHost(origin, host) ? undefined : "foreign-origin";
}

function isSameHost(origin: string, host: string): boolean {
  if (!/^https?:\/\/[^/?#@\\\s]+$/i.test(origin)) return false;
  const scheme = origin.slice(0, origin.indexOf(":")).toLowerCase();
  const sent = hostOf(origin);
  return sent !== undefined && sent === hostOf(`${scheme}://${host}`);
}

/** Host and port in one spelling, without the scheme's own port. */
function hostOf(origin: string): string | undefined {
  return URL.parse(origin)?.host;
}

/** What a body may not be that is to be saved as it comes. */
export function refuseHead({ lookup }: Visit): Refusal | undefined {
  // RFC 9110 §14.5: a server that doesn't know partial PUT must not take a part for the whole.
  if (lookup("content-range") !== undefined) return "partial-upload";
  const codings = splitList(lookup("content-encoding") ?? "");
  return codings.every((coding) => coding.toLowerCase() === "identity") ? undefined : "coded-upload";
}

function refuseFile(visit: Visit, path: UrlPath): Refusal | undefined {
  const name = path.names.at(-1);
  if (path.names.some(isHiddenName)) return "hidden-name";
  if (path.isFolder || name === undefined)
    return visit.request.method === "PUT" ? "folder-path" : "not-a-form";
  return allowsFile(name, visit.site.policy) ? undefined : "upload-type";
}

function refuseFolder(visit: Visit, path: UrlPath): Refusal | undefined {
  if (path.names.some(isHiddenName)) return "hidden-name";
  return path.isFolder || isFolderNow(visit, path) ? undefined : "form-path";
}

function isFolderNow({ site }: Visit, path: UrlPath): boolean {
  const found = site.store.find(path);
  if (found?.kind === "file") found.file.close();
  return found?.kind === "folder";
}

function holdsNow(visit: Visit, path: UrlPath): boolean {
  const found = visit.site.store.find(path);
  if (found?.kind === "folder") throw new StoreError("conflict", "The path is a folder's");
  try {
    return allowsWrite(visit, found?.file);
  } finally {
    found?.file.close();
  }
}

function isFormData({ lookup }: Visit): boolean {
  return FORM_TYPE.test(lookup("content-type") ?? "");
}

function announcedBytes({ request }: Visit): number {
  return request.framing.kind === "length" ? request.framing.length : 0;
}
