/**
 * Digests that come with an upload (RFC 9530, RFC 3230): what was promised, before or after the body, against what arrived.
 */
import {
  type DigestAlgorithm,
  hasherName,
  parseDigestField,
  parseLegacyDigest,
} from "../semantics/digest.ts";
import type { FileSlice } from "../base/piece.ts";
import { EVERYBODY } from "../base/portions.ts";
import type { FieldLookup } from "../semantics/field-list.ts";
import { hashPieces } from "./digests.ts";
import type { Visit } from "./site.ts";

/** What the client says that the body's digest is; the same algorithm can be named more than once. */
type Promised = readonly (readonly [DigestAlgorithm, Uint8Array])[];

/**
 * The body is stored as it comes, without codings: so the digest of the representation and that of the content are the same
 * (RFC 9530 §2, §3).
 */
const FIELDS: readonly string[] = ["repr-digest", "content-digest"];

export class BodyDigests {
  readonly #promised: Promised;
  readonly #hashers = new Map<DigestAlgorithm, Bun.CryptoHasher>();

  private constructor(promised: Promised, algorithms: ReadonlySet<DigestAlgorithm>) {
    this.#promised = promised;
    for (const algorithm of algorithms) {
      this.#hashers.set(algorithm, new Bun.CryptoHasher(hasherName(algorithm)));
    }
  }

  /** Begins to check a body by its request's fields; `"malformed"` when one of them can't be read. */
  static begin({ request, lookup }: Visit): BodyDigests | "malformed" {
    const promised = readPromised(lookup);
    if (promised === undefined) return "malformed";
    const algorithms = new Set(promised.map(([algorithm]) => algorithm));
    if (request.framing.kind === "chunked") {
      // Trailers may hold digests, announced or not; the stronger one is prepared for only when it is.
      algorithms.add("sha-256");
      if (/digest/i.test(lookup("trailer") ?? "")) algorithms.add("sha-512");
    }
    return new BodyDigests(promised, algorithms);
  }

  /** Takes the next bytes of the body. */
  update(bytes: Uint8Array): void {
    for (const hasher of this.#hashers.values()) hasher.update(bytes);
  }

  /**
   * Compares, once, at the end of the body. An algorithm that only the trailers name, unannounced, was not prepared for, and is
   * passed over, as one that isn't known is (RFC 9530 §2, §3: any digest may be ignored).
   */
  compare(trailers: FieldLookup): "match" | "mismatch" | "malformed" {
    const late = readPromised(trailers);
    if (late === undefined) return "malformed";
    const found = new Map<DigestAlgorithm, Uint8Array>();
    for (const [algorithm, hasher] of this.#hashers) found.set(algorithm, hasher.digest());
    const isKept = [...this.#promised, ...late].every(([algorithm, digest]) => {
      const actual = found.get(algorithm);
      return actual === undefined || Buffer.compare(actual, digest) === 0;
    });
    return isKept ? "match" : "mismatch";
  }
}

/** The digests of a whole that came in parts, as each of `lookups` promises them, compared with `whole`. */
export async function compareWhole(
  whole: FileSlice,
  lookups: readonly FieldLookup[],
): Promise<"match" | "mismatch" | "malformed"> {
  const found = new Map<DigestAlgorithm, Uint8Array | undefined>();
  for (const lookup of lookups) {
    const promised = readPromised(lookup, ["repr-digest"]);
    if (promised === undefined) return "malformed";
    for (const [algorithm, digest] of promised) {
      if (!found.has(algorithm)) found.set(algorithm, await hashPieces([whole], algorithm, EVERYBODY));
      const actual = found.get(algorithm);
      if (actual === undefined || Buffer.compare(actual, digest) !== 0) return "mismatch";
    }
  }
  return "match";
}

function readPromised(lookup: FieldLookup, names = FIELDS): Promised | undefined {
  const promised: (readonly [DigestAlgorithm, Uint8Array])[] = [];
  for (const name of names) {
    const value = lookup(name);
    if (value === undefined) continue;
    const parsed = parseDigestField(value);
    if (parsed.kind === "malformed") return undefined;
    promised.push(...parsed.digests);
  }
  const legacy = lookup("digest");
  if (legacy === undefined || !/(?:^|[\s,])sha-256=/i.test(legacy)) return promised;
  const digest = parseLegacyDigest(legacy);
  return digest === undefined ? undefined : [...promised, ["sha-256", digest]];
}
