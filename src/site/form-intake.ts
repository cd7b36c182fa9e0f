/**
 * Takes a form, and saves the files in it into a folder (RFC 7578). Nothing gets its name before the whole form has come
 * and is valid.
 */
import { assertNever } from "../base/assert-never.ts";
import { FormDataError, type FormDataEvent, FormDataReader } from "../semantics/form-data.ts";
import type { Committed, Upload } from "../store/store.ts";
import type { Fields } from "../wire/fields.ts";
import { formatUrlPath, parseUrlPath, type UrlPath } from "../wire/target.ts";
import { allowsFile, isHiddenName, isPlainFileName } from "./access.ts";
import type { BodyDigests } from "./body-digests.ts";
import { type FileOfForm, type Refusal, refuseError, refuseForm } from "./refusal.ts";
import type { Intake, Reply } from "./reply.ts";
import { replyFormSaved } from "./saved.ts";
import type { Visit } from "./site.ts";
import { MAX_FORM_FILES, type UploadTerms } from "./upload-terms.ts";

export type FormTerms = {
  readonly terms: UploadTerms;
  readonly digests: BodyDigests;
  readonly boundary: string;
  /** For the form as a whole, in bytes. */
  readonly bodyLimitBytes: number;
};

/** Where the content of the current part goes. A file field without a file comes with an empty name and no content. */
type Part = Upload | "ignored" | "unnamed";

export class FormIntake implements Intake {
  readonly kind = "intake";
  readonly #visit: Visit;
  readonly #folder: UrlPath;
  readonly #form: FormTerms;
  readonly #reader: FormDataReader;
  readonly #uploads: { readonly upload: Upload; readonly fileName: string }[] = [];
  readonly #names = new Set<string>();
  #part: Part = "ignored";
  /** The file that is being read, or saved. */
  #file: FileOfForm | undefined;
  #bodyBytes = 0;
  #fileBytes = 0;
  #hasEnded = false;

  constructor(visit: Visit, folder: UrlPath, form: FormTerms) {
    this.#visit = visit;
    this.#folder = folder;
    this.#form = form;
    this.#reader = new FormDataReader(form.boundary);
  }

  receive(bytes: Uint8Array): Reply | undefined {
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes > this.#form.bodyLimitBytes) return this.#refuse("too-large");
    this.#form.digests.update(bytes);
    this.#reader.receive(bytes);
    return this.#read();
  }

  async finish(trailers: Fields): Promise<Reply> {
    this.#reader.receiveEnd();
    const refused = this.#read();
    if (refused !== undefined) return refused;
    if (!this.#hasEnded) return this.#refuse("bad-form");
    const comparison = this.#form.digests.compare((name) => trailers.get(name));
    if (comparison !== "match") {
      return this.#refuse(comparison === "malformed" ? "bad-digest" : "digest-mismatch");
    }
    if (this.#uploads.length === 0) return this.#refuse("empty-form");
    try {
      return replyFormSaved(this.#visit, this.#folder.names, await this.#commitAll());
    } catch (error) {
      this.abort();
      return refuseError(this.#visit, error, this.#file);
    }
  }

  abort(): void {
    for (const { upload } of this.#uploads) upload.discard();
  }

  /**
   * First all to the disk, which may be full or fail; then the names, one after the other: each file is whole or not there. What a
   * failure leaves uncommitted is dropped by {@link abort}.
   */
  async #commitAll(): Promise<readonly Committed[]> {
    for (const { upload, fileName } of this.#uploads) {
      this.#file = { name: fileName, areOthersSaved: false };
      await upload.sync();
    }
    const saved: Committed[] = [];
    for (const { upload, fileName } of this.#uploads) {
      this.#file = { name: fileName, areOthersSaved: saved.length > 0 };
      saved.push(await upload.commit());
    }
    return saved;
  }

  /** Acts upon all that the reader can tell by now. */
  #read(): Reply | undefined {
    try {
      for (let event = this.#reader.next(); event !== undefined; event = this.#reader.next()) {
        const refusal = this.#take(event);
        if (refusal !== undefined) return this.#refuse(refusal);
      }
    } catch (error) {
      this.abort();
      return error instanceof FormDataError
        ? refuseForm(this.#visit, "bad-form", undefined)
        : refuseError(this.#visit, error, this.#file);
    }
    return undefined;
  }

  #take(event: FormDataEvent): Refusal | undefined {
    switch (event.kind) {
      case "part":
        return this.#beginPart(event.fileName);
      case "data":
        return this.#takeData(event.bytes);
      case "part-end":
        this.#part = "ignored";
        this.#file = undefined;
        return undefined;
      case "end":
        this.#hasEnded = true;
        return undefined;
      default:
        return assertNever(event);
    }
  }

  #beginPart(fileName: string | undefined): Refusal | undefined {
    if (fileName === undefined || fileName === "") {
      this.#part = fileName === undefined ? "ignored" : "unnamed";
      return undefined;
    }
    if (this.#uploads.length >= MAX_FORM_FILES) return "too-many-files";
    this.#file = { name: fileName, areOthersSaved: false };
    const { policy } = this.#visit.site;
    if (!isPlainFileName(fileName)) return "bad-file-name";
    if (isHiddenName(fileName)) return "hidden-name";
    if (!allowsFile(fileName, policy)) return "upload-type";
    const { uploads, options } = this.#form.terms;
    if (options.onExist === "refuse" && this.#names.has(fileName)) return "exists";
    const path = parseUrlPath(formatUrlPath([...this.#folder.names, fileName], { isFolder: false }));
    if (path === undefined) return "bad-file-name";
    this.#names.add(fileName);
    this.#part = uploads.begin(path, options);
    this.#uploads.push({ upload: this.#part, fileName });
    return undefined;
  }

  #takeData(bytes: Uint8Array): Refusal | undefined {
    if (this.#part === "ignored") return undefined;
    if (this.#part === "unnamed") return "bad-file-name";
    this.#fileBytes += bytes.length;
    if (this.#fileBytes > this.#form.terms.maxBytes) return "too-large";
    this.#part.write(bytes);
    return undefined;
  }

  #refuse(refusal: Refusal): Reply {
    this.abort();
    return refuseForm(this.#visit, refusal, this.#file);
  }
}
