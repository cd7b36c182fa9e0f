/**
 * What comes out of a pipe, read a little ahead of what is sent. Its length is known at its end, and it comes only once.
 */
import { read } from "node:fs";
import { errorCode } from "../base/failure.ts";
import type { Content } from "./content.ts";
import { cannotRead } from "./disk-error.ts";
import { settleWithin } from "./interruption.ts";
import { TransferError } from "./transfer-error.ts";

/** A pipe of Linux holds a quarter of it. */
const READ_BYTES = 256 * 1024;
/** How long to wait before an empty non-blocking pipe is looked at again. */
const RETRY_MS = 5;

export class StreamedContent implements Content {
  readonly sizeBytes = undefined;
  readonly isRepeatable = false;
  readonly #fd: number;
  /** What it is called when it can't be read. */
  readonly #name: string;
  /** One is being sent while the other is filled. */
  #spare = Buffer.allocUnsafeSlow(READ_BYTES);
  #filling = Buffer.allocUnsafeSlow(READ_BYTES);
  #ready: Uint8Array | "end" | TransferError | undefined;
  #onReady: (() => void) | undefined;
  #givenBytes = 0;
  #isWanted = true;

  constructor(fd: number, name: string) {
    this.#fd = fd;
    this.#name = name;
  }

  /**
   * Waits for its first bytes, or its end.
   * @throws {TransferError} when it can't be read, or `signal` ends the wait.
   */
  async begin(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onReady = resolve;
    this.#fill();
    await settleWithin(promise, { phase: "read", signal });
    if (this.#ready instanceof TransferError) throw this.#ready;
  }

  next(position: number, onReady: () => void): Uint8Array | "later" | "end" {
    // What was given away is gone: half of it must not be taken for the whole.
    if (position !== this.#givenBytes) throw cannotRead(this.#name, "it can be read only once; try again");
    const ready = this.#ready;
    if (ready instanceof TransferError) throw ready;
    if (ready === undefined) this.#onReady = onReady;
    if (ready === undefined || ready === "end") return ready ?? "later";
    this.#ready = undefined;
    this.#givenBytes += ready.length;
    this.#fill();
    return ready;
  }

  /** Reads no more. */
  stop(): void {
    this.#isWanted = false;
  }

  #fill(): void {
    [this.#filling, this.#spare] = [this.#spare, this.#filling];
    this.#readInto(this.#filling);
  }

  #readInto(buffer: Buffer): void {
    if (!this.#isWanted) return;
    read(this.#fd, buffer, 0, buffer.length, null, (error, count) => {
      if (errorCode(error) === "EAGAIN") setTimeout(() => this.#readInto(buffer), RETRY_MS);
      else if (error !== null) this.#give(cannotRead(this.#name, error));
      // Ctrl-C ends the pipe's writer together with this program, which must hear of that before it believes in the end: half a
      // file would be saved as a whole one.
      else if (count === 0) setImmediate(() => this.#give("end"));
      else this.#give(buffer.subarray(0, count));
    });
  }

  #give(ready: Uint8Array | "end" | TransferError): void {
    this.#ready = ready;
    this.#onReady?.();
    this.#onReady = undefined;
  }
}
