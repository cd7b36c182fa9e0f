/**
 * What a content's digest must be: as the server announces it (RFC 9530, RFC 3230), and as the user expects it.
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

/** What the user wants to have proven. */
export type ProofWishes = {
  readonly checksum?: Checksum | undefined;
  readonly requireDigest?: boolean | undefined;
};

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

/** The proof that a content is whole: which digest has shown it, and whose it was. */
export type Proven = { readonly algorithm: DigestAlgorithm; readonly by: "server" | "user" };

/** What speaks for a content. */
export type Evidence = {
  /** The SHA-256 that the server announces. */
  readonly announced: Uint8Array | undefined;
  /** What has been computed of what came: at least what the server and the user have named. */
  readonly digests: ReadonlyMap<DigestAlgorithm, Uint8Array>;
};

/**
 * Decides what a content is proven by: it must be what the server announces, and what the user expects, whose word is the one
 * that counts.
 * @returns `undefined` when nobody has named a digest.
 * @throws {TransferError} phase `verify` when it is something else, or a digest is required and there is none.
 */
export function decideProof({ announced, digests }: Evidence, wishes: ProofWishes): Proven | undefined {
  const { checksum, requireDigest } = wishes;
  if (announced !== undefined && !isSameDigest(announced, digests.get("sha-256")))
    throw differsFromAnnounced();
  if (checksum !== undefined) {
    const { algorithm, digest } = checksum;
    if (!isSameDigest(digest, digests.get(algorithm))) throw differsFromChecksum(checksum);
    return { algorithm, by: "user" };
  }
  if (announced !== undefined) return { algorithm: "sha-256", by: "server" };
  if (requireDigest === true) throw missingDigest();
  return undefined;
}

/** The error for content that is not what the user expects. */
function differsFromChecksum({ algorithm }: Checksum): TransferError {
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

/** The SHA-256 that a digest field gives (RFC 9530 §2, §3); `undefined` when it gives none that can be read. */
export function sha256Of(value: string | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const parsed = parseDigestField(value);
  return parsed.kind === "digests" ? parsed.digests.get("sha-256") : undefined;
}
