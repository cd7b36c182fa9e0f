/**
 * A file as a stream: for content that is changed or measured while it is sent.
 */
import type { OpenFile } from "../store/store.ts";
import type { ReplyStream } from "./reply.ts";

const CHUNK_BYTES = 64 * 1024;

/** Reads `file` from its beginning to the size it had when it was opened. */
export class FileStream implements ReplyStream {
  readonly file: OpenFile;
  #position = 0;

  constructor(file: OpenFile) {
    this.file = file;
  }

  /**
   * The next bytes, a new array each; `undefined` at the end.
   * @throws {Error} when the file has become shorter, or was written over: the client must see a cut, never a clean end.
   */
  next(): Uint8Array | undefined {
    const rest = this.file.sizeBytes - this.#position;
    if (rest <= 0) return undefined;
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, rest));
    const count = this.file.read(chunk, this.#position);
    if (count === 0) throw new Error("The file became shorter while it was sent");
    this.#position += count;
    if (count === rest && this.file.isIntact?.() === false)
      throw new Error("The file was written over while it was sent");
    return count === chunk.length ? chunk : chunk.subarray(0, count);
  }

  close(): void {
    this.file.close();
  }
}
