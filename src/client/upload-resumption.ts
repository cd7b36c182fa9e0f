/**
 * Uploads that survive cuts (draft-ietf-httpbis-resumable-upload-12): the first request is an upload as every other, with the
 * offer to go on later; a server that takes it tells in an interim answer (104) where.
 */
import { formatBytes } from "../base/units.ts";
import { parseRetryAfter } from "../semantics/retry-after.ts";
import type { Field } from "../wire/fields.ts";
import type { InformationalHead } from "../wire/message.ts";
import { refusedUpload } from "./answer.ts";
import { askForHead, asTransferError, discardBody, explainRefusal } from "./conversation.ts";
import { reprDigestOf } from "./file-digest.ts";
import { ContentSender } from "./content-sender.ts";
import { findSaved } from "./find-saved.ts";
import { throwIfInterrupted } from "./interruption.ts";
import type { LocalFile } from "./local-file.ts";
import type { RemoteUrl } from "./origin.ts";
import type { TransferProgress } from "./report.ts";
import { uploadResourceRequest, withoutRepresentationFields } from "./request.ts";
import { DEFAULT_RETRIES, pause, RetryPolicy } from "./retry.ts";
import { sendOnce, type Sending } from "./send-once.ts";
import type { Reply, Session } from "./session.ts";
import { TransferError } from "./transfer-error.ts";
import type { UploadOptions } from "./upload-options.ts";
import { UploadRecord } from "./upload-record.ts";
import { INTEROP_VERSION, isComplete, isFinal, isGone, readOffset, resourceOf } from "./upload-state.ts";

const COMPLETE: Field = ["Upload-Complete", "?1"];
/** How long a server may take to hear that an upload is given up. */
const GIVE_UP_MS = 2000;

/** An upload that is over so soon is sent again rather than remembered. */
const NOTE_AFTER_MS = 300;

/** `earlierBytes` came with an earlier run. */
export type ResumableSending = Sending & { readonly earlierBytes: number };

/**
 * Sends `file`, and goes on after a cut as long as there is progress; also with what an earlier run has begun, if
 * `options.stateFolder` remembers it.
 * @returns the final answer to the upload, whose body is still to be taken.
 * @throws {TransferError} `canGoOn` when the next run goes on.
 */
export async function sendResumably(
  session: Session,
  options: UploadOptions,
  file: LocalFile,
): Promise<ResumableSending> {
  return new Resumption(session, options, file).run();
}

class Resumption {
  readonly #session: Session;
  readonly #options: UploadOptions;
  readonly #file: LocalFile;
  readonly #policy: RetryPolicy;
  readonly #record: UploadRecord | undefined;
  #digest: Field | undefined;
  /** Where to go on; unknown until the server has told. */
  #resource: RemoteUrl | undefined;
  /** So much the server has, as it said last. */
  #knownBytes = 0;
  /** So much an earlier run had sent; `undefined` until the server has told. */
  #earlierBytes: number | undefined = 0;
  #noting: ReturnType<typeof setTimeout> | undefined;
  #isNoted = false;
  /** The sender of the first request that got as far as its body; and of the last request. */
  #first: ContentSender | undefined;
  #last: ContentSender | undefined;
  /** The server had all of it once, or has forgotten of it: it may have saved it, and its answer was lost. */
  #mayBeSaved = false;

  constructor(session: Session, options: UploadOptions, file: LocalFile) {
    const { stateFolder, url, method } = options;
    const { clock } = session.options;
    this.#session = session;
    this.#options = options;
    this.#file = file;
    this.#policy = new RetryPolicy({ retries: options.retries ?? DEFAULT_RETRIES });
    this.#record =
      stateFolder === undefined ? undefined : UploadRecord.open(stateFolder, { file, url, method }, clock);
  }

