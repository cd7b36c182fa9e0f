/**
 * Takes a body that is one file.
 */
import type { Upload } from "../store/store.ts";
import type { Fields } from "../wire/fields.ts";
import type { BodyDigests } from "./body-digests.ts";
import { type Refusal, refuse, refuseError } from "./refusal.ts";
import type { Intake, Reply } from "./reply.ts";
import { replySaved } from "./saved.ts";
import type { Visit } from "./site.ts";

export class FileIntake implements Intake {
  readonly kind = "intake";
  readonly #visit: Visit;
  readonly #upload: Upload;
  readonly #maxBytes: number;
  readonly #digests: BodyDigests;

  /** Takes over `upload`. */
  constructor(
    visit: Visit,
    upload: Upload,
    { maxBytes, digests }: { readonly maxBytes: number; readonly digests: BodyDigests },
  ) {
    this.#visit = visit;
    this.#upload = upload;
    this.#maxBytes = maxBytes;
    this.#digests = digests;
  }

  receive(bytes: Uint8Array): Reply | undefined {
    if (this.#upload.writtenBytes + bytes.length > this.#maxBytes) return this.#refuse("too-large");
    try {
      this.#upload.write(bytes);
    } catch (error) {
      this.#upload.discard();
      return refuseError(this.#visit, error);
    }
    this.#digests.update(bytes);
    return undefined;
  }

  async finish(trailers: Fields): Promise<Reply> {
    const comparison = this.#digests.compare((name) => trailers.get(name));
    if (comparison !== "match") {
      return this.#refuse(comparison === "malformed" ? "bad-digest" : "digest-mismatch");
    }
    return replySaved(this.#visit, await this.#upload.commit());
  }

  abort(): void {
    this.#upload.discard();
  }

  #refuse(refusal: Refusal): Reply {
    this.#upload.discard();
    return refuse(this.#visit, refusal);
  }
}
