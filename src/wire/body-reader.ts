/**
 * Takes a body out of the bytes received (RFC 9112 §6.3): one reader for each framing.
 */
import { Fields } from "./fields.ts";
import { ChunkedReader } from "./chunked-reader.ts";
import type { WireLimits } from "./limits.ts";
import type { Framing } from "./message.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { ReceiveBuffer } from "./receive-buffer.ts";

export interface BodyReader {
  /** Whether the whole body has come and been read; its end may still be untold. */
  readonly isDone: boolean;
  /** Bytes taken from the buffer that no content has come of yet. */
  readonly heldBytes: number;
  /** So many bytes of content, and nothing else, come next; 0 where that isn't known, or some wait to be read. */
  readonly missingBytes: number;
  /**
   * Reads on.
   * @returns content (never empty); at the end of the body the trailers, then not to be called again; `undefined` when more
   *   bytes must come first.
   * @throws {ProtocolError} when the framing is broken or the peer closed too early.
   */
  read(): Uint8Array | Fields | undefined;
}

/** Whose body it is. */
export type BodyOf = "request" | "response";

type MakeReader<F extends Framing> = (
  framing: F,
  buffer: ReceiveBuffer,
  limits: WireLimits,
  of: BodyOf,
) => BodyReader;

const READERS: { readonly [Kind in Framing["kind"]]: MakeReader<Extract<Framing, { kind: Kind }>> } = {
  none: () => NO_BODY_READER,
  length: (framing, buffer) => new LengthReader(framing.length, buffer),
  chunked: (_framing, buffer, limits, of) => new ChunkedReader(buffer, limits, of),
  "until-close": (_framing, buffer) => new UntilCloseReader(buffer),
};

/** The reader for a body that is framed so. */
export function makeBodyReader(
  framing: Framing,
  buffer: ReceiveBuffer,
  limits: WireLimits,
  of: BodyOf,
): BodyReader {
  const make = READERS[framing.kind] as MakeReader<Framing>;
  return make(framing, buffer, limits, of);
}

const NO_BODY_READER: BodyReader = { isDone: true, heldBytes: 0, missingBytes: 0, read: () => Fields.NONE };

class LengthReader implements BodyReader {
  readonly heldBytes = 0;
  readonly #buffer: ReceiveBuffer;
  #remaining: number;

  constructor(length: number, buffer: ReceiveBuffer) {
    this.#remaining = length;
    this.#buffer = buffer;
  }

  get isDone(): boolean {
    return this.#remaining === 0;
  }

  get missingBytes(): number {
    return this.#buffer.length === 0 ? this.#remaining : 0;
  }

  read(): Uint8Array | Fields | undefined {
    if (this.#remaining === 0) return Fields.NONE;
    const bytes = this.#buffer.take(this.#remaining);
    if (bytes !== undefined) this.#remaining -= bytes.length;
    else if (this.#buffer.isEnded)
      throw new ProtocolError("The connection was closed before the whole body came");
    return bytes;
  }
}

class UntilCloseReader implements BodyReader {
  readonly heldBytes = 0;
  readonly missingBytes = 0;
  readonly #buffer: ReceiveBuffer;

  constructor(buffer: ReceiveBuffer) {
    this.#buffer = buffer;
  }

  get isDone(): boolean {
    return this.#buffer.isEnded && this.#buffer.length === 0;
  }

  read(): Uint8Array | Fields | undefined {
    if (this.isDone) return Fields.NONE;
    return this.#buffer.take(Number.MAX_SAFE_INTEGER);
  }
}
