/**
 * The shell with a person: a prompt with editing, history and completion, by node:readline.
 */
import { createInterface } from "node:readline";
import type { AsyncCompleter } from "node:readline";

import { printable } from "../base/printable.ts";
import { describeFailure } from "./exit.ts";
import type { Log } from "./log.ts";
import { parseShellCommand } from "./shell-command.ts";
import { completeLine } from "./shell-completion.ts";
import type { ShellHistory } from "./shell-history.ts";
import type { ShellSession } from "./shell-session.ts";
import { splitWords } from "./shell-words.ts";

export type PromptOptions = {
  readonly shell: ShellSession;
  readonly history: ShellHistory;
  readonly log: Log;
  /** Shown before the folder: `localhost:8080`. */
  readonly label: string;
};

/**
 * Reads and runs commands until `quit` or Ctrl-D. Ctrl-C drops what is typed, or interrupts the transfer that runs.
 * Failures are told and forgotten: the person has seen them.
 */
export async function runPrompt(options: PromptOptions): Promise<void> {
  const { shell, history, label } = options;
  const lines = new LineQueue();
  let running: AbortController | undefined;
  const reader = createInterface({
    input: process.stdin,
    output: process.stderr,
    terminal: true,
    history: [...history.load()],
    completer: (line: string, answer: CompletionAnswer) => {
      // While a command runs, its connection is not asked for anything else.
      if (running !== undefined) answer(null, [[], line]);
      else void complete(line, shell, answer);
    },
  });
  const prompt = (): void => {
    reader.setPrompt(printable(`${label}${shell.folder}> `));
    reader.prompt();
  };
  reader.on("line", (line) => lines.push(line));
  reader.on("close", () => lines.end());
  reader.on("SIGINT", () => {
    if (running !== undefined) {
      running.abort();
      return;
    }
    // Ctrl-U: the line so far is dropped.
    reader.write(null, { ctrl: true, name: "u" });
    process.stderr.write("^C\n");
    prompt();
  });
  for (;;) {
    prompt();
    const line = await lines.next();
    if (line === undefined) break;
    history.add(line);
    running = new AbortController();
    const isLast = await runLine(line, running.signal, options);
    running = undefined;
    if (isLast) break;
  }
  reader.close();
}

/** @returns whether it was the last line. */
async function runLine(line: string, signal: AbortSignal, { shell, log }: PromptOptions): Promise<boolean> {
  try {
    const words = splitWords(line);
    if (words.length === 0) return false;
    const command = parseShellCommand(words);
    if (command.kind === "quit") return true;
    await shell.run(command, signal);
  } catch (error) {
    await log.error(describeFailure(error).text);
  }
  return false;
}

type CompletionAnswer = Parameters<AsyncCompleter>[1];

async function complete(line: string, shell: ShellSession, answer: CompletionAnswer): Promise<void> {
  answer(null, await completeLine(line, shellSource(shell)));
}

function shellSource(shell: ShellSession): Parameters<typeof completeLine>[1] {
  const { folder, localFolder } = shell;
  return { folder, localFolder, entriesOf: (path) => shell.entriesOf(path) };
}

/** Lines that were typed, also those that came while a command ran. */
class LineQueue {
  readonly #lines: string[] = [];
  #hasEnded = false;
  #wake: (() => void) | undefined;

  push(line: string): void {
    this.#lines.push(line);
    this.#wake?.();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  /** The next line, `undefined` at the end of input. */
  async next(): Promise<string | undefined> {
    while (this.#lines.length === 0 && !this.#hasEnded) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return this.#lines.shift();
  }
}
