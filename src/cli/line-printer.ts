/**
 * Lines that come faster than a terminal or a pipe may take them: written behind, in batches, and left out rather than
 * heaped up when nobody reads. A stopped terminal (Ctrl-S) must not stop the server.
 */
import { encodeUtf8 } from "../base/bytes.ts";
import type { Output } from "./terminal.ts";

/** So much text may wait, in characters. */
const MAX_WAITING = 1024 * 1024;

export class LinePrinter {
  readonly #output: Output;
  #waiting = "";
  #leftOut = 0;
  #writing: Promise<void> | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Prints `line`, without its line break, soon. */
  print(line: string): void {
    if (this.#waiting.length > MAX_WAITING) {
      this.#leftOut += 1;
      return;
    }
    this.#waiting += `${line}\n`;
    this.#writing ??= this.#write();
  }

  /** Waits until everything is written, but no longer than `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    if (this.#writing === undefined) return;
    await Promise.race([this.#writing, Bun.sleep(limitMs)]);
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting !== "") {
        const text = this.#waiting;
        this.#waiting = "";
        await this.#output.write(encodeUtf8(text));
        this.#tellLeftOut();
      }
    } catch {
      // The terminal is gone: the server goes on without.
      this.#waiting = "";
    } finally {
      this.#writing = undefined;
    }
  }

  #tellLeftOut(): void {
    if (this.#leftOut === 0) return;
    this.#waiting += `… ${this.#leftOut} lines left out, since they were not read in time\n`;
    this.#leftOut = 0;
  }
}
