/**
 * A thread that hashes a file behind those who write it.
 */
import type { DigestAlgorithm } from "../semantics/digest.ts";

/** What a thread is told; first of all `begin`. */
export type HashOrder =
  | { readonly kind: "begin"; readonly fd: number; readonly algorithms: readonly DigestAlgorithm[] }
  /** So much of the file, from its beginning on, is there. */
  | { readonly kind: "advance"; readonly end: number }
  /** That is all of it. */
  | { readonly kind: "finish"; readonly end: number };

/** What it says at the end; `undefined` when it could not read the file. */
export type HashOutcome = ReadonlyMap<DigestAlgorithm, Uint8Array> | undefined;

/** As much is worth a message, and is still in a cache when the thread reads it back: with 4 MiB that takes a third longer. */
const STEP_BYTES = 1024 * 1024;

export class HashThread {
  readonly #worker: Worker;
  readonly #outcome = Promise.withResolvers<HashOutcome>();
  #end = 0;

  /** @param fd is read from its beginning on; it stays open until the thread has ended, or nobody wants the digests. */
  constructor(fd: number, algorithms: ReadonlySet<DigestAlgorithm>) {
    const { resolve } = this.#outcome;
    // SECURITY: a whole URL, of this file's own place: a path alone would be looked for in the current folder, too.
    this.#worker = new Worker(new URL("./hash-worker.ts", import.meta.url).href);
    this.#worker.addEventListener("message", ({ data }: MessageEvent<HashOutcome>) => resolve(data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      resolve(undefined);
    });
    this.#worker.addEventListener("close", () => resolve(undefined));
    this.#tell({ kind: "begin", fd, algorithms: [...algorithms] });
  }

  /** Tells that the file's first `end` bytes are there. */
  advance(end: number): void {
    if (end - this.#end < STEP_BYTES) return;
    this.#end = end;
    this.#tell({ kind: "advance", end });
  }

  /**
   * Waits for the digests of the file's first `end` bytes, all of which are there.
   * @returns `undefined` when the thread could not find them out, or was ended.
   */
  finish(end: number): Promise<HashOutcome> {
    this.#tell({ kind: "finish", end });
    return this.#outcome.promise;
  }

  /** Ends the thread. A second call does nothing. */
  end(): void {
    this.#outcome.resolve(undefined);
    this.#worker.terminate();
  }

  #tell(order: HashOrder): void {
    this.#worker.postMessage(order, []);
  }
}
