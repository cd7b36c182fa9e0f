/**
 * Asks a server for a file: all of it, a part of it, or what it is. What belongs to the user's own server is told to it alone.
 */
import type { Field, Fields } from "../wire/fields.ts";
import { discardBody } from "./conversation.ts";
import type { DownloadOptions } from "./download-options.ts";
import type { Segment } from "./download-plan.ts";
import type { RemoteUrl } from "./origin.ts";
import type { PartStore } from "./part-store.ts";
import { type AskedRange, judgeRangeAnswer } from "./range-answer.ts";
import { type Arrival, follow, isSameOrigin } from "./redirect.ts";
import type { Reply, Session } from "./session.ts";
import { strongValidator } from "./validator.ts";
import { DIGEST_FIELDS } from "./verify.ts";

export class FileSource {
  readonly #session: Session;
  readonly #options: DownloadOptions;
  readonly #store: PartStore;

  constructor(session: Session, options: DownloadOptions, store: PartStore) {
    this.#session = session;
    this.#options = options;
    this.#store = store;
  }

  /** Asks for the whole, or for what is missing; and for the digest, if that `isWanted`. */
  ask(asked: AskedRange | undefined, wantsDigest: boolean): Promise<Arrival> {
    return follow(this.#session, {
      url: this.#options.url,
      fields: [...(wantsDigest ? DIGEST_FIELDS : []), ...rangeFields(asked, this.#options.accept)],
      ownFields: this.#options.ownFields,
      signal: this.#options.signal,
    });
  }

  /** Asks for one part over a connection of its own; where it is not given, the others fetch it. */
  async askPart(url: RemoteUrl, { position, end }: Segment): Promise<Reply | undefined> {
    const validator = this.#store.version?.validator;
    if (validator === undefined) return undefined;
    const asked = { start: position, end, validator, totalBytes: this.#store.version?.totalBytes };
    const { reply } = await follow(this.#session, {
      url,
      fields: rangeFields(asked, this.#options.accept),
      ownFields: isSameOrigin(url, this.#options.url) ? this.#options.ownFields : [],
      isExtra: true,
      signal: this.#options.signal,
    });
    const verdict = judgeRangeAnswer(reply.head, asked, { url, savedAs: this.#store.path });
    if (verdict?.kind === "part" && verdict.end === end) return reply;
    reply.connection.close();
    return undefined;
  }

  /**
   * The fields of the version that is being fetched; `undefined` when it is another one there.
   * @param over ends the question when the answer is of no use any more.
   */
  async askHead(url: RemoteUrl, fields: readonly Field[], over?: AbortSignal): Promise<Fields | undefined> {
    const signals = [this.#options.signal, over].filter((signal) => signal !== undefined);
    const { reply } = await follow(this.#session, {
      url,
      method: "HEAD",
      fields,
      ownFields: isSameOrigin(url, this.#options.url) ? this.#options.ownFields : [],
      signal: AbortSignal.any(signals),
    });
    await discardBody(this.#session, reply);
    const { head } = reply;
    const validator = strongValidator(head.fields, this.#session.options.clock.nowMs());
    return head.status === 200 && validator?.value === this.#store.version?.validator?.value
      ? head.fields
      : undefined;
  }
}

function rangeFields(asked: AskedRange | undefined, accept = "*/*"): readonly Field[] {
  if (asked === undefined) return [["Accept", accept]];
  const last = asked.end === undefined ? "" : String(asked.end - 1);
  return [
    ["Accept", accept],
    ["Range", `bytes=${asked.start}-${last}`],
    ["If-Range", asked.validator.value],
  ];
}
