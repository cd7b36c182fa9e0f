/**
 * What a server says of an upload that can be resumed (draft-ietf-httpbis-resumable-upload-12): where it goes on, how far it
 * has come, and whether it is over.
 */
import { parseBooleanItem, parseCountItem } from "../semantics/structured-item.ts";
import type { Field } from "../wire/fields.ts";
import type { InformationalHead, ResponseHead } from "../wire/message.ts";
import { RETRYABLE_STATUSES, refusedUpload } from "./answer.ts";
import { formatRemoteUrl, resolveLocation, type RemoteUrl, UrlError } from "./origin.ts";
import { isSameOrigin } from "./redirect.ts";
import { TransferError } from "./transfer-error.ts";
import type { UploadOptions } from "./upload-options.ts";

/** The iteration of the draft that is spoken here; a server of another one is a plain server. */
export const INTEROP_VERSION: Field = ["Upload-Draft-Interop-Version", "8"];

/**
 * Where a 104 says that the upload goes on; `undefined` for every other interim answer, and for one of another iteration.
 * SECURITY: only on the same server: another one is not what the user named, and would get the file.
 */
export function resourceOf({ status, fields }: InformationalHead, url: RemoteUrl): RemoteUrl | undefined {
  const location = fields.get("location");
  if (status !== 104 || location === undefined) return undefined;
  if (fields.get("upload-draft-interop-version") !== INTEROP_VERSION[1]) return undefined;
  try {
    const resource = resolveLocation(url, location);
    return isSameOrigin(resource, url) ? resource : undefined;
  } catch (error) {
    if (error instanceof UrlError) return undefined;
    throw error;
  }
}

/** Whether an answer is that to the upload as a whole, and not to this request on the way (draft §4.4.1). */
export function isFinal(head: ResponseHead): boolean {
  return isComplete(head) || (head.status !== 409 && !RETRYABLE_STATUSES.has(head.status));
}

/** Whether the server says that nothing more is to come, well or not. */
export function isComplete({ fields }: ResponseHead): boolean {
  return parseBooleanItem(fields.get("upload-complete")) === true;
}

/**
 * Reads from the answer to HEAD how much the server has.
 *
 * @param known.leastBytes so much it had before. `known.sizeBytes`: length of the file.
 * @throws {TransferError} phase `answer`; {@link isGone} when it has nothing any more.
 */
export function readOffset(
  head: ResponseHead,
  { url, method }: Pick<UploadOptions, "url" | "method">,
  known: { readonly leastBytes: number; readonly sizeBytes: number },
): number {
  const { status, fields } = head;
  // A PUT is begun anew then; what a POST has done already can't be known.
  if (status === 404 || status === 410) throw cannotGoOn(head, url, DROPPED, method === "PUT");
  if (status < 200 || status > 299) throw refusedUpload(head, url);
  const offset = parseCountItem(fields.get("upload-offset"));
  if (offset === undefined || offset < known.leastBytes || offset > known.sizeBytes) {
    throw cannotGoOn(head, url, "the server does not say how much it has; try again", false);
  }
  if (isComplete(head) && offset < known.sizeBytes) {
    throw cannotGoOn(head, url, "the server ended it before it had the whole file; try again", false);
  }
  return offset;
}

/** Whether the server has nothing of the upload any more, and it can be begun anew. */
export function isGone({ phase, status, isRetryable }: TransferError): boolean {
  return phase === "answer" && isRetryable && (status === 404 || status === 410);
}

const DROPPED = "the server has dropped what it had";

function cannotGoOn(
  { status }: ResponseHead,
  url: RemoteUrl,
  reason: string,
  isRetryable: boolean,
): TransferError {
  const message = `Cannot go on with the upload to ${formatRemoteUrl(url)}: ${reason}`;
  return new TransferError("answer", message, { status, isRetryable });
}
