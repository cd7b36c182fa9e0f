/**
 * Compression while sending (RFC 9110 §8.4.1, RFC 8878 for zstd): one slice of the file in, what the compressor gives
 * for it out, so that a transfer costs the same memory whatever its size.
 */
import type { Transform } from "node:stream";
import { assertNever } from "../base/assert-never.ts";
import { concatBytes } from "../base/bytes.ts";
import type { Coding } from "../semantics/negotiation.ts";
import type { OpenFile } from "../store/store.ts";
import { FileReader } from "./file-stream.ts";
import type { ReplyStream } from "./reply.ts";

/** Above this, brotli takes more time than it saves on the way. */
const BROTLI_QUALITY = 4;
const GZIP_LEVEL = 6;

export class CompressedStream implements ReplyStream {
  readonly #reader: FileReader;
  readonly #compressor: Transform;
  readonly #onWhole: ((bytes: Uint8Array) => void) | undefined;
  /** All that has been given, where somebody wants the whole. */
  readonly #whole: Uint8Array[] = [];
  #output: Buffer[] = [];
  #failure: Error | undefined;
  #isEnded = false;
  #isClosed = false;
  /** Wakes {@link next}, which waits for the compressor. */
  #wake: (() => void) | undefined;

  /** Takes over `file`. @param onWhole is given the whole, when it has been made. */
  constructor(file: OpenFile, coding: Exclude<Coding, "identity">, onWhole?: (bytes: Uint8Array) => void) {
    this.#onWhole = onWhole;
    this.#reader = new FileReader(file);
    this.#compressor = createCompressor(coding, file.sizeBytes);
    this.#compressor.on("data", (bytes: Buffer) => this.#output.push(bytes));
    this.#compressor.on("end", () => {
      this.#isEnded = true;
      this.#wake?.();
    });
    this.#compressor.on("error", (error: Error) => {
      this.#failure = error;
      this.#wake?.();
    });
  }

  async next(): Promise<Uint8Array | undefined> {
    while (this.#output.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isClosed) return undefined;
      if (this.#isEnded) return this.#tellWhole();
      await this.#feed();
    }
    const bytes = concatBytes(this.#output);
    this.#output = [];
    if (this.#onWhole !== undefined) this.#whole.push(bytes);
    return bytes;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#compressor.destroy();
    this.#reader.file.close();
    this.#wake?.();
  }

  #tellWhole(): undefined {
    this.#onWhole?.(concatBytes(this.#whole));
    return undefined;
  }

  /** Passes one slice through, or waits for the last bytes. */
  #feed(): Promise<void> {
    const slice = this.#reader.next();
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (slice === undefined) this.#compressor.end();
      else this.#compressor.write(slice, () => resolve());
    });
  }
}

function createCompressor(coding: Exclude<Coding, "identity">, sizeBytes: number): Transform {
  // Loaded with the first file that is compressed: a fifth of the time that a server takes to start.
  const { constants, createBrotliCompress, createGzip, createZstdCompress } =
    process.getBuiltinModule("node:zlib");
  switch (coding) {
    case "gzip":
      return createGzip({ level: GZIP_LEVEL });
    case "br":
      return createBrotliCompress({
        params: {
          [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
          [constants.BROTLI_PARAM_SIZE_HINT]: Math.min(sizeBytes, 2 ** 30),
        },
      });
    case "zstd":
      return createZstdCompress();
    default:
      return assertNever(coding);
  }
}
