/**
 * Fetches one resource: asks, follows redirects, takes the body into a sink, and gives it its name.
 */
import { printable } from "../base/printable.ts";
import { parseMediaType } from "../semantics/media-type.ts";
import type { Field } from "../wire/fields.ts";
import type { ResponseHead } from "../wire/message.ts";
import { announceAnswer, measurePhases, refusedDownload, type Answer } from "./answer.ts";
import type { Connection } from "./connection.ts";
import { asTransferError, discardBody, readBody } from "./conversation.ts";
import { resolvePlace, type Place } from "./destination.ts";
import { DigestCheck, WANT_DIGEST } from "./digest-check.ts";
import { cannotSave } from "./disk-error.ts";
import { settleWithin, throwIfInterrupted } from "./interruption.ts";
import type { RemoteUrl } from "./origin.ts";
import { ProgressMeter } from "./progress.ts";
import { follow, type Arrival } from "./redirect.ts";
import type { Phases, TransferProgress } from "./report.ts";
import type { Reply, Session } from "./session.ts";
import { FileSink } from "./sink.ts";
import { TransferError } from "./transfer-error.ts";

export type { Answer } from "./answer.ts";

/** Where the content goes. */
export type Destination =
  /** A path given by the user: a folder (the name is then taken from the first URL, never from the server) or a file. */
  | { readonly kind: "path"; readonly path: string }
  /** Handed over as it comes, for standard output. The promise is awaited before more is read from the socket. */
  | { readonly kind: "consumer"; readonly consume: (bytes: Uint8Array) => void | Promise<void> };

export type DownloadOptions = {
  readonly url: RemoteUrl;
  readonly destination: Destination;
  /** Replace a file that is there. */
  readonly force: boolean;
  /** What is accepted, where the server has a choice (RFC 9110 §12.5.1); anything unless it is given. */
  readonly accept?: string;
  /** Called once, when the final answer's head has come. */
  readonly onAnswer?: (answer: Answer) => void;
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Ends the transfer with a {@link TransferError}; nothing is left under the final name. */
  readonly signal?: AbortSignal;
};

/**
 * What shows that the content is whole: a digest that the server announced, the length or the chunks it is framed in, or
 * nothing, when its end was the connection's.
 */
export type Proof = "sha-256" | "length" | "none";

export type DownloadResult = {
  readonly answer: Answer;
  /** Absolute path of what was saved; `undefined` when it went to a consumer. */
  readonly savedPath: string | undefined;
  readonly bodyBytes: number;
  readonly phases: Phases;
  readonly proof: Proof;
};

/** Where the body's bytes go, whatever the destination is. */
type Receiver = {
  readonly savedPath: string | undefined;
  readonly receive: (bytes: Uint8Array) => void | Promise<void>;
  readonly commit: () => Promise<void>;
  readonly discard: () => void;
};

/**
 * Downloads `options.url`.
 *
 * Whatever goes wrong, the final name holds what it held before.
 *
 * @throws {TransferError} and nothing else. An error status (4xx, 5xx) is phase `answer`.
 */
export async function download(session: Session, options: DownloadOptions): Promise<DownloadResult> {
  const startedAtMs = session.options.clock.monotonicMs();
  const { url, destination, signal, force } = options;
  try {
    const place = destination.kind === "path" ? resolvePlace(destination.path, url, { force }) : undefined;
    const fields: readonly Field[] = [["Accept", options.accept ?? "*/*"], WANT_DIGEST];
    const arrival = await follow(session, { url, fields, signal });
    const answer = announceAnswer(arrival.reply, options, { url: arrival.url, startedAtMs });
    const refusal = refusalOf(arrival);
    if (refusal !== undefined) {
      await discardBody(session, arrival.reply);
      throw refusal;
    }
    return { answer, ...(await takeContent(session, arrival.reply, { ...options, place })) };
  } catch (error) {
    throw asTransferError(error);
  }
}

