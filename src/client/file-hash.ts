/**
 * Digests of a file whose bytes come in any order, by reading it back: while they come, the system has them in memory. A
 * large file is hashed in a thread, beside the transfer.
 */
import type { ReadableFile } from "../base/piece.ts";
import { nextTurn } from "../base/turn.ts";
import { type DigestAlgorithm, hasherName } from "../semantics/digest.ts";
import { settleWithin, throwIfInterrupted } from "./interruption.ts";
import { HashThread, type WrittenBytes } from "./hash-thread.ts";
import { TransferError } from "./transfer-error.ts";

export type Digests = ReadonlyMap<DigestAlgorithm, Uint8Array>;

/** A smaller file is hashed when it is there, in less time than a thread needs to begin. */
export const THREAD_ABOVE_BYTES = 8 * 1024 * 1024;
/** So much is hashed here before others have their turn, about 1 ms. */
const TURN_BYTES = 1024 * 1024;

export class FileHash {
  readonly #file: Pick<ReadableFile, "read" | "fd">;
  readonly #algorithms = new Set<DigestAlgorithm>();
  #thread: HashThread | undefined;
  /** What is known of its length, if anything. */
  #isLarge = false;
  #isStopped = false;

  /** @param file without a descriptor, it is never hashed in a thread. */
  constructor(file: Pick<ReadableFile, "read" | "fd">) {
    this.#file = file;
  }

  /** Adds an algorithm, if it isn't computed already. */
  need(algorithm: DigestAlgorithm): void {
    if (this.#algorithms.has(algorithm)) return;
    this.#algorithms.add(algorithm);
    this.restart();
  }

  /** Forgets what was hashed: the file begins anew. */
  restart(): void {
    this.#thread?.end();
    this.#thread = undefined;
  }

  /** Takes note of the file's length: with a large one the thread begins before its bytes come. */
  expect(sizeBytes: number): void {
    this.#isLarge = sizeBytes >= THREAD_ABOVE_BYTES;
  }

  /** Memory to read the bytes at `position` into, if they come next: the thread hashes them there. Else `undefined`. */
  lend(position: number): Uint8Array | undefined {
    return this.#thread?.lend(position);
  }

  /** Whether `latest` would be read from the file again, as far as is known. */
  readsBack(latest: WrittenBytes): boolean {
    if (this.#algorithms.size === 0) return false;
    return this.#thread?.canShare(latest) !== true;
  }

  /**
   * Takes note that `prefixEnd` bytes, from the beginning on, are there without a gap; `latest` may be the last of them.
   * @returns what to wait for before more are written, if anything: whoever doesn't wait has them read from the file.
   */
  advance(prefixEnd: number, latest?: WrittenBytes): Promise<void> | undefined {
    const { fd } = this.#file;
    if (this.#algorithms.size === 0 || this.#isStopped || fd === undefined) return undefined;
    if (prefixEnd < THREAD_ABOVE_BYTES && !this.#isLarge) return undefined;
    this.#thread ??= new HashThread(fd, this.#algorithms);
    return this.#thread.advance(prefixEnd, latest);
  }

  /** Ends for good. A thread may still read once, from a descriptor that is closed by then: nobody gets what it reads. */
  stop(): void {
    this.#isStopped = true;
    this.restart();
  }

  /**
   * The digests of the file's first `sizeBytes`, all of which are there. Whoever doesn't want them any more calls
   * {@link stop}, or aborts `signal`.
   * @throws {TransferError} phase `save` when it has become shorter or is interrupted, and what reading throws.
   */
  async finish(sizeBytes: number, signal?: AbortSignal): Promise<Digests> {
    void this.advance(sizeBytes);
    try {
      const hashing = this.#thread?.finish(sizeBytes);
      const digests = hashing && (await settleWithin(hashing, { phase: "save", signal }));
      return digests ?? (await this.#hashHere(sizeBytes, signal));
    } finally {
      this.restart();
    }
  }

  /** Small files, and all where there is no thread to be had. */
  async #hashHere(sizeBytes: number, signal: AbortSignal | undefined): Promise<Digests> {
    const hashers = [...this.#algorithms].map((algorithm) => {
      return [algorithm, new Bun.CryptoHasher(hasherName(algorithm))] as const;
    });
    const scratch = Buffer.allocUnsafeSlow(hashers.length === 0 ? 0 : Math.min(sizeBytes, TURN_BYTES));
    for (let position = 0; scratch.length > 0 && position < sizeBytes && !this.#isStopped;) {
      const target = scratch.subarray(0, Math.min(scratch.length, sizeBytes - position));
      const count = this.#file.read(target, position);
      if (count === 0) throw new TransferError("save", "The part file became shorter while it was checked");
      for (const [, hasher] of hashers) hasher.update(target.subarray(0, count));
      position += count;
      if (position === sizeBytes) break;
      await nextTurn();
      throwIfInterrupted("save", signal);
    }
    return new Map(hashers.map(([algorithm, hasher]) => [algorithm, hasher.digest()]));
  }
}
