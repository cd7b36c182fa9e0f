/**
 * Compression while sending (RFC 9110 §8.4.1, RFC 8878 for zstd): one piece of the content in, what the compressor gives
 * for it out, so that a transfer costs the same memory whatever its size.
 */
import type { Transform } from "node:stream";
import { assertNever } from "../base/assert-never.ts";
import { concatBytes } from "../base/bytes.ts";
import { Slots } from "../base/slots.ts";
import type { Coding } from "../semantics/negotiation.ts";
import type { ReplyStream } from "./reply.ts";

/** Above this, brotli takes more time than it saves on the way. */
const BROTLI_QUALITY = 4;
/**
 * It looks back 2^18 bytes. With more, or told how long the content is, it takes 20 MB in place of 3, twice the time, and keeps its
 * first output back until it has read 5 MB, to save few per cent of a text.
 */
const BROTLI_WINDOW_LOG = 18;
const GZIP_LEVEL = 6;
/**
 * So many compressors exist at the same time. SECURITY: each takes up to 4 MB (zstd), for as long as its client reads slowly; only four
 * at a time have a thread.
 */
const MOST_COMPRESSORS = 32;

const compressors = new Slots(MOST_COMPRESSORS);

/** Whether another {@link CompressedStream} may be made now; if not, content is sent as it is. */
export function mayCompress(): boolean {
  return compressors.hasFree;
}

/** Holds a compressor until all has been compressed, or it is closed. */
export class CompressedStream implements ReplyStream {
  readonly #content: ReplyStream;
  /** `undefined` once it isn't needed any more. */
  #compressor: Transform | undefined;
  readonly #onWhole: ((bytes: Uint8Array) => void) | undefined;
  /** All that has been given, where somebody wants the whole. */
  readonly #whole: Uint8Array[] = [];
  #output: Buffer[] = [];
  #failure: Error | undefined;
  #isEnded = false;
  #isClosed = false;
  /** Wakes {@link next}, which waits for the compressor. */
  #wake: (() => void) | undefined;

  /**
   * Takes over `content`.
   *
   * @param onWhole is given the whole, when it has been made.
   * @throws {Error} when there are too many: {@link mayCompress} is asked before, in the same turn.
   */
  constructor(
    content: ReplyStream,
    coding: Exclude<Coding, "identity">,
    onWhole?: (bytes: Uint8Array) => void,
  ) {
    this.#onWhole = onWhole;
    this.#content = content;
    if (!compressors.tryTake()) throw new Error("There are too many compressors");
    const compressor = createCompressor(coding);
    compressor.on("data", (bytes: Buffer) => this.#output.push(bytes));
    compressor.on("end", () => {
      this.#isEnded = true;
      this.#release();
      this.#wake?.();
    });
    compressor.on("error", (error: Error) => {
      this.#failure = error;
      this.#wake?.();
    });
    this.#compressor = compressor;
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
    this.#release();
    this.#content.close();
    this.#wake?.();
  }

  #release(): void {
    if (this.#compressor === undefined) return;
    this.#compressor.destroy();
    this.#compressor = undefined;
    compressors.giveBack();
  }

  #tellWhole(): undefined {
    this.#onWhole?.(concatBytes(this.#whole));
    return undefined;
  }

  /** Passes one piece through, or waits for the last bytes. */
  async #feed(): Promise<void> {
    const piece = await this.#content.next();
    const compressor = this.#compressor;
    if (compressor === undefined) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (piece === undefined) compressor.end();
      else compressor.write(piece, () => resolve());
    });
  }
}

function createCompressor(coding: Exclude<Coding, "identity">): Transform {
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
          [constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW_LOG,
        },
      });
    case "zstd":
      return createZstdCompress();
    default:
      return assertNever(coding);
  }
}
