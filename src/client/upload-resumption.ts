/**
 * Uploads that survive cuts (draft-ietf-httpbis-resumable-upload-12): the first request is an upload as every other, with the
 * offer to go on later; a server that takes it tells in an interim answer (104) where.
 */
import { parseBooleanItem, parseCountItem } from "../semantics/structured-item.ts";
import type { Field } from "../wire/fields.ts";
import type { InformationalHead, ResponseHead } from "../wire/message.ts";
import { parseRetryAfter } from "../semantics/retry-after.ts";
import { RETRYABLE_STATUSES, refusedUpload } from "./answer.ts";
import { askForHead, asTransferError, discardBody } from "./conversation.ts";
import { digestOfFile } from "./file-digest.ts";
import { FileSender } from "./file-sender.ts";
import { throwIfInterrupted } from "./interruption.ts";
import type { LocalFile } from "./local-file.ts";
import { formatRemoteUrl, type Origin, resolveLocation, type RemoteUrl, UrlError } from "./origin.ts";
import { uploadResourceRequest } from "./request.ts";
import { pause, RetryPolicy } from "./retry.ts";
import { sendOnce, type Sending } from "./send-once.ts";
import type { Reply, Session } from "./session.ts";
import { TransferError } from "./transfer-error.ts";
import { DEFAULT_RETRIES, type UploadOptions } from "./upload-options.ts";

/** The iteration of the draft that is spoken here; a server of another one is a plain server. */
const VERSION: Field = ["Upload-Draft-Interop-Version", "8"];
const COMPLETE: Field = ["Upload-Complete", "?1"];
/** How long a server may take to hear that an upload is given up. */
const GIVE_UP_MS = 2000;

/** How far an upload has come, as the server says. */
type State = { readonly offset: number; readonly isComplete: boolean };

/**
 * Sends `file`, and goes on after a cut as long as there is progress.
 * @returns the final answer to the upload, whose body is still to be taken. @throws {TransferError}
 */
export async function sendResumably(
  session: Session,
  options: UploadOptions,
  file: LocalFile,
): Promise<Sending> {
  return new Resumption(session, options, file).run();
}

class Resumption {
  readonly #session: Session;
  readonly #options: UploadOptions;
  readonly #file: LocalFile;
  readonly #policy: RetryPolicy;
  #digest: string | undefined;
  /** Where to go on; unknown until the server has told. */
  #resource: RemoteUrl | undefined;
  /** So much the server has, as it said last. */
  #knownBytes = 0;

  constructor(session: Session, options: UploadOptions, file: LocalFile) {
    this.#session = session;
    this.#options = options;
    this.#file = file;
    this.#policy = new RetryPolicy({ retries: options.retries ?? DEFAULT_RETRIES });
  }

  async run(): Promise<Sending> {
    const first = new FileSender(this.#file, this.#creation(), this.#session.options);
    try {
      return await this.#begin(first);
    } catch (error) {
      await this.#giveUp(error);
      throw error;
    }
  }

  #creation() {
    return {
      ...this.#options,
      fields: [COMPLETE, VERSION],
      onInformational: (head: InformationalHead) => {
        this.#resource ??= resourceOf(head, this.#options.url);
      },
    };
  }

