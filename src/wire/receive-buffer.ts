/**
 * The bytes that came from the peer and have not been read yet, in the chunks they came in.
 */
import { concatBytes } from "../base/bytes.ts";

/** A peer that sends byte by byte must not make us hold one array for each: so many, and they are joined. */
const MAX_CHUNKS = 32;

export class ReceiveBuffer {
  #first: Uint8Array | undefined;
  /** Those after the first. Most of the time there are none: a head comes in one chunk, and is read at once. */
  #others: Uint8Array[] | undefined;
  #offset = 0;
  #length = 0;
  #isEnded = false;

  /** Number of bytes to be read. */
  get length(): number {
    return this.#length;
  }

  /** Whether nothing follows what is here. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The chunk that the next byte is in; `undefined` when there is none. */
  get first(): Uint8Array | undefined {
    return this.#first;
  }

  /** Where in {@link first} the next byte is (inclusive). */
  get offset(): number {
    return this.#offset;
  }

  /** Appends `chunk`, which must not change any more. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#length += chunk.length;
    if (this.#first === undefined) this.#first = chunk;
    else this.#pushOther(this.#first, chunk);
  }

  /** Takes note that nothing follows. */
  end(): void {
    this.#isEnded = true;
  }

  /** Leaves out `count` bytes, which must be in {@link first}. */
  skip(count: number): void {
    this.#length -= count;
    this.#offset += count;
    if (this.#offset < (this.#first?.length ?? 0)) return;
    this.#first = this.#others?.shift();
    this.#offset = 0;
  }

  /** Takes up to `most` bytes without copying; `undefined` when there are none. */
  take(most: number): Uint8Array | undefined {
    const chunk = this.#first;
    if (chunk === undefined) return undefined;
    const start = this.#offset;
    const end = Math.min(chunk.length, start + most);
    this.skip(end - start);
    return start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end);
  }

  /** Forgets all bytes. */
  clear(): void {
    this.#first = undefined;
    this.#others = undefined;
    this.#offset = 0;
    this.#length = 0;
  }

  #pushOther(first: Uint8Array, chunk: Uint8Array): void {
    const others = (this.#others ??= []);
    others.push(chunk);
    if (others.length < MAX_CHUNKS) return;
    this.#first = concatBytes([first.subarray(this.#offset), ...others]);
    this.#others = undefined;
    this.#offset = 0;
  }
}
