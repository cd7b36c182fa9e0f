/**
 * Checks content that goes to a consumer, in order, against the digest that its head or its trailers announce (RFC 9530;
 * before that RFC 3230), and against the user's.
 */
import { type DigestAlgorithm, hasherName } from "../semantics/digest.ts";
import type { Fields } from "../wire/fields.ts";
import {
  announcedSha256,
  announcesDigestTrailer,
  decideProof,
  missingDigest,
  type ProofWishes,
  type Proven,
} from "./verify.ts";

export class DigestCheck {
  readonly #wishes: ProofWishes;
  readonly #hashers = new Map<DigestAlgorithm, Bun.CryptoHasher>();
  #announced: Uint8Array | undefined;

  /**
   * The check for the whole content of an answer in no coding.
   * @throws {TransferError} phase `verify` when a digest is required and none will come.
   */
  constructor(fields: Fields, wishes: ProofWishes) {
    this.#wishes = wishes;
    const { checksum, requireDigest } = wishes;
    this.#announced = announcedSha256(fields, "whole");
    const isAnnounced = this.#announced !== undefined || announcesDigestTrailer(fields);
    if (requireDigest === true && !isAnnounced && checksum === undefined) throw missingDigest();
    if (isAnnounced) this.#need("sha-256");
    if (checksum !== undefined) this.#need(checksum.algorithm);
  }

  update(bytes: Uint8Array): void {
    for (const hasher of this.#hashers.values()) hasher.update(bytes);
  }

  /**
   * @returns who has proven the content; `undefined` when nobody has.
   * @throws {TransferError} phase `verify` when what came is not what was announced.
   */
  finish(trailers: Fields): Proven | undefined {
    const announced = this.#announced ?? announcedSha256(trailers, "whole");
    const digests = new Map([...this.#hashers].map(([name, hasher]) => [name, hasher.digest()]));
    // What comes behind the content unannounced comes too late to be compared.
    return decideProof({ announced: digests.has("sha-256") ? announced : undefined, digests }, this.#wishes);
  }

  #need(algorithm: DigestAlgorithm): void {
    if (this.#hashers.has(algorithm)) return;
    this.#hashers.set(algorithm, new Bun.CryptoHasher(hasherName(algorithm)));
  }
}
