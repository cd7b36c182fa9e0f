/**
 * Digests of what is sent (RFC 9530, and RFC 3230 for older clients): what the client wants, what is known already, and
 * the work of finding out.
 */
import { type Piece, pieceLength } from "../base/piece.ts";
import { type Asker, Portions } from "../base/portions.ts";
import { once, oncePer } from "../base/once.ts";
import {
  chooseLegacyDigest,
  chooseWantedDigest,
  type DigestAlgorithm,
  formatDigestField,
  formatLegacyDigest,
  hasherName,
} from "../semantics/digest.ts";
import type { OpenFile, Store } from "../store/store.ts";
import type { Field } from "../wire/fields.ts";
import type { Visit } from "./site.ts";

/** One digest field that the client wants. */
export type DigestWant = {
  readonly field: "Repr-Digest" | "Content-Digest" | "Digest";
  readonly algorithm: DigestAlgorithm;
};

const NO_WANTS: readonly DigestWant[] = [];

/** So much is read at a time; content that is no longer is hashed without waiting for a turn. */
const READ_BYTES = 256 * 1024;
/** So much is hashed in one portion: about 2 ms. */
const PORTION_BYTES = 2 * 1024 * 1024;
const MAX_KNOWN = 10_000;

/** What the request's Want fields come to, in the order in which the fields are sent. */
export function readDigestWants({ lookup }: Visit): readonly DigestWant[] {
  const repr = lookup("want-repr-digest");
  const content = lookup("want-content-digest");
  const legacy = lookup("want-digest");
  if (repr === undefined && content === undefined && legacy === undefined) return NO_WANTS;
  const wants: DigestWant[] = [];
  const reprAlgorithm = chooseWantedDigest(repr);
  const contentAlgorithm = chooseWantedDigest(content);
  if (reprAlgorithm !== undefined) wants.push({ field: "Repr-Digest", algorithm: reprAlgorithm });
  if (contentAlgorithm !== undefined) wants.push({ field: "Content-Digest", algorithm: contentAlgorithm });
  if (chooseLegacyDigest(legacy) !== undefined) wants.push({ field: "Digest", algorithm: "sha-256" });
  return wants;
}

/** Whether the client wants any digest that can be given. */
export function wantsDigest(visit: Visit): boolean {
  return readDigestWants(visit).length > 0;
}

/** The field line that answers a want. */
export function formatDigest({ field, algorithm }: DigestWant, digest: Uint8Array): Field {
  return [field, field === "Digest" ? formatLegacyDigest(digest) : formatDigestField(algorithm, digest)];
}

/** What is known of files that were hashed before, by their version; the ones unused for longest are forgotten. */
export class KnownDigests {
  readonly #known = new Map<string, Uint8Array>();
  readonly #underWay = new Map<string, Finding>();

  get size(): number {
    return this.#known.size;
  }

  get({ version }: OpenFile, algorithm: DigestAlgorithm): Uint8Array | undefined {
    const key = keyOf(version, algorithm);
    const digest = this.#known.get(key);
    if (digest === undefined) return undefined;
    this.#known.delete(key);
    this.#known.set(key, digest);
    return digest;
  }

  /** Remembers the digest of `file`, unless its version doesn't prove its content yet. */
  put({ version, isSettled }: OpenFile, algorithm: DigestAlgorithm, digest: Uint8Array): void {
    if (!isSettled) return;
    this.#known.set(keyOf(version, algorithm), digest);
    if (this.#known.size <= MAX_KNOWN) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  /**
   * Hashes the whole of `file`, once for all who ask at the same time.
   * @returns `undefined` when the file has become shorter, or was written over.
   * @throws {GivenUpError} when all of them have gone.
   */
  async find(file: OpenFile, algorithm: DigestAlgorithm, asker: Asker): Promise<Uint8Array | undefined> {
    const known = this.get(file, algorithm);
    if (known !== undefined) return known;
    const whole: Piece = { kind: "slice", file, position: 0, length: file.sizeBytes };
    // While it isn't settled, two contents could have the same version.
    if (!file.isSettled) return hashPieces([whole], algorithm, asker);
    const key = keyOf(file.version, algorithm);
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) {
      underWay.crowd.join(asker);
      return underWay.digest;
    }
    const crowd = new Crowd(asker);
    const finding = hashPieces([whole], algorithm, crowd).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, { crowd, digest: finding });
    const digest = await finding;
    if (digest !== undefined) this.put(file, algorithm, digest);
    return digest;
  }
}

/** A digest that is being found, and for whom. */
type Finding = { readonly crowd: Crowd; readonly digest: Promise<Uint8Array | undefined> };

/** Several who ask for the same: it is wanted as long as one of them is there. */
class Crowd implements Asker {
  readonly #askers: Asker[];

  constructor(first: Asker) {
    this.#askers = [first];
  }

  join(asker: Asker): void {
    this.#askers.push(asker);
  }

  get isGone(): boolean {
    while (this.#askers.at(-1)?.isGone === true) this.#askers.pop();
    return this.#askers.length === 0;
  }

  get isSilent(): boolean {
    return this.#askers.every(({ isSilent }) => isSilent);
  }
}

/** The digests that are known of the files of a store. */
export const knownDigests = oncePer<Store, KnownDigests>(() => new KnownDigests());

// Used within one portion at a time.
const readBuffer = once(() => Buffer.allocUnsafeSlow(READ_BYTES));

/**
 * Hashes `pieces` in order, in portions.
 * @returns `undefined` when a file has become shorter than its piece, or was written over.
 * @throws {GivenUpError} when `asker` has gone.
 */
export async function hashPieces(
  pieces: readonly Piece[],
  algorithm: DigestAlgorithm,
  asker: Asker,
): Promise<Uint8Array | undefined> {
  const hasher = new Bun.CryptoHasher(hasherName(algorithm));
  const buffer = readBuffer();
  const portions = new Portions(asker);
  const isShort = pieces.reduce((total, piece) => total + pieceLength(piece), 0) <= READ_BYTES;
  let leftBytes = isShort ? READ_BYTES : 0;
  for (const piece of pieces) {
    if (!("kind" in piece)) {
      hasher.update(piece);
      continue;
    }
    for (let done = 0; done < piece.length;) {
      if (leftBytes <= 0) {
        await portions.next();
        leftBytes = PORTION_BYTES;
      }
      const want = Math.min(READ_BYTES, piece.length - done);
      const count = piece.file.read(buffer.subarray(0, want), piece.position + done);
      if (count === 0) return undefined;
      hasher.update(buffer.subarray(0, count));
      done += count;
      leftBytes -= count;
    }
    if (piece.file.isIntact?.() === false) return undefined;
  }
  return hasher.digest();
}

function keyOf(version: string, algorithm: DigestAlgorithm): string {
  return `${algorithm} ${version}`;
}