  async #begin(first: FileSender): Promise<Sending> {
    let failure: Failure;
    try {
      const sending = await sendOnce(this.#session, this.#options, first);
      if (this.#resource === undefined || isFinal(sending.reply.head)) return sending;
      failure = await this.#takeRefusal(sending.reply);
    } catch (error) {
      failure = { error: asTransferError(error), retryAfterMs: undefined };
    }
    return { ...(await this.#goOn(failure)), first };
  }

  /** Asks how far it came, and sends the rest, until there is a final answer. */
  async #goOn(firstFailure: Failure): Promise<Omit<Sending, "first">> {
    let failure = firstFailure;
    let gainedBytes = 0;
    for (;;) {
      const resource = this.#resource;
      const delayMs = this.#policy.delayAfter(failure.error, { ...failure, gainedBytes });
      if (resource === undefined || delayMs === undefined) throw failure.error;
      throwIfInterrupted("send", this.#options.signal);
      this.#options.onNotice?.(`${failure.error.message}; going on with the upload`);
      await pause(delayMs, this.#options.signal);
      throwIfInterrupted("send", this.#options.signal);
      const before = this.#knownBytes;
      try {
        const digest = await this.#digestField();
        const reply = await this.#sendRest(resource, await this.#askState(resource), digest);
        if (isFinal(reply.reply.head)) return reply;
        failure = await this.#takeRefusal(reply.reply);
      } catch (error) {
        failure = { error: asTransferError(error), retryAfterMs: undefined };
      }
      gainedBytes = this.#knownBytes - before;
    }
  }

  async #askState(resource: RemoteUrl): Promise<State> {
    const reply = await this.#ask(resource, "HEAD", this.#options.signal);
    await discardBody(this.#session, reply);
    const { head } = reply;
    if (head.status === 404 || head.status === 410) throw lost(head, this.#options.url);
    if (head.status < 200 || head.status > 299) throw refusedUpload(head, this.#options.url);
    const offset = parseCountItem(head.fields.get("upload-offset"));
    if (offset === undefined || offset < this.#knownBytes || offset > this.#file.sizeBytes) {
      throw nonsense(head, this.#options.url);
    }
    this.#knownBytes = offset;
    return { offset, isComplete: parseBooleanItem(head.fields.get("upload-complete")) === true };
  }

  /** Of an upload that is complete nothing is left: the empty rest gets the answer that was lost. */
  #sendRest(url: RemoteUrl, { offset, isComplete }: State, digest: Field): Promise<Sending> {
    if (isComplete && offset < this.#file.sizeBytes) {
      throw new TransferError(
        "answer",
        "The server ended the upload before it had the whole file; try again",
      );
    }
    const { onProgress, signal } = this.#options;
    const target = { url, method: "PATCH", ...(signal && { signal }) } as const;
    const fields: readonly Field[] = [COMPLETE, VERSION, ["Upload-Offset", `${offset}`], digest];
    const options = { ...target, startBytes: offset, fields, ...(onProgress && { onProgress }) };
    return sendOnce(this.#session, target, new FileSender(this.#file, options, this.#session.options));
  }

  /**
   * Of the whole file, since its pieces come over several connections now: the server compares it at the end. Made only then:
   * a processor without instructions for it takes longer to hash a file than a fast line to send it, and what comes over one
   * connection is no mix.
   */
  async #digestField(): Promise<Field> {
    this.#digest ??= await digestOfFile(this.#file, this.#options.signal);
    return ["Repr-Digest", this.#digest];
  }

  async #takeRefusal(reply: Reply): Promise<Failure> {
    await discardBody(this.#session, reply);
    const { head } = reply;
    const { status } = head;
    const refused = refusedUpload(head, this.#options.url);
    // A wrong offset is put right by asking for it.
    const isRetryable = refused.isRetryable || status === 409;
    const error = new TransferError("answer", refused.message, { status, isRetryable });
    const retryAfterMs = parseRetryAfter(head.fields.get("retry-after"), this.#session.options.clock.nowMs());
    return { error, retryAfterMs };
  }

  /** An upload that nobody goes on with is dropped where that is easy; else it expires. */
  async #giveUp(error: unknown): Promise<void> {
    const resource = this.#resource;
    const isOurs = this.#options.signal?.aborted === true || asTransferError(error).phase === "read";
    if (resource === undefined || !isOurs) return;
    try {
      const reply = await this.#ask(resource, "DELETE", AbortSignal.timeout(GIVE_UP_MS));
      await discardBody(this.#session, reply);
    } catch {
      // It expires.
    }
  }

  #ask(resource: RemoteUrl, method: "HEAD" | "DELETE", signal: AbortSignal | undefined): Promise<Reply> {
    const { userAgent } = this.#session.options;
    const route = this.#session.routeTo(resource);
    const fields = [VERSION, ...route.fields];
    const request = {
      ...uploadResourceRequest(resource, method, { userAgent, fields }),
      target: route.target,
    };
    return this.#session.ask({
      origin: route.origin,
      converse: (connection) => askForHead(connection, request),
      mayRepeat: () => true,
      signal,
    });
  }
}

type Failure = { readonly error: TransferError; readonly retryAfterMs: number | undefined };

/** Whether an answer is that to the upload as a whole, and not to this request on the way (draft §4.4.1). */
function isFinal({ status, fields }: ResponseHead): boolean {
  if (parseBooleanItem(fields.get("upload-complete")) === true) return true;
  return status !== 409 && !RETRYABLE_STATUSES.has(status);
}

/**
 * Where a 104 says that the upload goes on; `undefined` for every other interim answer, and for one of another iteration.
 * SECURITY: only on the same server: another one is not what the user named, and would get the file.
 */
function resourceOf({ status, fields }: InformationalHead, url: RemoteUrl): RemoteUrl | undefined {
  const location = fields.get("location");
  if (status !== 104 || location === undefined) return undefined;
  if (fields.get("upload-draft-interop-version") !== VERSION[1]) return undefined;
  try {
    const resource = resolveLocation(url, location);
    return isSame(resource.origin, url.origin) ? resource : undefined;
  } catch (error) {
    if (error instanceof UrlError) return undefined;
    throw error;
  }
}

function isSame(a: Origin, b: Origin): boolean {
  return a.scheme === b.scheme && a.host === b.host && a.port === b.port;
}

function lost({ status }: ResponseHead, url: RemoteUrl): TransferError {
  return new TransferError(
    "answer",
    `Cannot go on with the upload to ${formatRemoteUrl(url)}: the server has dropped what it had; try again`,
    { status },
  );
}

function nonsense({ status }: ResponseHead, url: RemoteUrl): TransferError {
  return new TransferError(
    "answer",
    `Cannot go on with the upload to ${formatRemoteUrl(url)}: the server does not say how much it has; try again`,
    { status },
  );
}