  async run(): Promise<ResumableSending> {
    try {
      await this.#takeUp();
      const sending = await this.#send();
      return { ...sending, earlierBytes: this.#earlierBytes ?? 0 };
    } catch (error) {
      throw await this.#end(asTransferError(error));
    } finally {
      clearTimeout(this.#noting);
      this.#record?.release();
    }
  }

  /** Takes up what an earlier run has begun, if the server still has it and the file is the same. */
  async #takeUp(): Promise<void> {
    const earlier = this.#record?.read();
    if (earlier === undefined) return;
    if (!earlier.isSameFile) {
      this.#notice("The file has changed since its upload was ended; sending it from its beginning");
      await this.#giveUp(earlier.resource);
      this.#record?.remove();
      return;
    }
    this.#resource = earlier.resource;
    this.#isNoted = true;
    this.#earlierBytes = undefined;
    try {
      const offset = await this.#askOffset(earlier.resource);
      const counts = `${formatBytes(offset)} of ${formatBytes(this.#file.sizeBytes)}`;
      this.#notice(`Going on with the upload that was ended: the server has ${counts}`);
    } catch (error) {
      const failure = asTransferError(error);
      throwIfInterrupted("send", this.#options.signal);
      if (failure.isRetryable && !isGone(failure)) {
        await this.#recover({ error: failure, retryAfterMs: undefined }, 0);
        return;
      }
      this.#mayBeSaved = isGone(failure);
      this.#notice(`${failure.whatHappened}. Sending the file from its beginning`);
      this.#forget();
    }
  }

  /** One request after the other, until there is a final answer. */
  async #send(): Promise<Sending> {
    for (;;) {
      const before = this.#knownBytes;
      let failure: Failure;
      try {
        const sending = await this.#attempt();
        if (this.#resource === undefined || isFinal(sending.reply.head)) return await this.#settle(sending);
        failure = await this.#takeRefusal(sending.reply);
      } catch (error) {
        failure = { error: asTransferError(error), retryAfterMs: undefined };
      }
      await this.#recover(failure, Math.max(0, this.#knownBytes - before));
    }
  }

  /** The whole file to begin with; then the rest of what the server has. */
  async #attempt(): Promise<Sending> {
    const resource = this.#resource;
    if (resource === undefined) return this.#create();
    const digest = await this.#digestField();
    return this.#sendRest(resource, await this.#askOffset(resource), digest);
  }

  #create(): Promise<Sending> {
    const sender = this.#newSender({
      ...this.#options,
      fields: [COMPLETE, INTEROP_VERSION, ...this.#session.ownFields(this.#options.url)],
      onInformational: (head: InformationalHead) => {
        this.#resource ??= resourceOf(head, this.#options.url);
        this.#noteLater();
      },
    });
    return sendOnce(this.#session, this.#options, sender);
  }

  #sendRest(url: RemoteUrl, offset: number, digest: Field): Promise<Sending> {
    const { onProgress, signal } = this.#options;
    const target = { url, method: "PATCH", ...(signal && { signal }) } as const;
    const own = withoutRepresentationFields(this.#session.ownFields(url));
    const fields = [COMPLETE, INTEROP_VERSION, ["Upload-Offset", `${offset}`], digest, ...own] as const;
    const options = { ...target, startBytes: offset, fields, ...(onProgress && { onProgress }) };
    return sendOnce(this.#session, target, this.#newSender(options));
  }

  #newSender(options: ConstructorParameters<typeof ContentSender>[1]): ContentSender {
    const { onProgress } = this.#options;
    const tell = (progress: TransferProgress): void =>
      onProgress?.({ ...progress, resumedBytes: this.#earlierBytes });
    this.#last = new ContentSender(
      this.#file,
      onProgress === undefined ? options : { ...options, onProgress: tell },
      this.#session.options,
    );
    return this.#last;
  }

  /** Decides what follows a failure, and waits for it. @throws the failure when nothing does. */
  async #recover({ error, retryAfterMs }: Failure, gainedBytes: number): Promise<void> {
    const { signal } = this.#options;
    this.#keepFirst();
    this.#mayBeSaved ||= isGone(error) || this.#last?.isWhole === true || this.#last?.wasWhole === true;
    if (isGone(error)) this.#forget();
    const mayRepeat = this.#resource !== undefined || this.#mayCreateAgain();
    const delayMs = mayRepeat ? this.#policy.delayAfter(error, { gainedBytes, retryAfterMs }) : undefined;
    if (delayMs === undefined) throw error;
    throwIfInterrupted("send", signal);
    const what = this.#resource === undefined ? "sending it again" : "going on with the upload";
    this.#notice(`${error.whatHappened}; ${what}`);
    await pause(delayMs, signal);
    throwIfInterrupted("send", signal);
  }

