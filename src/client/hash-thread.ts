/**
 * A thread that hashes a file behind those who write it: from memory that both share, as far as the bytes come in order and the
 * thread keeps up, and else by reading the file back.
 */
import type { DigestAlgorithm } from "../semantics/digest.ts";

/** What a thread is told; first of all `begin`. */
export type HashOrder =
  | {
      readonly kind: "begin";
      readonly fd: number;
      readonly algorithms: readonly DigestAlgorithm[];
      readonly shared: SharedBytes;
    }
  /** So much of the file, from its beginning on, is there; what lies from `sharedFrom` on is shared, too. */
  | { readonly kind: "advance"; readonly sharedFrom: number; readonly end: number }
  /** That is all of it. */
  | { readonly kind: "finish"; readonly sharedFrom: number; readonly end: number };

/** What it says at the end; `undefined` when it could not read the file. */
export type HashOutcome = ReadonlyMap<DigestAlgorithm, Uint8Array> | undefined;

/** A ring: the byte at position `p` of the file stands at `p` modulo the ring's length. */
export type SharedBytes = {
  readonly ring: SharedArrayBuffer;
  /** How far the thread has hashed, in whole {@link PROGRESS_BYTES}: what lies before may be overwritten. */
  readonly progress: SharedArrayBuffer;
};

/** A unit that keeps the progress of every file within 32 bits. */
export const PROGRESS_BYTES = 64 * 1024;

const RING_BYTES = 8 * 1024 * 1024;
/** As much is worth a message, and is still in a cache when the thread takes it up. */
const STEP_BYTES = 1024 * 1024;

/** Bytes that have just been written to the file at `position`. */
export type WrittenBytes = { readonly bytes: Uint8Array; readonly position: number };

export class HashThread {
  readonly #worker: Worker;
  readonly #outcome = Promise.withResolvers<HashOutcome>();
  readonly #ring = new Uint8Array(new SharedArrayBuffer(RING_BYTES));
  readonly #progress = new Int32Array(new SharedArrayBuffer(4));
  /** What the thread has been told of. */
  #toldEnd = 0;
  /** What follows is shared up to the end. */
  #sharedFrom = 0;
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
    const [ring, progress] = [this.#ring.buffer, this.#progress.buffer];
    this.#tell({ kind: "begin", fd, algorithms: [...algorithms], shared: { ring, progress } });
  }

  /** Tells that the file's first `end` bytes are there; `latest` may be the last of them, and is not kept. */
  advance(end: number, latest?: WrittenBytes): void {
    if (latest === undefined || !this.#share(latest, end)) this.#leaveToFile(end);
    this.#end = end;
    if (end - this.#toldEnd >= STEP_BYTES) this.#tellProgress("advance");
  }

  /**
   * Waits for the digests of the file's first `end` bytes, all of which are there.
   * @returns `undefined` when the thread could not find them out, or was ended.
   */
  finish(end: number): Promise<HashOutcome> {
    this.advance(end);
    this.#tellProgress("finish");
    return this.#outcome.promise;
  }

  /** Ends the thread. A second call does nothing. */
  end(): void {
    this.#outcome.resolve(undefined);
    this.#worker.terminate();
  }

  /** Puts bytes that follow the last ones into the ring. @returns false when they don't, or there is no room. */
  #share({ bytes, position }: WrittenBytes, end: number): boolean {
    if (position !== this.#end || position + bytes.length !== end) return false;
    const hashedEnd = Atomics.load(this.#progress, 0) * PROGRESS_BYTES;
    if (end - hashedEnd > RING_BYTES) return false;
    const at = position % RING_BYTES;
    const untilWrap = Math.min(bytes.length, RING_BYTES - at);
    this.#ring.set(bytes.subarray(0, untilWrap), at);
    this.#ring.set(bytes.subarray(untilWrap), 0);
    return true;
  }

  /** What was shared so far is told of; what comes up to `end` is read from the file. */
  #leaveToFile(end: number): void {
    if (end === this.#end) return;
    if (this.#sharedFrom < this.#end) this.#tellProgress("advance");
    this.#sharedFrom = end;
  }

  #tellProgress(kind: "advance" | "finish"): void {
    this.#tell({ kind, sharedFrom: this.#sharedFrom, end: this.#end });
    this.#toldEnd = this.#end;
    this.#sharedFrom = this.#end;
  }

  #tell(order: HashOrder): void {
    this.#worker.postMessage(order, []);
  }
}
