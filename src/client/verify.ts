/**
 * Proof that what is on the disk is what was announced: the file's digests, computed while its bytes come, and compared
 * at the end with what the server announced (RFC 9530, RFC 3230) and what the user expects.
 */
import { asBuffer } from "../base/bytes.ts";
import { type DigestAlgorithm, parseDigestField, parseLegacyDigest } from "../semantics/digest.ts";
import type { Fields } from "../wire/fields.ts";
import { TransferError } from "./transfer-error.ts";

/** Fields of a request for the digest that is checked: ahead of the content, or behind it (RFC 9110 §10.1.4). */
export const DIGEST_FIELDS = [
  ["Want-Repr-Digest", "sha-256=1"],
  ["TE", "trailers"],
] as const;

/** A digest that the user brings. */
export type Checksum = { readonly algorithm: DigestAlgorithm; readonly digest: Uint8Array };

/** Reads back what is on the disk: as `PartStore.read`. */
export type ReadBack = (target: Uint8Array, position: number) => number;

type Hashing = {
  readonly algorithm: DigestAlgorithm;
  hasher: Bun.CryptoHasher;
  /** So much of the file, from its beginning, has been hashed. */
  position: number;
};

/** So much is hashed at a time, about 4 ms: the sockets wait. */
const CATCH_UP_BYTES = 1024 * 1024;

/** Hashes a file whose bytes come in any order: those in order at once, the others from the disk (the page cache). */
export class FileHash {
  readonly #read: ReadBack;
  readonly #hashings: Hashing[] = [];
  #scratch: Buffer | undefined;
  #isCatchingUp = false;
  #reachableEnd = 0;
  #isStopped = false;

  constructor(read: ReadBack) {
    this.#read = read;
  }

  /** Whether anything is hashed at all. */
  get isNeeded(): boolean {
    return this.#hashings.length > 0;
  }

  /** Begins with an algorithm, if it isn't computed already. */
  need(algorithm: DigestAlgorithm): void {
    if (this.#hashings.some((hashing) => hashing.algorithm === algorithm)) return;
    this.#hashings.push({ algorithm, hasher: newHasher(algorithm), position: 0 });
  }

  /** Forgets what was hashed: the file begins anew. */
  restart(): void {
    this.#reachableEnd = 0;
    for (const hashing of this.#hashings) {
      hashing.hasher = newHasher(hashing.algorithm);
      hashing.position = 0;
    }
  }

  /**
   * Takes bytes that have just been written at `position`.
   * @param prefixEnd so much is on the disk without a gap.
   */
  written(bytes: Uint8Array, position: number, prefixEnd: number): void {
    this.#reachableEnd = prefixEnd;
    let isBehind = false;
    for (const hashing of this.#hashings) {
      if (hashing.position === position) {
        hashing.hasher.update(bytes);
        hashing.position += bytes.length;
      }
      if (hashing.position < prefixEnd) isBehind = true;
    }
    if (isBehind) this.#catchUpLater();
  }

  /** Ends the work that goes on by itself. */
  stop(): void {
    this.#isStopped = true;
  }

  /** The digests of a file of `sizeBytes`, all of which is on the disk. @throws {TransferError} phase `save`. */
  async finish(sizeBytes: number): Promise<ReadonlyMap<DigestAlgorithm, Uint8Array>> {
    this.#reachableEnd = sizeBytes;
    while (!this.#isStopped && this.#catchUp()) await nextTurn();
    return new Map(this.#hashings.map(({ algorithm, hasher }) => [algorithm, hasher.digest()]));
  }

  #catchUpLater(): void {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    setImmediate(() => {
      this.#isCatchingUp = false;
      if (this.#isStopped) return;
      try {
        if (this.#catchUp()) this.#catchUpLater();
      } catch {
        // Whoever finishes will meet it again.
      }
    });
  }

  /** Hashes the next of what is on the disk; whether there is more. */
  #catchUp(): boolean {
    let isBehind = false;
    for (const hashing of this.#hashings) {
      const missing = this.#reachableEnd - hashing.position;
      if (missing <= 0) continue;
      this.#scratch ??= Buffer.allocUnsafeSlow(CATCH_UP_BYTES);
      const target = this.#scratch.subarray(0, Math.min(missing, CATCH_UP_BYTES));
      const got = this.#read(target, hashing.position);
      if (got === 0) throw new TransferError("save", "The part file became shorter while it was checked");
      hashing.hasher.update(target.subarray(0, got));
      hashing.position += got;
      if (hashing.position < this.#reachableEnd) isBehind = true;
    }
    return isBehind;
  }
}

function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}

function newHasher(algorithm: DigestAlgorithm): Bun.CryptoHasher {
  return new Bun.CryptoHasher(algorithm === "sha-256" ? "sha256" : "sha512");
}

/**
 * The SHA-256 of the whole representation that a head or trailers announce. Content-Digest is of what this message
 * carries (RFC 9530 §2): the same only when that is the whole, in no coding.
 *
 * @returns `undefined` when none is announced, or none that can be read.
 */
export function announcedSha256(fields: Fields, content: "whole" | "part"): Uint8Array | undefined {
  return (
    sha256Of(fields.get("repr-digest")) ??
    (content === "whole" ? sha256Of(fields.get("content-digest")) : undefined) ??
    parseLegacyDigest(fields.get("digest") ?? "")
  );
}

/** Whether a digest will follow in the trailers (RFC 9110 §6.6.2). */
export function announcesDigestTrailer(fields: Fields): boolean {
  return /\b(?:repr-|content-)?digest\b/i.test(fields.get("trailer") ?? "");
}

/** The error for content that is not what the server announced. */
export function differsFromAnnounced(): TransferError {
  return new TransferError(
    "verify",
    "What arrived is not what the server announced: its SHA-256 digest differs; nothing was saved, try again",
    { isRetryable: true },
  );
}

/** The error for content that is not what the user expects. */
export function differsFromChecksum({ algorithm }: Checksum): TransferError {
  return new TransferError(
    "verify",
    `What arrived is not what --checksum asks for: its ${algorithm} digest differs; nothing was saved. Check the URL and the digest`,
  );
}

/** The error for a server that gives no digest where one is required. */
export function missingDigest(): TransferError {
  return new TransferError(
    "verify",
    "The server announces no digest that could be checked, which --require-digest asks for; nothing was saved. Give one with --checksum, or leave --require-digest out",
  );
}

/** Whether two digests are the same. */
export function isSameDigest(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && asBuffer(a).equals(b);
}

function sha256Of(value: string | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const parsed = parseDigestField(value);
  return parsed.kind === "digests" ? parsed.digests.get("sha-256") : undefined;
}
