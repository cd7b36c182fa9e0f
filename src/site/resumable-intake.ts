/**
 * Takes a body, or a part of one, into an upload that can be resumed: when the body is cut, what has come is kept.
 */
import type { UnfinishedUpload } from "../store/store.ts";
import type { Field, Fields } from "../wire/fields.ts";
import { formatUrlPath } from "../wire/target.ts";
import { type BodyDigests, compareWhole } from "./body-digests.ts";
import { type Refusal, refuse, refuseError } from "./refusal.ts";
import type { Intake, Reply } from "./reply.ts";
import { replySaved } from "./saved.ts";
import type { Visit } from "./site.ts";
import { writeOptions } from "./upload-conditions.ts";
import type { UploadDesk, UploadWriter } from "./upload-desk.ts";
import { lifeLimitField, limitField, stateFields, uploadLocation } from "./upload-fields.ts";
import { notedLength, recallVisit } from "./upload-note.ts";
import { refuseLength } from "./upload-problem.ts";
import type { OnExist } from "./policy.ts";

export type ResumableTerms = {
  readonly visit: Visit;
  readonly desk: UploadDesk;
  readonly upload: UnfinishedUpload;
  /** Whether this request begins the upload. */
  readonly isCreation: boolean;
  /** Whether the upload is over with the end of this body. */
  readonly completes: boolean;
  /** Of this request's content; of the whole too, when it comes with one request. */
  readonly digests: BodyDigests;
  readonly maxBytes: number;
  readonly onExist: OnExist;
};

export class ResumableIntake implements Intake, UploadWriter {
  readonly kind = "intake";
  readonly informational?: NonNullable<Intake["informational"]>;
  finishing: Promise<Reply> | undefined;
  readonly #terms: ResumableTerms;
  readonly #startBytes: number;
  readonly #length: number | undefined;
  #isCut = false;

  /** Takes over the upload. */
  constructor(terms: ResumableTerms, informational?: Intake["informational"]) {
    this.#terms = terms;
    this.#startBytes = terms.upload.writtenBytes;
    this.#length = notedLength(terms.upload.note);
    if (informational !== undefined) this.informational = informational;
    terms.desk.enter(terms.upload.token, this);
  }

  receive(bytes: Uint8Array): Reply | undefined {
    if (this.#isCut) return this.#refuseSuperseded();
    const { upload, maxBytes, visit, digests } = this.#terms;
    const end = upload.writtenBytes + bytes.length;
    if (end > maxBytes) return this.#drop("too-large", [limitField(maxBytes)]);
    if (this.#length !== undefined && end > this.#length) {
      // The draft §4.4.2: not a byte more than was announced, and such an upload is over.
      this.#drop("too-large");
      return refuseLength();
    }
    try {
      upload.write(bytes);
    } catch (error) {
      this.abort();
      return refuseError(visit, error);
    }
    digests.update(bytes);
    return undefined;
  }

  async finish(trailers: Fields): Promise<Reply> {
    if (this.#isCut) return this.#refuseSuperseded();
    this.finishing = this.#finish(trailers).finally(() => this.abort());
    return this.finishing;
  }

  cut(): void {
    this.#isCut = true;
    this.abort();
  }

  /** Keeps what has come. */
  abort(): void {
    const { desk, upload } = this.#terms;
    upload.close();
    desk.leave(upload.token, this);
  }

  async #finish(trailers: Fields): Promise<Reply> {
    const { digests, completes } = this.#terms;
    const isWhole = this.#isWhole;
    const comparison = digests.compare((name) =>
      isWhole || name === "content-digest" ? trailers.get(name) : undefined,
    );
    if (comparison !== "match") return this.#refuseDigest(comparison);
    return completes ? this.#complete(trailers) : this.#acknowledge();
  }

  /** Whether all of the upload comes with this one request. */
  get #isWhole(): boolean {
    return this.#terms.isCreation && this.#terms.completes;
  }

  /** Part of an upload whose digest is wrong isn't appended, and can be sent again. */
  #refuseDigest(comparison: "mismatch" | "malformed"): Reply {
    const refusal = comparison === "malformed" ? "bad-digest" : "digest-mismatch";
    if (this.#isWhole) return this.#drop(refusal);
    const { upload, visit } = this.#terms;
    upload.truncate(this.#startBytes);
    return refuse(visit, refusal, [["Upload-Complete", "?0"]]);
  }

  async #acknowledge(): Promise<Reply> {
    const { upload, visit, isCreation, maxBytes } = this.#terms;
    // SECURITY: told is only what a loss of power doesn't take back: the client may forget what is behind the offset.
    await upload.sync();
    const state = stateFields({ isComplete: false, offset: upload.writtenBytes, length: this.#length });
    const limits = lifeLimitField(maxBytes, upload, visit.site.clock.nowMs());
    return {
      kind: "reply",
      status: isCreation ? 201 : 204,
      fields: isCreation ? [uploadLocation(upload), ...state, limits] : [...state, limits],
      body: { kind: "bytes", bytes: new Uint8Array(0) },
    };
  }

  async #complete(trailers: Fields): Promise<Reply> {
    const { upload, visit, desk, onExist } = this.#terms;
    const sizeBytes = upload.writtenBytes;
    if (this.#length !== undefined && this.#length !== sizeBytes) return refuseLength();
    const began = recallVisit(visit, upload.note);
    if (!this.#isWhole) {
      const whole = { kind: "slice", file: upload, position: 0, length: sizeBytes } as const;
      const lookups = [began.lookup, visit.lookup, (name: string) => trailers.get(name)];
      const comparison = await compareWhole(whole, lookups);
      if (comparison !== "match") {
        return this.#drop(comparison === "malformed" ? "bad-digest" : "digest-mismatch");
      }
    }
    const reply = withState(await this.#save(began, onExist), sizeBytes);
    desk.keepReply(upload.token, { sizeBytes, reply });
    return reply;
  }

  /**
   * SECURITY: the conditions of the request that began it, and the operator's choice, are asked now once more: between the
   * check of an upload's head and its end there can be a day.
   */
  async #save(began: Visit, onExist: OnExist): Promise<Reply> {
    const { upload, visit } = this.#terms;
    try {
      const committed = await upload.commit(writeOptions(began, onExist));
      const reply = replySaved(visit, committed);
      // Told of a file that was replaced, too: tus-js-client wants it of every answer to a creation.
      const location: Field = ["Location", formatUrlPath(committed.names, { isFolder: false })];
      return committed.isNew ? reply : { ...reply, fields: [location, ...reply.fields] };
    } catch (error) {
      return refuseError(visit, error);
    }
  }

  /** Refuses what can't be saved, for good. */
  #drop(refusal: Refusal, fields: readonly Field[] = []): Reply {
    const { upload, visit } = this.#terms;
    upload.discard();
    this.abort();
    return refuse(visit, refusal, [["Upload-Complete", "?1"], ...fields]);
  }

  #refuseSuperseded(): Reply {
    return { ...refuse(this.#terms.visit, "upload-superseded"), close: true };
  }
}

function withState(reply: Reply, offset: number): Reply {
  return {
    ...reply,
    fields: [...reply.fields, ...stateFields({ isComplete: true, offset, length: offset })],
  };
}
