/**
 * Requests' heads that came of late, understood, by their text: browsers and scripts ask again and again in the same words,
 * on one connection or on many.
 */
import { Fifo } from "../base/fifo.ts";
import type { RequestHead } from "./message.ts";

/** Longer heads are rare, and not worth the memory. */
const MOST_TEXT_BYTES = 2048;
/** What an entry costs beside its text, with what is noted at it, roughly. */
const ENTRY_BYTES = 4096;
const MOST_BYTES = 64 * 1024 * 1024;

/** Shared by connections with the same limits: whether a head is valid depends on nothing else. */
export class KnownHeads {
  readonly #heads = new Map<string, RequestHead>();
  readonly #texts = new Fifo<string>();
  #bytes = 0;

  /** The head that `text` (with its empty line) has been understood as: the same object each time. */
  get(text: string): RequestHead | undefined {
    return this.#heads.get(text);
  }

  /** Takes note of what `text` means. */
  add(text: string, head: RequestHead): void {
    if (text.length > MOST_TEXT_BYTES || this.#heads.has(text)) return;
    this.#heads.set(text, head);
    this.#texts.push(text);
    this.#bytes += text.length + ENTRY_BYTES;
    // Short ones may have to go for a long one: as many as it takes.
    while (this.#bytes > MOST_BYTES) this.#forget(this.#texts.shift() ?? text);
  }

  #forget(text: string): void {
    this.#heads.delete(text);
    this.#bytes -= text.length + ENTRY_BYTES;
  }
}
