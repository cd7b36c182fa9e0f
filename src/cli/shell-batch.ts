/**
 * The shell without a person: one request a line, from a pipe or a file, and a summary at the end.
 */
import { printable } from "../base/printable.ts";
import { EXIT, describeFailure, UsageError } from "./exit.ts";
import type { Log } from "./log.ts";
import { parseShellCommand } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";
import { splitWords } from "./shell-words.ts";
import type { Output } from "./terminal.ts";

/** A longer line is no request: somebody piped a photo. */
const MAX_LINE = 64 * 1024;

export type BatchOptions = {
  readonly keepGoing: boolean;
  readonly isQuiet: boolean;
  readonly log: Log;
  readonly output: Output;
  /** Does one command and answers with its exit code. */
  readonly run: (command: ShellCommand) => Promise<number>;
};

/**
 * Runs the lines; `#` begins a comment, empty lines are passed over, `quit` ends.
 *
 * @returns the exit code of the first failure, 0 without one. Without `keepGoing` a failure is the end.
 */
export async function runBatch(lines: AsyncIterable<string>, options: BatchOptions): Promise<number> {
  let [number, done, failed, firstFailure] = [0, 0, 0, 0];
  for await (const line of lines) {
    number += 1;
    const code = await runLine(line, number, options);
    if (code === "quit") break;
    if (code === undefined) continue;
    if (code === EXIT.done) done += 1;
    else failed += 1;
    if (firstFailure === 0) firstFailure = code;
    if (code === EXIT.interrupted || (code !== EXIT.done && !options.keepGoing)) break;
  }
  if (!options.isQuiet) options.output.print(`${formatSummary(done, failed)}\n`);
  return firstFailure;
}

/** @returns the exit code, `undefined` for a line without a command. */
async function runLine(
  line: string,
  number: number,
  options: BatchOptions,
): Promise<number | "quit" | undefined> {
  try {
    const words = splitWords(line);
    if (words.length === 0) return undefined;
    const command = parseShellCommand(words);
    if (command.kind === "quit") return "quit";
    const code = await options.run(command);
    if (code !== EXIT.done) await options.log.error(`Line ${number} failed: ${printable(line.trim())}`);
    return code;
  } catch (error) {
    const failure = describeFailure(error);
    await options.log.error(`Line ${number}: ${failure.text}`);
    return failure.code;
  }
}

function formatSummary(done: number, failed: number): string {
  const total = done + failed;
  return `${total} ${total === 1 ? "request" : "requests"}: ${done} done, ${failed} failed`;
}

/**
 * Cuts a stream of UTF-8 into lines, without their ends (LF or CRLF) and without a byte order mark.
 * @throws {UsageError} on a line of more than 64 KiB.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    rest += decoder.decode(bytes, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines.map(withoutReturn);
    if (rest.length > MAX_LINE)
      throw new UsageError("A line is longer than 64 KiB; a script holds one request a line");
  }
  rest += decoder.decode();
  if (rest !== "") yield withoutReturn(rest);
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
