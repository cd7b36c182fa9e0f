/**
 * `netfile shell`: one connection, many requests; on a prompt, from a pipe or from a file.
 */
import { fileReason } from "../base/failure.ts";
import { printable } from "../base/printable.ts";
import { download } from "../client/download.ts";
import { readFolderListing } from "../client/folder-listing.ts";
import { upload } from "../client/upload.ts";
import { formatHostPort } from "../net/endpoint.ts";
import { openClientLog } from "./client-log.ts";
import { TIMEOUT_ARGS } from "./client-flags.ts";
import type { Command } from "./command.ts";
import { CONNECTION_ARGS, openSession } from "./connection-flags.ts";
import { EXIT, LocalFileError } from "./exit.ts";
import { Log } from "./log.ts";
import { readServerWords } from "./remote-words.ts";
import type { ServerWords } from "./remote-words.ts";
import { readLines, runBatch } from "./shell-batch.ts";
import { SHELL_ROWS } from "./shell-command.ts";
import { ShellHistory } from "./shell-history.ts";
import { ShellSession } from "./shell-session.ts";
import type { StrictArgs } from "./strict-args.ts";
import { isTerminalDescriptor } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";
import { signalOfInterrupts } from "./transfer-run.ts";

export const shellCommand: Command = {
  args: {
    HOST: {
      type: "positional",
      required: false,
      description: "name or address of the server (127.0.0.1), or a URL",
    },
    PORT: { type: "positional", required: false, description: "its port (8080)" },
    script: { type: "string", valueHint: "FILE", description: "read requests from FILE, one a line" },
    "keep-going": {
      type: "boolean",
      alias: "k",
      description: "from a script or a pipe: go on after a failure",
    },
    force: { type: "boolean", alias: "f", description: "get replaces files that are there already" },
    quiet: { type: "boolean", alias: "q", description: "print errors only" },
    "log-file": { type: "string", valueHint: "FILE", description: "append a line for each request" },
    ...TIMEOUT_ARGS,
    ...CONNECTION_ARGS,
  },
  help: {
    summary:
      "Fetches and sends one file after the other over one connection, on a prompt, from a script or from a pipe",
    usage: ["netfile shell [HOST] [PORT] [OPTIONS]", "netfile shell [HOST] [PORT] < requests.txt"],
    sections: [
      { title: "Commands, in small letters or capitals", rows: SHELL_ROWS },
      {
        title: "Scripts",
        rows: [
          ["#", "begins a comment; quotes and backslashes keep spaces in a name"],
          ["a failure", "ends the script, unless --keep-going; the exit code is that of the first"],
        ],
      },
    ],
    examples: [
      ["netfile shell localhost 8080", "a prompt"],
      ["netfile shell --script requests.txt", "the requests of a file, from 127.0.0.1:8080"],
      ["printf 'GET server/a.txt\\nPOST client/b.txt\\n' | netfile shell", "the same from a pipe"],
    ],
    showsExitCodes: true,
  },
  run: runShell,
};

async function runShell(args: StrictArgs, terminal: Terminal): Promise<number> {
  const server = readServerWords(args.words);
  const log = new Log(terminal.err);
  const clientLog = openClientLog(args, log);
  const session = openSession(args, terminal.environment);
  const shell = new ShellSession({
    server,
    session,
    actions: {
      download,
      upload: (own, options) => upload(own, { ...options, stateFolder: terminal.environment.stateFolder }),
      readFolderListing,
    },
    settings: { terminal, log, clientLog, telling: args.isOn("quiet") ? "nothing" : "line" },
    force: args.isOn("force"),
    localFolder: process.cwd(),
  });
  try {
    const script = args.value("script");
    const isInteractive = script === undefined && isTerminalDescriptor(0);
    if (isInteractive) return await runInteractively(shell, { server, terminal, log });
    return await runScript(shell, { script, args, terminal, log });
  } finally {
    session.close();
    clientLog?.close();
  }
}

async function runInteractively(
  shell: ShellSession,
  { server, terminal, log }: { readonly server: ServerWords; readonly terminal: Terminal; readonly log: Log },
): Promise<number> {
  const { runPrompt } = await import("./shell-prompt.ts");
  terminal.err.print('Write "help" for what can be said, "quit" to end.\n');
  const history = new ShellHistory(terminal.environment.stateFolder);
  await runPrompt({ shell, history, log, label: formatHostPort(server.host, server.port) });
  return EXIT.done;
}

async function runScript(
  shell: ShellSession,
  facts: {
    readonly script: string | undefined;
    readonly args: StrictArgs;
    readonly terminal: Terminal;
    readonly log: Log;
  },
): Promise<number> {
  const { script, args, terminal, log } = facts;
  const interrupts = signalOfInterrupts();
  const code = await runBatch(readLines(openScript(script)), {
    keepGoing: args.isOn("keep-going"),
    isQuiet: args.isOn("quiet"),
    log,
    output: terminal.err,
    run: (command) => shell.run(command, interrupts.signal),
  });
  return code === EXIT.interrupted ? (interrupts.exitCode() ?? code) : code;
}

/** @throws {LocalFileError} while it is read, when the file can't be. */
async function* openScript(path: string | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  if (path === undefined) {
    yield* Bun.stdin.stream();
    return;
  }
  try {
    yield* Bun.file(path).stream();
  } catch (error) {
    throw new LocalFileError(
      `Cannot read the script "${printable(path)}": ${fileReason(error)}; name one with --script FILE`,
    );
  }
}
