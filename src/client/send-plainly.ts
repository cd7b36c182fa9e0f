/**
 * Sends a file with a plain PUT or POST, and again as long as that may help: after a cut, or when the server asks for it.
 */
import { parseRetryAfter } from "../semantics/retry-after.ts";
import type { Field } from "../wire/fields.ts";
import { refusedUpload, RETRYABLE_STATUSES } from "./answer.ts";
import { asTransferError, discardBody } from "./conversation.ts";
import { ContentSender } from "./content-sender.ts";
import { reprDigestOf } from "./file-digest.ts";
import { findSaved } from "./find-saved.ts";
import { throwIfInterrupted } from "./interruption.ts";
import type { LocalFile } from "./local-file.ts";
import { DEFAULT_RETRIES, pause, RetryPolicy } from "./retry.ts";
import { sendOnce, type Sending } from "./send-once.ts";
import type { Session } from "./session.ts";
import type { TransferError } from "./transfer-error.ts";
import type { UploadOptions } from "./upload-options.ts";

/** Why it is sent again, and when. */
type Retry = { readonly failure: TransferError; readonly delayMs: number };

/**
 * Sends `file` from its beginning, at most `options.retries` times more.
 * @returns the final answer, whose body is still to be taken. @throws {TransferError}
 */
export async function sendPlainly(
  session: Session,
  options: UploadOptions,
  file: LocalFile,
): Promise<Sending> {
  const policy = new RetryPolicy({ retries: options.retries ?? DEFAULT_RETRIES });
  const fields = await withDigest(session.ownFields(options.url), file, options.signal);
  let first: ContentSender | undefined;
  let wasWhole = false;
  for (;;) {
    const sender = new ContentSender(file, { ...options, fields }, session.options);
    let retry: Retry;
    try {
      const sending = await sendOnce(session, options, sender);
      first ??= sender;
      wasWhole ||= sender.wasWhole;
      const found = wasWhole && (await findSaved(session, { options, file, refused: sending.reply }));
      if (found) return { reply: found, sender, first, isFound: true };
      const wanted = afterAnswer(session, { options, policy, sending });
      if (wanted === undefined) return { ...sending, first };
      await discardBody(session, sending.reply);
      retry = wanted;
    } catch (error) {
      if (sender.begunAtMs > 0) first ??= sender;
      retry = afterFailure(asTransferError(error), { options, policy, sender });
    }
    wasWhole ||= sender.wasWhole || sender.isWhole;
    options.onNotice?.(`${retry.failure.whatHappened}; sending it again`);
    await pause(retry.delayMs, options.signal);
    throwIfInterrupted("send", options.signal);
  }
}

/** Adds the digest of `file`, unless the user tells it: a server that knows such digests saves nothing that arrives differently. */
async function withDigest(
  own: readonly Field[],
  file: LocalFile,
  signal: AbortSignal | undefined,
): Promise<readonly Field[]> {
  if (own.some(([name]) => name.toLowerCase() === "repr-digest")) return own;
  return [...own, await reprDigestOf(file, signal)];
}

type Context = {
  readonly options: UploadOptions;
  readonly policy: RetryPolicy;
};

/** @returns `undefined` when the answer is the last one. */
function afterAnswer(
  session: Session,
  { options, policy, sending: { reply, sender } }: Context & { readonly sending: Sending },
): Retry | undefined {
  const { head } = reply;
  if (!RETRYABLE_STATUSES.has(head.status) || !mayRepeat(options, sender)) return undefined;
  const failure = refusedUpload(head, options.url);
  const retryAfterMs = parseRetryAfter(head.fields.get("retry-after"), session.options.clock.nowMs());
  const delayMs = policy.delayAfter(failure, { gainedBytes: 0, retryAfterMs });
  return delayMs === undefined ? undefined : { failure, delayMs };
}

/** @throws the failure when it is the last one. */
function afterFailure(
  failure: TransferError,
  { options, policy, sender }: Context & { readonly sender: ContentSender },
): Retry {
  const isOver = options.signal?.aborted === true || !mayRepeat(options, sender);
  const delayMs = isOver
    ? undefined
    : policy.delayAfter(failure, { gainedBytes: 0, retryAfterMs: undefined });
  if (delayMs === undefined) throw failure;
  return { failure, delayMs };
}

/** RFC 9110 §9.2.2: a PUT may be sent twice; a POST only while the server can't have acted upon it. */
function mayRepeat({ method }: UploadOptions, sender: ContentSender): boolean {
  return method === "PUT" || !sender.hasBegun;
}
