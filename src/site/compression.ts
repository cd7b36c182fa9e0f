/**
 * Compression while sending (RFC 9110 §8.4.1, RFC 8878 for zstd): one piece of the content in, what the compressor gives
 * for it out, so that a transfer costs the same memory whatever its size.
 */
import type { Transform } from "node:stream";
import { assertNever } from "../base/assert-never.ts";
import { concatBytes } from "../base/bytes.ts";
import type { Coding } from "../semantics/negotiation.ts";
import type { ReplyStream } from "./reply.ts";

/** Above this, brotli takes more time than it saves on the way. */
const BROTLI_QUALITY = 4;
const GZIP_LEVEL = 6;

export type CompressionOptions = {
  /** How long the content is, in bytes, where that is known. */
  readonly sizeBytes?: number;
  /** Is given the whole, when it has been made. */
  readonly onWhole?: (bytes: Uint8Array) => void;
};

export class CompressedStream implements ReplyStream {
  readonly #content: ReplyStream;
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

  /** Takes over `content`. */
  constructor(
    content: ReplyStream,
    coding: Exclude<Coding, "identity">,
    { sizeBytes, onWhole }: CompressionOptions = {},
  ) {
    this.#onWhole = onWhole;
    this.#content = content;
    this.#compressor = createCompressor(coding, sizeBytes);
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
    this.#content.close();
    this.#wake?.();
  }

  #tellWhole(): undefined {
    this.#onWhole?.(concatBytes(this.#whole));
    return undefined;
  }

  /** Passes one piece through, or waits for the last bytes. */
  async #feed(): Promise<void> {
    const piece = await this.#content.next();
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (piece === undefined) this.#compressor.end();
      else this.#compressor.write(piece, () => resolve());
    });
  }
}

function createCompressor(coding: Exclude<Coding, "identity">, sizeBytes = 0): Transform {
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
