/**
 * `netfile get`: fetches one file and saves it, or prints it; many files are get-many.ts's.
 */
import { download, type DownloadOptions } from "../client/download.ts";
import { pathOf } from "../client/origin.ts";
import type { RemoteUrl } from "../client/origin.ts";
import { openClientLog } from "./client-log.ts";
import { JSON_ROWS, REPORT_ARGS, TIMEOUT_ARGS } from "./client-flags.ts";
import type { Command } from "./command.ts";
import { openSession, wordsToRepeat } from "./connection-flags.ts";
import { downloadTask } from "./download-task.ts";
import { EXIT, UsageError } from "./exit.ts";
import { getHabits } from "./habits.ts";
import { Log } from "./log.ts";
import { asksForMany, EVENT_ROWS, GET_MANY_ARGS, MANY_ROWS, TEMPLATE_ROWS } from "./many-flags.ts";
import { chooseDestination, readGetWords } from "./remote-words.ts";
import { readConnectRetries } from "./retry-flags.ts";
import { showPath } from "./shown-path.ts";
import { openStream } from "./stream-output.ts";
import type { StrictArgs } from "./strict-args.ts";
import type { Output, Terminal } from "./terminal.ts";
import { runTransfer, signalOfInterrupts } from "./transfer-run.ts";
import type { Telling } from "./transfer-run.ts";
import { DOWNLOAD_ARGS, readDownloadSettings, signalOfMaxTime } from "./download-flags.ts";
import { resumeCommand } from "./resume-command.ts";

export const getCommand: Command = {
  habits: getHabits,
  args: {
    HOST: {
      type: "positional",
      required: false,
      description: "name or address of the server (127.0.0.1), or a URL",
    },
    PORT: { type: "positional", required: false, description: "its port (8080)" },
    FILE: {
      type: "positional",
      required: false,
      description: "the file; none means the default page, printed",
    },
    DEST: {
      type: "positional",
      required: false,
      description: "folder or file name to save to (this folder)",
    },
    URL: {
      type: "positional",
      required: false,
      isRepeatable: true,
      description: "instead of all these: several URLs, and a folder to save to",
    },
    output: {
      type: "string",
      alias: "o",
      valueHint: "FILE",
      description: 'save as FILE; "-" prints the content',
    },
    force: { type: "boolean", alias: "f", description: "replace a file that is there already" },
    ...GET_MANY_ARGS,
    ...REPORT_ARGS,
    ...TIMEOUT_ARGS,
    ...DOWNLOAD_ARGS,
  },
  help: {
    summary:
      "Fetches a file over HTTP and saves it, whole or not at all; shows the connection, the times and the rate",
    usage: [
      "netfile get [HOST] [PORT] [FILE] [DEST] [OPTIONS]",
      "netfile get URL [DEST] [OPTIONS]",
      "netfile get URL... [DIR] [OPTIONS]",
      "netfile get -i LIST [DIR] [OPTIONS]",
      "netfile get -r URL DIR [OPTIONS]",
    ],
    sections: [
      { title: "Many files", rows: MANY_ROWS },
      { title: "Places in --output-template", rows: TEMPLATE_ROWS },
      { title: "Keys of --json (a page that would be printed is left out)", rows: JSON_ROWS },
      { title: "Events of --json for many files, one a line", rows: EVENT_ROWS },
    ],
    examples: [
      ["netfile get", "the default page of 127.0.0.1:8080, printed"],
      ["netfile get 127.0.0.1 8080 photo.jpg", "photo.jpg, saved in this folder"],
      ["netfile get localhost 9089 projeto.pdf .", "the same with the folder named"],
      ["netfile get http://localhost:8080/photo.jpg album/cat.jpg", "saved under another name"],
      ["netfile get localhost 8080 notes.txt -o - | wc -l", "printed into a pipe"],
      ["netfile get http://localhost:8080/a.jpg http://localhost:8080/b.jpg album/", "both"],
      ["netfile get -i list.txt -j 8 --output-template '{host}/{path}'", "all that are listed"],
      ["netfile get -r http://localhost:8080/photos/ photos --delete", "a mirror of the folder"],
    ],
    showsExitCodes: true,
  },
  run: runGet,
};

async function runGet(args: StrictArgs, terminal: Terminal): Promise<number> {
  if (asksForMany(args)) {
    const { runGetMany } = await import("./get-many.ts");
    return runGetMany(args, terminal, readTelling(args));
  }
  const { url, destination: word } = readGetWords(args.words);
  const telling = readTelling(args);
  const named = chooseDestination(word, args.value("output"));
  const { path, stream, isPage } = await chooseTarget(url, named, telling, terminal);
  const log = new Log(terminal.err);
  const clientLog = openClientLog(args, log);
  const interrupts = signalOfInterrupts();
  // A page that nobody asked to see is left out where a program reads.
  const isLeftOut = telling === "json" && stream === terminal.out;
  const settings = readDownloadSettings(args);
  const maxTime = signalOfMaxTime(args);
  const session = openSession(args, terminal.environment, readConnectRetries(args));
  const fetch = (options: DownloadOptions) => {
    session.onNotice = options.onNotice;
    return download(session, options);
  };
  const task = downloadTask(fetch, {
    url,
    name: showPath(url.target),
    signal: interrupts.signal,
    path: stream === undefined ? path : undefined,
    output: isLeftOut ? undefined : stream,
    isPage,
    force: args.isOn("force"),
    settings,
    limits: maxTime === undefined ? [] : [maxTime],
  });
  const { exitCode } = await runTransfer(
    {
      ...task,
      resumeCommand: resumeCommand(url, path, wordsToRepeat(args)),
      isPrinted: stream?.isTerminal === true,
      isTimed: args.isOn("timing"),
    },
    { terminal, log, telling, clientLog },
  );
  session.close();
  clientLog?.close();
  return exitCode === EXIT.interrupted ? (interrupts.exitCode() ?? exitCode) : exitCode;
}

/** How much `get` and `put` tell. */
export function readTelling(args: StrictArgs): Telling {
  const [isQuiet, isJson] = [args.isOn("quiet"), args.isOn("json")];
  if (isJson) return "json";
  return isQuiet ? "nothing" : "panel";
}

/** Where content goes: into a file at `path`, or to who reads `stream`. */
type Target = {
  readonly path: string;
  readonly stream: Output | undefined;
  /** It is a page that is shown, since nobody said where it should go. */
  readonly isPage: boolean;
};

async function chooseTarget(
  url: RemoteUrl,
  namedPath: string | undefined,
  telling: Telling,
  { out }: Terminal,
): Promise<Target> {
  const path = namedPath ?? defaultDestination(url);
  const stream = path === "-" ? out : await openStream(path, out);
  if (stream === out && namedPath !== undefined && telling === "json") {
    throw new UsageError('--json and "-o -" both want standard output; keep one of them');
  }
  return { path, stream, isPage: namedPath === undefined && path === "-" && telling !== "json" };
}

/** A page (a path that ends with a slash) is printed, a file is saved in the current folder. */
function defaultDestination(url: RemoteUrl): string {
  return pathOf(url).endsWith("/") ? "-" : ".";
}
