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

/** `undefined` when the thread could not read the file. */
export type HashOutcome = ReadonlyMap<DigestAlgorithm, Uint8Array> | undefined;

/** What it says: that it has come as far as is waited for; and what it has found out, at the end. */
export type HashReport =
  { readonly kind: "caught-up" } | { readonly kind: "outcome"; readonly digests: HashOutcome };

/** A ring: the byte at position `p` of the file stands at `p` modulo the ring's length. */
export type SharedBytes = {
  readonly ring: SharedArrayBuffer;
  /**
   * Two numbers of {@link PROGRESS_BYTES}: how far the thread has hashed, so that what lies before may be overwritten; and when
   * it is to say so, 0 for not at all.
   */
  readonly progress: SharedArrayBuffer;
};

/** Where which number stands. */
export const HASHED = 0;
export const AWAITED = 1;

/** A unit that keeps the progress of every file within 32 bits. */
export const PROGRESS_BYTES = 64 * 1024;

const RING_BYTES = 8 * 1024 * 1024;
/** What comes at a time fits into this. With less room the thread is waited for. */
const LEAST_ROOM_BYTES = 1024 * 1024;
/** What is hashed in about 50 ms. If the thread is farther behind, it reads the file meanwhile. */
const MOST_AWAITED_BYTES = 64 * 1024 * 1024;
/** So much of the ring is lent at a time, at least and at most. */
const LEAST_LENT_BYTES = 64 * 1024;
const MOST_LENT_BYTES = 512 * 1024;
/** As much is worth a message, and is still in a cache when the thread takes it up. */
const STEP_BYTES = 1024 * 1024;

/** Bytes that have just been written to the file at `position`. */
export type WrittenBytes = { readonly bytes: Uint8Array; readonly position: number };

export class HashThread {
  readonly #worker: Worker;
  readonly #outcome = Promise.withResolvers<HashOutcome>();
  readonly #ring = new Uint8Array(new SharedArrayBuffer(RING_BYTES));
  readonly #progress = new Int32Array(new SharedArrayBuffer(8));
  /** What the thread has been told of. */
  #toldEnd = 0;
  /** What follows is shared up to the end. */
  #sharedFrom = 0;
  #end = 0;
  #isOver = false;
  #catchingUp: PromiseWithResolvers<void> | undefined;

  /** @param fd is read from its beginning on; it stays open until the thread has ended, or nobody wants the digests. */
  constructor(fd: number, algorithms: ReadonlySet<DigestAlgorithm>) {
    // SECURITY: a whole URL, of this file's own place: a path alone would be looked for in the current folder, too.
    this.#worker = new Worker(new URL("./hash-worker.ts", import.meta.url).href);
    this.#worker.addEventListener("message", ({ data }: MessageEvent<HashReport>) => {
      if (data.kind === "outcome") this.#finish(data.digests);
      else this.#goOn();
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#finish(undefined);
    });
    this.#worker.addEventListener("close", () => this.#finish(undefined));
    const [ring, progress] = [this.#ring.buffer, this.#progress.buffer];
    this.#tell({ kind: "begin", fd, algorithms: [...algorithms], shared: { ring, progress } });
  }

  /** Whether these bytes come next, and there is room to share them: then they are not read from the file. */
  canShare({ bytes, position }: WrittenBytes): boolean {
    return position === this.#end && position + bytes.length - this.#hashedEnd <= RING_BYTES;
  }

  /**
   * Lends the place where the bytes at `position` are shared, if they come next: what is read into it need not be copied.
   * @returns `undefined` when there is no room.
   */
  lend(position: number): Uint8Array | undefined {
    const roomBytes = Math.min(MOST_LENT_BYTES, RING_BYTES - (this.#end - this.#hashedEnd));
    if (position !== this.#end || roomBytes < LEAST_LENT_BYTES) return undefined;
    const at = position % RING_BYTES;
    return this.#ring.subarray(at, Math.min(at + roomBytes, RING_BYTES));
  }

  /**
   * Tells that the file's first `end` bytes are there; `latest` may be the last of them, and is not kept.
   * @returns when the thread has caught up, if that is worth a wait: what comes without it is read from the file.
   */
  advance(end: number, latest?: WrittenBytes): Promise<void> | undefined {
    if (latest === undefined || !this.#share(latest, end)) this.#leaveToFile(end);
    this.#end = end;
    if (end - this.#toldEnd >= STEP_BYTES) this.#tellProgress("advance");
    return this.#waitForThread();
  }

  /**
   * Waits for the digests of the file's first `end` bytes, all of which are there.
   * @returns `undefined` when the thread could not find them out, or was ended.
   */
  finish(end: number): Promise<HashOutcome> {
    void this.advance(end);
    this.#tellProgress("finish");
    return this.#outcome.promise;
  }

  /** Ends the thread. A second call does nothing. */
  end(): void {
    this.#finish(undefined);
    this.#worker.terminate();
  }

  get #hashedEnd(): number {
    return Atomics.load(this.#progress, HASHED) * PROGRESS_BYTES;
  }

  #waitForThread(): Promise<void> | undefined {
    const behindBytes = this.#end - this.#hashedEnd;
    if (behindBytes <= RING_BYTES - LEAST_ROOM_BYTES) return undefined;
    if (this.#isOver || behindBytes > MOST_AWAITED_BYTES) return undefined;
    if (this.#toldEnd < this.#end) this.#tellProgress("advance");
    const awaited = Math.ceil((this.#end - RING_BYTES / 2) / PROGRESS_BYTES);
    Atomics.store(this.#progress, AWAITED, awaited);
    // It may have got there before it could see that.
    if (Atomics.load(this.#progress, HASHED) >= awaited) return undefined;
    this.#catchingUp ??= Promise.withResolvers<void>();
    return this.#catchingUp.promise;
  }

  #goOn(): void {
    this.#catchingUp?.resolve();
    this.#catchingUp = undefined;
  }

  #finish(outcome: HashOutcome): void {
    this.#isOver = true;
    this.#outcome.resolve(outcome);
    this.#goOn();
  }

  /** Puts bytes that follow the last ones into the ring. @returns false when they don't, or there is no room. */
  #share(latest: WrittenBytes, end: number): boolean {
    const { bytes, position } = latest;
    if (position + bytes.length !== end || !this.canShare(latest)) return false;
    const at = position % RING_BYTES;
    if (bytes.buffer === this.#ring.buffer && bytes.byteOffset === at) return true;
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
