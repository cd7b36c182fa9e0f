/**
 * The whole program: words → command → exit code. A command's code is loaded when it is called, and nothing else.
 */
import { printable } from "../base/printable.ts";
import type { Command } from "./command.ts";
import type { NamedCommand } from "./completion.ts";
import { readEnvironment } from "./environment.ts";
import { describeFailure, EXIT, UsageError } from "./exit.ts";
import { findCommandByHabit } from "./habits.ts";
import { Log } from "./log.ts";
import { findNearestWord } from "./nearest-word.ts";
import { asksForHelp, readStrictArgs } from "./strict-args.ts";
import { systemTerminal } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

const COMMANDS: Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>
> = {
  serve: {
    summary: "serve a folder over HTTP",
    load: async () => (await import("./serve.ts")).serveCommand,
  },
  get: { summary: "fetch a file", load: async () => (await import("./get.ts")).getCommand },
  put: {
    summary: "send a file to a server that takes uploads",
    load: async () => (await import("./put.ts")).putCommand,
  },
  shell: {
    summary: "fetch and send on a prompt or from a script, over one connection",
    load: async () => (await import("./shell.ts")).shellCommand,
  },
  completion: {
    summary: "print the completion script for bash, zsh or fish",
    load: async () => (await import("./describe-commands.ts")).completionCommand(loadCommands),
  },
  man: {
    summary: "print the man page",
    load: async () => (await import("./describe-commands.ts")).manCommand(loadCommands),
  },
};

/** Commands that no person uses. */
const OWN_COMMANDS: typeof COMMANDS = {
  "serve-worker": {
    summary: "",
    load: async () => (await import("./serve-worker.ts")).serveWorkerCommand,
  },
};

/** Every command with its definitions, for those that describe them. */
export function loadCommands(): Promise<readonly NamedCommand[]> {
  const loading = Object.entries(COMMANDS).map(async ([name, { summary, load }]) => {
    return { name, summary, command: await load() };
  });
  return Promise.all(loading);
}

/**
 * Runs netfile.
 *
 * @param words the command line without the program's name.
 * @returns the exit code; all that is to be said has been said.
 */
export async function runProgram(words: readonly string[]): Promise<number> {
  const terminal = await systemTerminal(readEnvironment(process.env));
  watchUnexpected(terminal);
  try {
    return await dispatch(words, terminal);
  } catch (error) {
    return tell(error, terminal);
  }
}

async function dispatch(words: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = words;
  switch (first) {
    case undefined:
      terminal.err.print(formatRootHelp(terminal));
      return EXIT.usage;
    case "--version":
    case "-V":
    case "-v":
      if (rest.length > 0) throw new UsageError(`${first} stands alone; leave the other words out`);
      terminal.out.print(`netfile ${VERSION}\n`);
      return EXIT.done;
    case "--help":
    case "-h":
      terminal.out.print(formatRootHelp(terminal));
      return EXIT.done;
    case "help":
      return showHelp(rest, terminal);
    default:
      return runCommandNamed(first, rest, terminal);
  }
}

async function runCommandNamed(name: string, words: readonly string[], terminal: Terminal): Promise<number> {
  const command = await findCommand(name).load();
  if (asksForHelp(words)) return printHelp(command, terminal);
  return command.run(readStrictArgs(words, command.args, command.habits), terminal);
}

async function showHelp([name, ...rest]: readonly string[], terminal: Terminal): Promise<number> {
  if (rest.length > 0) throw new UsageError("help takes one command; write: netfile help get");
  if (name === undefined) {
    terminal.out.print(formatRootHelp(terminal));
    return EXIT.done;
  }
  return printHelp(await findCommand(name).load(), terminal);
}

async function printHelp(command: Command, terminal: Terminal): Promise<number> {
  const { formatHelp } = await import("./help.ts");
  terminal.out.print(formatHelp(command.help, command.args, terminal.out.colors));
  return EXIT.done;
}

function findCommand(name: string): { readonly load: () => Promise<Command> } {
  const commands = { ...COMMANDS, ...OWN_COMMANDS };
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) return command;
  const kind = name.startsWith("-") ? "flag" : "command";
  const meant = findMeant(name);
  const hint = meant === undefined ? 'see "netfile --help"' : `did you mean "netfile ${printable(meant)}"?`;
  throw new UsageError(`There is no ${kind} "${printable(name)}"; ${hint}`);
}

/** What was probably meant by a first word that is no command: the command, with that word behind it where it names what is served or fetched. */
function findMeant(name: string): string | undefined {
  if (/^http:\/\//i.test(name)) return `get ${name}`;
  if (/^(\d+$|[./~])/.test(name)) return `serve ${name}`;
  const known = [...Object.keys(COMMANDS), "help", "--help", "--version"];
  return findCommandByHabit(name) ?? findNearestWord(name, known);
}

function formatRootHelp({ out: { colors } }: Terminal): string {
  const commands = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  ${colors.cyan(name.padEnd(10))} ${summary}`,
  );
  return [
    `netfile ${VERSION}: serves a folder over HTTP and fetches from one`,
    "",
    colors.bold("Usage"),
    "  netfile COMMAND [WORDS] [OPTIONS]",
    "",
    colors.bold("Commands"),
    ...commands,
    "",
    colors.bold("Options"),
    `  ${colors.cyan("-h, --help")}     show this text, or that of a command: netfile get --help`,
    `  ${colors.cyan("-V, --version")}  show the version`,
    "",
    colors.bold("Examples"),
    "  netfile serve 8080 photos           serve the folder photos on port 8080",
    "  netfile get 127.0.0.1 8080 cat.jpg  fetch cat.jpg from there into this folder",
    "  netfile shell                       ask for one file after the other",
    "",
  ].join("\n");
}

/** The last resort: whatever nobody caught ends the program with one sentence. */
function watchUnexpected(terminal: Terminal): void {
  const end = (error: unknown): void => void endWith(error, terminal);
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

async function endWith(error: unknown, terminal: Terminal): Promise<never> {
  process.exit(await tell(error, terminal));
}

/** Tells the person of `error` in one sentence, with its stack when that is asked for. */
async function tell(error: unknown, terminal: Terminal): Promise<number> {
  const { code, text, isExpected } = describeFailure(error);
  await new Log(terminal.err).error(text);
  const stack = error instanceof Error ? error.stack : undefined;
  if (!isExpected && terminal.environment.debug && stack !== undefined) terminal.err.print(`${stack}\n`);
  return code;
}
