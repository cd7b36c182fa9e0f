/**
 * Sends one file, or what comes out of a pipe: PUT or POST, streamed.
 */
import type { Clock } from "../base/clock.ts";
import { parseHttpDate } from "../semantics/http-date.ts";
import type { ResponseHead } from "../wire/message.ts";
import { announceAnswer, ignoredUpload, refusedUpload, type Answer } from "./answer.ts";
import { asTransferError, discardBody, explainRefusal } from "./conversation.ts";
import { ContentSender } from "./content-sender.ts";
import { LocalFile } from "./local-file.ts";
import { pathOf, resolveLocation, UrlError, type RemoteUrl } from "./origin.ts";
import type { Phases } from "./report.ts";
import { sendOnce, type Sending } from "./send-once.ts";
import { sendPlainly } from "./send-plainly.ts";
import type { Session } from "./session.ts";
import type { StreamedContent } from "./streamed-content.ts";
import type { StreamUploadOptions, UploadOptions } from "./upload-options.ts";
import { sendResumably } from "./upload-resumption.ts";

export type { UploadOptions } from "./upload-options.ts";

export type UploadResult = {
  readonly answer: Answer;
  /** Where the server says it saved the file (`Location`, path only), or the URL's path; percent-encoded. */
  readonly savedAs: string;
  readonly bodyBytes: number;
  readonly phases: Phases;
  /** So much of it an earlier run had sent. */
  readonly resumedBytes: number;
};

type AnySending = Sending & { readonly earlierBytes?: number };

/** So much may a server's clock and that of its disk differ. */
const CLOCKS_APART_MS = 60_000;
/** Files above this are sent so that they can be resumed, where the server can. */
const RESUMABLE_ABOVE_BYTES = 1024 * 1024;

/**
 * Uploads the file at `options.path`. A large one survives cuts where the server offers that (IETF draft of resumable uploads);
 * any other server gets a plain PUT or POST.
 * @throws {TransferError} and nothing else; phase `read` for the local file.
 */
export async function upload(session: Session, options: UploadOptions): Promise<UploadResult> {
  try {
    const file = new LocalFile(options.path);
    try {
      const isLarge = file.sizeBytes > RESUMABLE_ABOVE_BYTES;
      return await sendAndSettle(session, options, () =>
        isLarge ? sendResumably(session, options, file) : sendPlainly(session, options, file),
      );
    } finally {
      file.close();
    }
  } catch (error) {
    throw asTransferError(error);
  }
}

/**
 * Uploads what comes out of a pipe, until it ends, once it has begun to come. It can't be read again, so it is sent once: what
 * breaks is a failure.
 * @throws {TransferError} and nothing else; phase `read` for the pipe.
 */
export async function uploadStream(
  session: Session,
  options: StreamUploadOptions,
  content: StreamedContent,
): Promise<UploadResult> {
  try {
    await content.begin(options.signal);
    const fields = session.ownFields(options.url);
    const sender = new ContentSender(content, { ...options, fields }, session.options);
    return await sendAndSettle(session, options, () => sendOnce(session, options, sender));
  } catch (error) {
    throw asTransferError(error);
  } finally {
    content.stop();
  }
}

async function sendAndSettle(
  session: Session,
  options: StreamUploadOptions,
  send: () => Promise<AnySending>,
): Promise<UploadResult> {
  const startedAtMs = session.options.clock.monotonicMs();
  const sending = await send();
  const { reply, sender } = sending;
  const answer = announceAnswer(reply, options, { url: options.url, startedAtMs });
  if (reply.head.status < 200 || reply.head.status > 299)
    throw await explainRefusal(session, reply, refusedUpload(reply.head, options.url));
  await discardBody(session, reply);
  if (sending.isFound !== true && isIgnored(sending, startedAtMs, session))
    throw ignoredUpload(reply.head, options.url);
  sender.finish();
  return {
    answer,
    savedAs: savedPathOf(reply.head, options.url),
    bodyBytes: sender.sizeBytes,
    phases: measurePhases(sending, session),
    resumedBytes: sending.earlierBytes ?? 0,
  };
}

/** Whether the server is content without having saved what was sent. */
function isIgnored(
  { sender, reply, earlierBytes = 0 }: AnySending,
  startedAtMs: number,
  session: Session,
): boolean {
  // What an earlier run has sent may have been saved then.
  return (
    !sender.isWhole || (earlierBytes === 0 && showsOlder(reply.head, startedAtMs, session.options.clock))
  );
}

/**
 * Whether an answer is of a file that was there before the upload, as from a server that takes PUT for GET (Caddy's file server):
 * a date that came with success would be that of the new one (RFC 9110 §9.3.4).
 */
function showsOlder({ status, fields }: ResponseHead, startedAtMs: number, clock: Clock): boolean {
  const [dateMs, modifiedMs] = ["date", "last-modified"].map((name) =>
    parseHttpDate(fields.get(name) ?? "", clock.nowMs()),
  );
  if (status !== 200 || dateMs === undefined || modifiedMs === undefined) return false;
  return dateMs - modifiedMs > clock.monotonicMs() - startedAtMs + CLOCKS_APART_MS;
}

/** From the first request to the last answer, however many there were. */
function measurePhases({ reply, first }: Sending, session: Session): Phases {
  return {
    resolveMs: reply.resolveMs,
    connectMs: reply.connectMs,
    firstByteMs: first.begunAtMs - first.askedAtMs,
    transferMs: session.options.clock.monotonicMs() - first.begunAtMs,
  };
}

function savedPathOf(head: ResponseHead, url: RemoteUrl): string {
  const location = head.fields.get("location");
  try {
    return pathOf(location === undefined ? url : resolveLocation(url, location));
  } catch (error) {
    if (error instanceof UrlError) return pathOf(url);
    throw error;
  }
}