/**
 * Why the answer is not the file that was asked for; `undefined` when it is.
 *
 * Only 200 and 203 carry the whole of what a GET asked for (RFC 9110 §15.3). A part that nobody asked for must not be
 * saved as the whole; nor must a coding, which would be a different file than its name says. Codings are refused
 * rather than undone, however many there are (CVE-2023-23916, CVE-2022-32206).
 */
function refusalOf({ reply: { head }, url }: Arrival): TransferError | undefined {
  if (head.status === 206) return unasked("a part of the file");
  if (head.status !== 200 && head.status !== 203) return refusedDownload(head, url);
  const coding = head.fields.get("content-encoding");
  if (coding !== undefined && coding.toLowerCase() !== "identity") {
    return unasked(`the file in the coding "${printable(coding.slice(0, 40))}"`);
  }
  const type = parseMediaType(head.fields.get("content-type") ?? "")?.type;
  if (type === "multipart/byteranges" || head.fields.has("content-range"))
    return unasked("parts of the file");
  return undefined;
}

function unasked(what: string): TransferError {
  return new TransferError("protocol", `The server sent ${what}, which was not asked for; nothing was saved`);
}

type ContentOptions = DownloadOptions & { readonly place: Place | undefined };

async function takeContent(
  session: Session,
  reply: Reply,
  options: ContentOptions,
): Promise<Omit<DownloadResult, "answer">> {
  const { head, connection } = reply;
  const check = DigestCheck.announcedIn(head.fields);
  const totalBytes = head.framing.kind === "length" ? head.framing.length : undefined;
  const meter = new ProgressMeter(session.options.clock, totalBytes, options.onProgress);
  const receiver = openReceiver(connection, options);
  try {
    await readOrClose(connection, (bytes) => {
      check?.update(bytes);
      meter.advance(bytes.length);
      return receiver.receive(bytes);
    });
    const phases = measurePhases(reply, session.options.clock);
    session.release(connection);
    check?.finish();
    await receiver.commit();
    meter.finish();
    return {
      savedPath: receiver.savedPath,
      bodyBytes: meter.doneBytes,
      phases,
      proof: proofOf(head, check),
    };
  } catch (error) {
    receiver.discard();
    throw error;
  }
}

async function readOrClose(connection: Connection, receive: Receiver["receive"]): Promise<void> {
  try {
    await readBody(connection, receive);
  } catch (error) {
    connection.close();
    throw error;
  }
}

function proofOf(head: ResponseHead, check: DigestCheck | undefined): Proof {
  if (check !== undefined) return "sha-256";
  return head.framing.kind === "until-close" ? "none" : "length";
}

function openReceiver(connection: Connection, options: ContentOptions): Receiver {
  const { destination, place, signal } = options;
  if (destination.kind === "consumer") return consumerReceiver(destination.consume, signal);
  try {
    return fileReceiver(place, signal);
  } catch (error) {
    connection.close();
    throw error;
  }
}

function fileReceiver(place: Place | undefined, signal: AbortSignal | undefined): Receiver {
  if (place === undefined) throw new Error("A download to a path has a place");
  const sink = new FileSink(place);
  return {
    savedPath: sink.path,
    receive: (bytes) => sink.write(bytes),
    commit: () => sink.commit(() => throwIfInterrupted("save", signal)),
    discard: () => sink.discard(),
  };
}

function consumerReceiver(consume: Receiver["receive"], signal: AbortSignal | undefined): Receiver {
  return {
    savedPath: undefined,
    receive: (bytes) => consumeWithin(consume, bytes, signal),
    commit: () => Promise.resolve(),
    discard: () => {},
  };
}

function consumeWithin(
  consume: Receiver["receive"],
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): void | Promise<void> {
  try {
    const pending = consume(bytes);
    return pending === undefined ? undefined : settleConsumer(pending, signal);
  } catch (error) {
    throw cannotSave("the output", error);
  }
}

async function settleConsumer(pending: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const failing = pending.catch((error: unknown) => {
    throw cannotSave("the output", error);
  });
  await settleWithin(failing, { phase: "save", signal });
}
