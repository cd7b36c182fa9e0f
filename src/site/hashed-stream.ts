/**
 * A file that is hashed while it is sent: its digests follow as trailers (RFC 9530 §6.1 with RFC 9110 §6.5).
 */
import { type DigestAlgorithm, hasherName } from "../semantics/digest.ts";
import type { OpenFile } from "../store/store.ts";
import type { Field } from "../wire/fields.ts";
import { type DigestWant, formatDigest, type KnownDigests } from "./digests.ts";
import { FileStream } from "./file-stream.ts";
import type { ReplyStream } from "./reply.ts";

export class HashedStream implements ReplyStream {
  readonly #content: FileStream;
  readonly #wants: readonly DigestWant[];
  readonly #known: KnownDigests;
  readonly #hashers = new Map<DigestAlgorithm, Bun.CryptoHasher>();

  /** Takes over `file`; what is found out is put into `known`. */
  constructor(file: OpenFile, wants: readonly DigestWant[], known: KnownDigests) {
    this.#content = new FileStream(file);
    this.#wants = wants;
    this.#known = known;
    for (const { algorithm } of wants) {
      this.#hashers.set(algorithm, new Bun.CryptoHasher(hasherName(algorithm)));
    }
  }

  next(): Uint8Array | undefined {
    const bytes = this.#content.next();
    if (bytes === undefined) return undefined;
    for (const hasher of this.#hashers.values()) hasher.update(bytes);
    return bytes;
  }

  trailers(): readonly Field[] {
    const digests = new Map<DigestAlgorithm, Uint8Array>();
    for (const [algorithm, hasher] of this.#hashers) {
      const digest = hasher.digest();
      digests.set(algorithm, digest);
      this.#known.put(this.#content.file, algorithm, digest);
    }
    return this.#wants.flatMap((want) => {
      const digest = digests.get(want.algorithm);
      return digest === undefined ? [] : [formatDigest(want, digest)];
    });
  }

  close(): void {
    this.#content.close();
  }
}
