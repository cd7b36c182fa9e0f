/**
 * Digest fields: Repr-Digest and Content-Digest with their Want- counterparts (RFC 9530), and the older Digest and
 * Want-Digest (RFC 3230), which download tools still use.
 */
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { splitList } from "./field-list.ts";
import { parseParameterized } from "./parameters.ts";
import { qualityOf } from "./quality.ts";
import { parseDictionary } from "./structured-dictionary.ts";

/** The algorithms that RFC 9530 §5 calls active. */
export type DigestAlgorithm = "sha-256" | "sha-512";

/** What a digest field says; algorithms that are not known here are left out. */
export type DigestField =
  | { readonly kind: "digests"; readonly digests: ReadonlyMap<DigestAlgorithm, Uint8Array> }
  | { readonly kind: "malformed" };

// In the order of preference when a client weighs them the same.
const DIGEST_LENGTHS: ReadonlyMap<DigestAlgorithm, number> = new Map([
  ["sha-256", 32],
  ["sha-512", 64],
]);

const MAX_WEIGHT = 10;

/** The name of `algorithm` outside HTTP: that which hash functions are made by. */
export function hasherName(algorithm: DigestAlgorithm): "sha256" | "sha512" {
  return algorithm === "sha-256" ? "sha256" : "sha512";
}

/**
 * Chooses the digest to send by Want-Repr-Digest or Want-Content-Digest (RFC 9530 §4): the known algorithm
 * with the highest weight; a weight of 0 means not wanted. Members whose weight is no integer of 0 to 10 are
 * passed over.
 * @returns `undefined` when none is wanted or the field is absent or malformed.
 */
export function chooseWantedDigest(wantField: string | undefined): DigestAlgorithm | undefined {
  const members = wantField === undefined ? undefined : parseDictionary(wantField);
  let best: DigestAlgorithm | undefined;
  let bestWeight = 0;
  for (const algorithm of DIGEST_LENGTHS.keys()) {
    const weight = members?.get(algorithm);
    if (weight?.kind !== "integer" || weight.value <= bestWeight || weight.value > MAX_WEIGHT) continue;
    best = algorithm;
    bestWeight = weight.value;
  }
  return best;
}

/**
 * Chooses the digest to send by the obsolete Want-Digest (RFC 3230 §4.3.1), such as `SHA-256;q=1, sha;q=0.5`.
 * Nothing weaker is offered.
 * @returns `undefined` when SHA-256 is not named, is named with a weight of 0, or the field is absent.
 */
export function chooseLegacyDigest(wantDigest: string | undefined): "SHA-256" | undefined {
  for (const element of splitList(wantDigest ?? "")) {
    const parsed = parseParameterized(element);
    if (parsed?.head.toLowerCase() !== "sha-256") continue;
    if ((qualityOf(parsed.parameters) ?? 0) > 0) return "SHA-256";
  }
  return undefined;
}

/** Writes a member of Repr-Digest or Content-Digest: `sha-256=:…:` (RFC 9530 §2, §3). */
export function formatDigestField(algorithm: DigestAlgorithm, bytes: Uint8Array): string {
  return `${algorithm}=:${encodeBase64(bytes)}:`;
}

/**
 * Reads Repr-Digest or Content-Digest (RFC 9530 §2, §3).
 * @returns `"malformed"` when it is no dictionary, or a known algorithm's member is no byte sequence of that
 *   algorithm's length.
 */
export function parseDigestField(value: string): DigestField {
  const members = parseDictionary(value);
  if (members === undefined) return { kind: "malformed" };
  const digests = new Map<DigestAlgorithm, Uint8Array>();
  for (const [algorithm, length] of DIGEST_LENGTHS) {
    const member = members.get(algorithm);
    if (member === undefined) continue;
    if (member.kind !== "bytes" || member.bytes.length !== length) return { kind: "malformed" };
    digests.set(algorithm, member.bytes);
  }
  return { kind: "digests", digests };
}

/** Writes the obsolete Digest field: `SHA-256=…` (RFC 3230 §4.3.2). */
export function formatLegacyDigest(bytes: Uint8Array): string {
  return `SHA-256=${encodeBase64(bytes)}`;
}

/**
 * Reads the SHA-256 from the obsolete Digest field (RFC 3230 §4.3.2), such as `SHA-256=X48E9q…, md5=…`.
 * @returns its 32 bytes; `undefined` when there is none, or it is malformed.
 */
export function parseLegacyDigest(value: string): Uint8Array | undefined {
  for (const element of splitList(value)) {
    const base64 = /^sha-256=(.*)$/i.exec(element)?.[1];
    if (base64 === undefined) continue;
    const bytes = decodeBase64(base64);
    return bytes?.length === DIGEST_LENGTHS.get("sha-256") ? bytes : undefined;
  }
  return undefined;
}
