/**
 * `netfile put`: sends one file to a server that takes uploads.
 */
import { DEFAULT_RETRIES } from "../client/retry.ts";
import { StreamedContent } from "../client/streamed-content.ts";
import { upload, uploadStream } from "../client/upload.ts";
import { openClientLog } from "./client-log.ts";
import { JSON_ROWS, REPORT_ARGS, TIMEOUT_ARGS } from "./client-flags.ts";
import type { Command } from "./command.ts";
import { CONNECTION_ARGS, openSession, wordsToRepeat } from "./connection-flags.ts";
import { EXIT } from "./exit.ts";
import { readTelling } from "./get.ts";
import { putHabits } from "./habits.ts";
import { Log } from "./log.ts";
import { BATCH_ARGS, EVENT_ROWS, PUT_MANY_ROWS, refuseForOne, refuseWithout } from "./many-flags.ts";
import { asksForSeveral, readPutWords } from "./remote-words.ts";
import { resumePutCommand } from "./resume-command.ts";
import { readConnectRetries, readRetries, RETRY_ARGS } from "./retry-flags.ts";
import type { StrictArgs } from "./strict-args.ts";
import { isTerminalDescriptor, type Terminal } from "./terminal.ts";
import { runTransfer, signalOfInterrupts } from "./transfer-run.ts";

const LARGE_ROWS = [
  ["cut", "goes on where the server stands"],
  ["ended", "goes on when the same command is run again, within a week, unless FILE has changed"],
] as const;

const STANDARD_INPUT = "standard input";

export const putCommand: Command = {
  habits: putHabits,
  args: {
    HOST: { type: "positional", required: false, description: "name or address of the server (127.0.0.1)" },
    PORT: { type: "positional", required: false, description: "its port (8080)" },
    FILE: { type: "positional", required: false, description: 'the file to send; "-" is standard input' },
    NAME: {
      type: "positional",
      required: false,
      description: "its name there; NAME/ is a folder (the file's own name)",
      // Of FILE... URL/ there are any number.
      isRepeatable: true,
    },
    post: { type: "boolean", description: "send with POST instead of PUT" },
    ...BATCH_ARGS,
    force: { type: "boolean", alias: "f", description: "with -r: send what is unchanged too" },
    ...REPORT_ARGS,
    ...TIMEOUT_ARGS,
    ...RETRY_ARGS,
    ...CONNECTION_ARGS,
  },
  help: {
    summary:
      "Sends a file over HTTP; whether an existing one is replaced is the server's choice (netfile serve --upload --on-exist)",
    usage: [
      "netfile put [HOST] [PORT] FILE [NAME] [OPTIONS]",
      "netfile put FILE URL [OPTIONS]",
      "netfile put - URL [OPTIONS]",
      "netfile put FILE... URL/ [OPTIONS]",
      "netfile put -r DIR URL [OPTIONS]",
    ],
    sections: [
      { title: "Large files (over 1 MiB), with servers that can resume", rows: LARGE_ROWS },
      { title: "Several files, and folders (-r)", rows: PUT_MANY_ROWS },
      { title: "Keys of --json", rows: JSON_ROWS },
      { title: "Events of --json with several files or -r, one a line", rows: EVENT_ROWS },
    ],
    examples: [
      ["netfile put localhost 8080 notes.txt", "saved there as notes.txt"],
      ["netfile put localhost 8080 notes.txt work/today.txt", "under another name, in a folder"],
      ["netfile put notes.txt http://localhost:8080/work/", "the same folder, by URL"],
      ["netfile put a.txt b.txt http://localhost:8080/work/", "both, under their own names"],
      ["netfile put -r photos http://localhost:8080/photos/", "what is in the folder photos"],
      ["tar c photos | netfile put - http://localhost:8080/photos.tar", "what a program writes"],
      ["netfile put --post 127.0.0.1 8080 notes.txt", "with POST"],
    ],
    showsExitCodes: true,
  },
  run: runPut,
};

async function runPut(args: StrictArgs, terminal: Terminal): Promise<number> {
  if (args.isOn("recursive")) {
    const { putTree } = await import("./put-tree.ts");
    return putTree(args, terminal, readTelling(args));
  }
  refuseWithout(args, "recursive", ["dry-run", "force"]);
  if (asksForSeveral(args.words)) {
    const { putFiles } = await import("./put-files.ts");
    return putFiles(args, terminal, readTelling(args));
  }
  refuseForOne(args);
  const { path, url } = readPutWords(args.words);
  const isPiped = path === "-";
  const retries = readRetries(args);
  const log = new Log(terminal.err);
  const clientLog = openClientLog(args, log);
  const { signal, exitCode: signalCode } = signalOfInterrupts();
  const session = openSession(args, terminal.environment, readConnectRetries(args));
  const isPost = args.isOn("post");
  const method = isPost ? "POST" : "PUT";
  const isTyped = isPiped && isTerminalDescriptor(0);
  if (isTyped && ["panel", "line"].includes(readTelling(args)))
    terminal.err.print("Reading from the terminal: Ctrl-D ends the file, Ctrl-C sends nothing.\n");
  const { exitCode } = await runTransfer(
    {
      command: isPost ? "post" : "put",
      url,
      name: isPiped ? STANDARD_INPUT : path,
      signal,
      isUnwanted: () => false,
      isPrinted: isTyped,
      resumeCommand: resumePutCommand(path, url, [...(isPost ? ["--post"] : []), ...wordsToRepeat(args)]),
      start: (hooks) => {
        session.onNotice = hooks.onNotice;
        const what = { url, method, signal, ...hooks } as const;
        if (isPiped) return uploadStream(session, what, new StreamedContent(0, STANDARD_INPUT));
        return upload(session, {
          ...what,
          path,
          retries: retries ?? DEFAULT_RETRIES,
          stateFolder: terminal.environment.stateFolder,
        });
      },
    },
    { terminal, log, clientLog, telling: readTelling(args) },
  );
  session.close();
  clientLog?.close();
  return exitCode === EXIT.interrupted ? (signalCode() ?? exitCode) : exitCode;
}
