/**
 * What comes out of a pipe, read a little ahead of what is sent. It comes only once, and unless it is short its length is known at
 * its end.
 */
import { read } from "node:fs";
import { errorCode } from "../base/failure.ts";
import type { Content } from "./content.ts";
import { asTransferError } from "./conversation.ts";
import { cannotRead } from "./disk-error.ts";
import { settleWithin } from "./interruption.ts";
import { TransferError } from "./transfer-error.ts";

/** A pipe of Linux holds a quarter of it. */
const READ_BYTES = 256 * 1024;
/** How long to wait before an empty non-blocking pipe is looked at again. */
const RETRY_MS = 5;

export class StreamedContent implements Content {
  readonly isRepeatable = false;
  readonly #fd: number;
  /** What it is called when it can't be read. */
  readonly #name: string;
  readonly #aheadBytes: number;
  #sizeBytes: number | undefined;
  /** One is being sent while the other is filled. */
  #spare = Buffer.allocUnsafeSlow(READ_BYTES);
  #filling = Buffer.allocUnsafeSlow(READ_BYTES);
  #ready: Uint8Array | TransferError | undefined;
  #isEnded = false;
  #onReady: (() => void) | undefined;
  #givenBytes = 0;
  #isWanted = true;

  /** @param aheadBytes up to so much is a short one. */
  constructor(fd: number, name: string, aheadBytes = READ_BYTES) {
    this.#fd = fd;
    this.#name = name;
    this.#aheadBytes = aheadBytes;
  }

  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  /**
   * Waits for the whole of a short one, or the first of a long one: servers lose patience with what comes slowly.
   * @throws {TransferError} when it can't be read, or `signal` ends the wait.
   */
  async begin(signal: AbortSignal | undefined): Promise<void> {
    await settleWithin(this.#readAhead(), { phase: "read", signal });
  }

  next(position: number, onReady: () => void): Uint8Array | "later" | "end" {
    // What was given away is gone: half of it must not be taken for the whole.
    if (position !== this.#givenBytes) throw cannotRead(this.#name, "it can be read only once; try again");
    const ready = this.#ready;
    if (ready instanceof TransferError) throw ready;
    if (ready === undefined && !this.#isEnded) this.#onReady = onReady;
    if (ready === undefined) return this.#isEnded ? "end" : "later";
    this.#ready = undefined;
    this.#givenBytes += ready.length;
    if (!this.#isEnded) void this.#fill();
    return ready;
  }

  /** Reads no more. */
  stop(): void {
    this.#isWanted = false;
  }

  async #readAhead(): Promise<void> {
    const ahead = Buffer.allocUnsafeSlow(this.#aheadBytes);
    let filledBytes = 0;
    while (filledBytes < ahead.length && !this.#isEnded) {
      filledBytes += await this.#read(ahead.subarray(filledBytes));
    }
    if (this.#isEnded) this.#sizeBytes = filledBytes;
    if (filledBytes > 0) this.#ready = ahead.subarray(0, filledBytes);
  }

  /** Never rejects: what goes wrong is told by {@link next}. */
  async #fill(): Promise<void> {
    [this.#filling, this.#spare] = [this.#spare, this.#filling];
    const buffer = this.#filling;
    try {
      const count = await this.#read(buffer);
      if (count > 0) this.#ready = buffer.subarray(0, count);
    } catch (error) {
      this.#ready = asTransferError(error);
    }
    this.#onReady?.();
    this.#onReady = undefined;
  }

  /** @returns how much was read: nothing at the end. @throws {TransferError} */
  #read(target: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const readSome = (): void => {
      if (!this.#isWanted) return;
      read(this.#fd, target, 0, target.length, null, (error, count) => {
        if (errorCode(error) === "EAGAIN") setTimeout(readSome, RETRY_MS);
        else if (error !== null) reject(cannotRead(this.#name, error));
        // Ctrl-C ends the pipe's writer together with this program, which must hear of that before it believes in the end: half
        // a file would be saved as a whole one.
        else if (count === 0) setImmediate(() => resolve(this.#end()));
        else resolve(count);
      });
    };
    readSome();
    return promise;
  }

  #end(): number {
    this.#isEnded = true;
    return 0;
  }
}
