/**
 * What a file must be, by the server's word and by the user's, and whether it is.
 */
import type { Fields } from "../wire/fields.ts";
import type { FileHash } from "./file-hash.ts";
import type { PartStore } from "./part-store.ts";
import {
  announcedSha256,
  announcesDigestTrailer,
  decideProof,
  differsFromAnnounced,
  isSameDigest,
  missingDigest,
  type ProofWishes,
  type Proven,
} from "./verify.ts";

type ProofOptions = ProofWishes & { readonly signal?: AbortSignal | undefined };

export class FileProof {
  readonly #store: PartStore;
  readonly #hash: FileHash;
  readonly #options: ProofOptions;
  /** Whether the server would have sent a digest in trailers that were not read. */
  #missesTrailers = false;
  /** Whether the content came in pieces: what holds of each may not hold of what they were put together to. */
  #isPieced = false;

  constructor(store: PartStore, hash: FileHash, options: ProofOptions) {
    this.#store = store;
    this.#hash = hash;
    this.#options = options;
    if (options.checksum !== undefined) hash.need(options.checksum.algorithm);
  }

  /** Whether to ask the server for a digest. The user's own is proof enough: the server need not compute one. */
  get isWanted(): boolean {
    return this.#options.checksum === undefined && this.#store.version?.sha256 === undefined;
  }

  /** Whether a digest is still to be asked for when all the rest is there. */
  get isMissing(): boolean {
    if (!this.isWanted) return false;
    return this.#missesTrailers || this.#isPieced || this.#options.requireDigest === true;
  }

  /**
   * Takes note of what a head announces.
   * @throws {TransferError} phase `verify` when the server contradicts itself.
   */
  learn(fields: Fields, content: "whole" | "part"): void {
    this.#isPieced = content === "part";
    const sha256 = announcedSha256(fields, content);
    const known = this.#store.version?.sha256;
    if (known !== undefined && sha256 !== undefined && !isSameDigest(known, sha256)) {
      throw differsFromAnnounced();
    }
    if (sha256 !== undefined) this.#store.learn({ sha256 });
    if (this.#store.version?.sha256 !== undefined || announcesDigestTrailer(fields)) {
      this.#hash.need("sha-256");
    }
  }

  /** Takes note of the trailers behind `head`, announced or not (RFC 9110 §6.6.2); `undefined` when they were not read. */
  learnFromTrailers(head: Fields, trailers: Fields | undefined): void {
    const sha256 = trailers === undefined ? undefined : announcedSha256(trailers, "whole");
    this.#missesTrailers = sha256 === undefined && announcesDigestTrailer(head);
    if (sha256 !== undefined) this.#store.learn({ sha256 });
  }

  /**
   * Looks, before the content is taken, whether it can be proven as the user requires.
   * @throws {TransferError} phase `verify`.
   */
  refuseUnprovable(head: Fields): void {
    const { requireDigest, checksum } = this.#options;
    if (requireDigest !== true || checksum !== undefined || this.#store.version?.sha256 !== undefined) return;
    if (!announcesDigestTrailer(head)) throw missingDigest();
  }

  /**
   * Compares the file of `sizeBytes`, all of which is on the disk, with what it must be.
   * @returns the proof; `undefined` when there is none but its length.
   * @throws {TransferError} phase `verify` when it is something else, `save` when it is interrupted.
   */
  async check(sizeBytes: number): Promise<Proven | undefined> {
    const announced = this.#store.version?.sha256;
    if (announced !== undefined) this.#hash.need("sha-256");
    const digests = await this.#hash.finish(sizeBytes, this.#options.signal);
    return decideProof({ announced, digests }, this.#options);
  }
}
