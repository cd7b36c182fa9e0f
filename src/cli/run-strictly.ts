/**
 * Runs a command by citty, with words that were read strictly.
 */
import { defineCommand, runCommand } from "citty";

import type { Command } from "./command.ts";
import { readStrictArgs } from "./strict-args.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/**
 * Runs `command` on `words`.
 *
 * @returns the command's exit code.
 * @throws {UsageError} before the command has begun, when a word or a flag can't be understood; else what it throws.
 */
export async function runStrictly(call: {
  readonly name: string;
  readonly command: Command;
  readonly words: readonly string[];
  readonly terminal: Terminal;
}): Promise<number> {
  const { name, command, words, terminal } = call;
  // Read before citty sees them: its parser would let an unknown flag pass.
  const strictArgs = readStrictArgs(words, command.args);
  let exitCode = 0;
  // Without the definitions of the arguments: nobody uses what citty would make of them, and that takes longer than all
  // else here.
  const definition = defineCommand({
    meta: { name: `netfile ${name}`, version: VERSION, description: command.help.summary },
    run: async () => {
      exitCode = await command.run(strictArgs, terminal);
    },
  });
  await runCommand(definition, { rawArgs: [] });
  return exitCode;
}
