/**
 * Warnings and errors for the person, by consola, which collapses floods of equal lines. It is loaded when the first of them
 * is due: most runs have none, and loading costs more than all the rest of the start.
 */
import type { ConsolaInstance } from "consola/core";

import { printable } from "../base/printable.ts";
import type { Output } from "./terminal.ts";

export class Log {
  readonly #output: Output;
  #consola: Promise<ConsolaInstance> | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Shows a sentence about something that went wrong and ended what was asked for. */
  async error(text: string): Promise<void> {
    (await this.#load()).error(text);
  }

  /** Shows a sentence about something that the person should know, and that goes on. */
  async warn(text: string): Promise<void> {
    (await this.#load()).warn(text);
  }

  #load(): Promise<ConsolaInstance> {
    this.#consola ??= makeConsola(this.#output);
    return this.#consola;
  }
}

/**
 * consola's own reporters rewrite text (backticks, underscores), which would falsify file names; this one prints what
 * was said, on one line.
 */
async function makeConsola(output: Output): Promise<ConsolaInstance> {
  const { createConsola } = await import("consola/core");
  const { colors } = output;
  return createConsola({
    level: 3,
    reporters: [
      {
        log({ type, args }) {
          const label = type === "error" ? colors.red("error:") : colors.yellow("warning:");
          output.print(`netfile: ${label} ${printable(args.map(String).join(" "))}\n`);
        },
      },
    ],
  });
}
