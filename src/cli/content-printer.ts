/**
 * Content that is printed instead of saved: byte for byte into a pipe or a file, made harmless on a terminal.
 */
import { encodeUtf8 } from "../base/bytes.ts";
import { printable } from "../base/printable.ts";
import type { Output } from "./terminal.ts";

export class ContentPrinter {
  readonly #output: Output;
  readonly #onReaderGone: () => void;
  readonly #decoder = new TextDecoder();
  #lastCharacter = "\n";
  #hasReader = true;

  /** @param onReaderGone called once when nobody reads any more (`| head`). */
  constructor(output: Output, onReaderGone: () => void) {
    this.#output = output;
    this.#onReaderGone = onReaderGone;
  }

  /** Whether the content still finds a reader. */
  get hasReader(): boolean {
    return this.#hasReader;
  }

  /** Prints `bytes` at the reader's pace. */
  async print(bytes: Uint8Array): Promise<void> {
    if (!this.#hasReader) return;
    const shown = this.#output.isTerminal ? this.#makeHarmless(bytes) : bytes;
    this.#hasReader = await this.#output.write(shown);
    if (!this.#hasReader) this.#onReaderGone();
  }

  /** Ends the last line on a terminal, so that what follows begins at its begin. */
  end(): void {
    if (this.#output.isTerminal && this.#lastCharacter !== "\n") this.#output.print("\n");
  }

  /** SECURITY: a page must not steer the terminal (CVE-2009-4487 is the same from the other side). */
  #makeHarmless(bytes: Uint8Array): Uint8Array {
    const text = this.#decoder.decode(bytes, { stream: true }).replaceAll("\r\n", "\n");
    const shown = text.replace(/[^\n\t]+/g, printable);
    this.#lastCharacter = shown.at(-1) ?? this.#lastCharacter;
    return encodeUtf8(shown);
  }
}
