/**
 * A terminal that keeps what is printed, for tests of the command line.
 */
import picocolors from "picocolors";

import { readEnvironment } from "../../src/cli/environment.ts";
import type { Output, Terminal } from "../../src/cli/terminal.ts";

export class FakeOutput implements Output {
  readonly isTerminal: boolean;
  readonly colors = picocolors.createColors(false);
  readonly #columns: number;
  text = "";
  /** Set to false to play a reader that has gone. */
  hasReader = true;

  constructor(options: { readonly isTerminal?: boolean; readonly columns?: number } = {}) {
    this.isTerminal = options.isTerminal ?? false;
    this.#columns = options.columns ?? 80;
  }

  columns(): number {
    return this.#columns;
  }

  print(text: string): void {
    this.text += text;
  }

  write(bytes: Uint8Array): Promise<boolean> {
    if (this.hasReader) this.text += new TextDecoder().decode(bytes);
    return Promise.resolve(this.hasReader);
  }
}

export type FakeTerminal = Terminal & { readonly out: FakeOutput; readonly err: FakeOutput };

/** Two outputs that are no terminals, and an empty environment. */
export function fakeTerminal(): FakeTerminal {
  return { environment: readEnvironment({}), out: new FakeOutput(), err: new FakeOutput() };
}
