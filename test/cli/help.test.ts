import { describe, expect, test } from "bun:test";
import picocolors from "picocolors";

import type { Command } from "../../src/cli/command.ts";
import { EXIT_CODE_LINES } from "../../src/cli/exit.ts";
import { completionCommand, manCommand } from "../../src/cli/describe-commands.ts";
import { getCommand } from "../../src/cli/get.ts";
import { formatHelp } from "../../src/cli/help.ts";
import { putCommand } from "../../src/cli/put.ts";
import { serveCommand } from "../../src/cli/serve.ts";
import { shellCommand } from "../../src/cli/shell.ts";
import { SHELL_ROWS } from "../../src/cli/shell-command.ts";
import { flagNames } from "../../src/cli/strict-args.ts";

const COMMANDS: [string, Command][] = [
  ["serve", serveCommand],
  ["get", getCommand],
  ["put", putCommand],
  ["shell", shellCommand],
  ["completion", completionCommand(() => Promise.resolve([]))],
  ["man", manCommand(() => Promise.resolve([]))],
];

function help(command: Command): string {
  return formatHelp(command.help, command.args, picocolors.createColors(false));
}

describe.each(COMMANDS)("the help of %s", (name, command) => {
  test("names every flag and every word", () => {
    for (const flag of flagNames(command.args)) expect(help(command)).toMatch(new RegExp(`${flag}[ [\n]`));
    const words = Object.entries(command.args).filter(([, { type }]) => type === "positional");
    for (const [word] of words) expect(help(command)).toMatch(new RegExp(`^  ${word} `, "m"));
  });

  test("fits 80 columns, and has only printable ASCII", () => {
    const wide = help(command)
      .split("\n")
      .filter((line) => line.length > 80);
    expect(wide).toEqual([]);
    expect(help(command)).toMatch(/^[\x20-\x7e\n]+$/);
  });

  test("shows how it is used, and examples that begin with it", () => {
    expect(command.help.usage.length).toBeGreaterThan(0);
    for (const usage of command.help.usage) expect(usage).toStartWith(`netfile ${name}`);
    for (const [example] of command.help.examples) expect(example).toContain(`netfile ${name}`);
    expect(help(command)).toContain("Examples\n");
  });
});

test.each(COMMANDS.slice(1, 4))("the help of %s lists the exit codes", (_name, command) => {
  for (const [code, meaning] of EXIT_CODE_LINES) {
    expect(help(command)).toContain(`${code.padEnd(3)}  ${meaning.slice(0, 40)}`);
  }
});

test("the help of shell lists its commands", () => {
  for (const [usage] of SHELL_ROWS) expect(help(shellCommand)).toContain(`  ${usage}`);
});
