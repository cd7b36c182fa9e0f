/**
 * Checks content that goes to a consumer, in order, against the digest that its head or its trailers announce (RFC 9530;
 * before that RFC 3230), and against the user's.
 */
import { type DigestAlgorithm, hasherName } from "../semantics/digest.ts";
import type { Fields } from "../wire/fields.ts";
import {
  announcedSha256,
  announcesDigestTrailer,
  type Checksum,
  differsFromAnnounced,
  differsFromChecksum,
  isSameDigest,
  missingDigest,
} from "./verify.ts";

/** Which digest has shown that the content is whole, and whose. */
export type Checked = { readonly algorithm: DigestAlgorithm; readonly by: "server" | "user" };

export class DigestCheck {
  readonly #checksum: Checksum | undefined;
  readonly #isRequired: boolean;
  readonly #hashers = new Map<DigestAlgorithm, Bun.CryptoHasher>();
  #announced: Uint8Array | undefined;

  /**
   * The check for the whole content of an answer in no coding.
   * @throws {TransferError} phase `verify` when a digest is required and none will come.
   */
  constructor(
    fields: Fields,
    options: { readonly checksum?: Checksum | undefined; readonly requireDigest?: boolean | undefined },
  ) {
    this.#checksum = options.checksum;
    this.#isRequired = options.requireDigest === true;
    this.#announced = announcedSha256(fields, "whole");
    const isAnnounced = this.#announced !== undefined || announcesDigestTrailer(fields);
    if (this.#isRequired && !isAnnounced && this.#checksum === undefined) throw missingDigest();
    if (isAnnounced) this.#need("sha-256");
    if (this.#checksum !== undefined) this.#need(this.#checksum.algorithm);
  }

  update(bytes: Uint8Array): void {
    for (const hasher of this.#hashers.values()) hasher.update(bytes);
  }

  /**
   * @returns who has proven the content; `undefined` when nobody has.
   * @throws {TransferError} phase `verify` when what came is not what was announced.
   */
  finish(trailers: Fields): Checked | undefined {
    const announced = this.#announced ?? announcedSha256(trailers, "whole");
    const digests = new Map([...this.#hashers].map(([name, hasher]) => [name, hasher.digest()]));
    const sha256 = digests.get("sha-256");
    if (announced !== undefined && sha256 !== undefined && !isSameDigest(announced, sha256)) {
      throw differsFromAnnounced();
    }
    const checksum = this.#checksum;
    if (checksum !== undefined && !isSameDigest(checksum.digest, digests.get(checksum.algorithm))) {
      throw differsFromChecksum(checksum);
    }
    if (checksum !== undefined) return { by: "user", algorithm: checksum.algorithm };
    if (announced !== undefined && sha256 !== undefined) return { by: "server", algorithm: "sha-256" };
    if (this.#isRequired) throw missingDigest();
    return undefined;
  }

  #need(algorithm: DigestAlgorithm): void {
    if (this.#hashers.has(algorithm)) return;
    this.#hashers.set(algorithm, new Bun.CryptoHasher(hasherName(algorithm)));
  }
}