  /** RFC 9110 §9.2.2: a PUT may be sent twice; a POST only while the server can't have acted upon it. */
  #mayCreateAgain(): boolean {
    return this.#options.method === "PUT" || this.#last?.hasBegun === false;
  }

  #keepFirst(): void {
    if (this.#first === undefined && this.#last !== undefined && this.#last.begunAtMs > 0) {
      this.#first = this.#last;
    }
  }

  /** The upload that was begun is of no use any more. */
  #forget(): void {
    clearTimeout(this.#noting);
    this.#noting = undefined;
    this.#isNoted = false;
    this.#resource = undefined;
    this.#knownBytes = 0;
    this.#earlierBytes = 0;
    this.#record?.remove();
  }

  #noteLater(): void {
    if (this.#resource === undefined || this.#record === undefined) return;
    this.#noting ??= setTimeout(() => this.#note(), NOTE_AFTER_MS);
  }

  /** @returns whether the next run can go on. */
  #note(): boolean {
    if (this.#isNoted || this.#resource === undefined) return this.#isNoted;
    this.#isNoted = this.#record?.write(this.#resource) ?? false;
    return this.#isNoted;
  }

  /** There is a final answer: nothing is left to go on with, unless it is one that leaves the upload as it is. */
  async #settle(sending: Sending): Promise<Sending> {
    const { head } = sending.reply;
    const isOver = (head.status >= 200 && head.status <= 299) || isComplete(head);
    if (isOver) this.#record?.remove();
    const first = this.#first ?? sending.sender;
    const facts = { options: this.#options, file: this.#file, refused: sending.reply };
    const found = this.#mayBeSaved ? await findSaved(this.#session, facts) : undefined;
    return found === undefined ? { ...sending, first } : { ...sending, first, reply: found, isFound: true };
  }

  /**
   * Ends for good. What the next run can go on with is kept; what nobody goes on with is dropped where that is easy, else it
   * expires. @returns the error that says so.
   */
  async #end(failure: TransferError): Promise<TransferError> {
    const resource = this.#resource;
    const isInterrupted = this.#options.signal?.aborted === true;
    if (resource === undefined) return failure;
    if ((isInterrupted || failure.isRetryable) && this.#note()) {
      if (isInterrupted)
        await this.#askOffset(resource, AbortSignal.timeout(GIVE_UP_MS)).catch(() => undefined);
      return failure.keeping(this.#knownBytes);
    }
    this.#record?.remove();
    if (isInterrupted || failure.phase === "read") await this.#giveUp(resource);
    return failure;
  }

  /** Of an upload that is complete nothing is left: the empty rest gets the answer that was lost. */
  async #askOffset(resource: RemoteUrl, signal = this.#options.signal): Promise<number> {
    const reply = await this.#ask(resource, "HEAD", signal);
    await discardBody(this.#session, reply);
    const known = { leastBytes: this.#knownBytes, sizeBytes: this.#file.sizeBytes };
    this.#knownBytes = readOffset(reply.head, this.#options, known);
    this.#earlierBytes ??= this.#knownBytes;
    return this.#knownBytes;
  }

  /**
   * Of the whole file, since its pieces come over several connections now: the server compares it at the end. Made only then,
   * other than with small files: a processor without instructions for it takes longer to hash a large one than a fast line to
   * send it, and what comes over one connection is no mix.
   */
  async #digestField(): Promise<Field> {
    this.#digest ??= await reprDigestOf(this.#file, this.#options.signal);
    return this.#digest;
  }

  async #takeRefusal(reply: Reply): Promise<Failure> {
    const { head } = reply;
    const { status } = head;
    const refused = await explainRefusal(this.#session, reply, refusedUpload(head, this.#options.url));
    // A wrong offset is put right by asking for it.
    const isRetryable = refused.isRetryable || status === 409;
    const error = new TransferError("answer", refused.message, { status, isRetryable });
    const retryAfterMs = parseRetryAfter(head.fields.get("retry-after"), this.#session.options.clock.nowMs());
    return { error, retryAfterMs };
  }

  async #giveUp(resource: RemoteUrl): Promise<void> {
    try {
      const reply = await this.#ask(resource, "DELETE", AbortSignal.timeout(GIVE_UP_MS));
      await discardBody(this.#session, reply);
    } catch {
      // It expires.
    }
  }

  #notice(text: string): void {
    this.#options.onNotice?.(text);
  }

  #ask(resource: RemoteUrl, method: "HEAD" | "DELETE", signal: AbortSignal | undefined): Promise<Reply> {
    const { userAgent } = this.#session.options;
    const route = this.#session.routeTo(resource);
    const own = withoutRepresentationFields(this.#session.ownFields(resource));
    const fields = [INTEROP_VERSION, ...own, ...route.fields];
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
