/**
 * Sends one file: PUT or POST, streamed from the disk.
 */
import type { ResponseHead } from "../wire/message.ts";
import { announceAnswer, ignoredUpload, refusedUpload, type Answer } from "./answer.ts";
import { FileSender } from "./file-sender.ts";
import { asTransferError, discardBody } from "./conversation.ts";
import { LocalFile } from "./local-file.ts";
import { pathOf, resolveLocation, UrlError, type RemoteUrl } from "./origin.ts";
import type { Phases, TransferProgress } from "./report.ts";
import type { Reply, Session } from "./session.ts";

export type UploadOptions = {
  readonly path: string;
  readonly url: RemoteUrl;
  readonly method: "PUT" | "POST";
  readonly onAnswer?: (answer: Answer) => void;
  readonly onProgress?: (progress: TransferProgress) => void;
  readonly signal?: AbortSignal;
};

export type UploadResult = {
  readonly answer: Answer;
  /** Where the server says it saved the file (`Location`, path only), or the URL's path; percent-encoded. */
  readonly savedAs: string;
  readonly bodyBytes: number;
  readonly phases: Phases;
};

/**
 * Uploads the file at `options.path`.
 * @throws {TransferError} and nothing else; phase `read` for the local file.
 */
export async function upload(session: Session, options: UploadOptions): Promise<UploadResult> {
  try {
    const file = new LocalFile(options.path);
    try {
      return await sendAndSettle(session, options, new FileSender(file, options, session.options));
    } finally {
      file.close();
    }
  } catch (error) {
    throw asTransferError(error);
  }
}

async function sendAndSettle(
  session: Session,
  options: UploadOptions,
  sender: FileSender,
): Promise<UploadResult> {
  const startedAtMs = session.options.clock.monotonicMs();
  let reply = await ask(session, options, sender);
  if (reply.head.status === 417 && sender.hasExpected) {
    // RFC 9110 §10.1.1: a server that can't meet the expectation is asked again without it.
    await discardBody(session, reply);
    sender.expectNothing();
    reply = await ask(session, options, sender);
  }
  const answer = announceAnswer(reply, options, { url: options.url, startedAtMs });
  await discardBody(session, reply);
  if (reply.head.status < 200 || reply.head.status > 299) throw refusedUpload(reply.head, options.url);
  if (!sender.isWhole) throw ignoredUpload(reply.head, options.url);
  sender.finish();
  return {
    answer,
    savedAs: savedPathOf(reply.head, options.url),
    bodyBytes: sender.sizeBytes,
    phases: measurePhases(reply, sender, session),
  };
}

function ask(session: Session, { url, method, signal }: UploadOptions, sender: FileSender): Promise<Reply> {
  return session.ask({
    origin: url.origin,
    converse: (connection) => sender.send(connection),
    // RFC 9110 §9.2.2: PUT may be sent twice; POST only while the server can't have acted upon it.
    mayRepeat: () => method === "PUT" || !sender.hasBegun,
    signal,
  });
}

function measurePhases(reply: Reply, sender: FileSender, session: Session): Phases {
  const { askedAtMs } = reply.connection;
  return {
    resolveMs: reply.resolveMs,
    connectMs: reply.connectMs,
    firstByteMs: sender.begunAtMs - askedAtMs,
    transferMs: session.options.clock.monotonicMs() - sender.begunAtMs,
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
