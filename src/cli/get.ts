/**
 * `netfile get`: fetches one file and saves it, or prints it.
 */
import { systemClock } from "../base/clock.ts";
import { printable } from "../base/printable.ts";
import { download } from "../client/download.ts";
import type { Destination } from "../client/download.ts";
import { pathOf } from "../client/origin.ts";
import type { RemoteUrl } from "../client/origin.ts";
import { Session } from "../client/session.ts";
import { ClientLog } from "./client-log.ts";
import { JSON_ROWS, readTimeouts, REPORT_ARGS, TIMEOUT_ARGS } from "./client-flags.ts";
import type { Command } from "./command.ts";
import { ContentPrinter } from "./content-printer.ts";
import { EXIT, UsageError } from "./exit.ts";
import { Log } from "./log.ts";
import { readGetWords } from "./remote-words.ts";
import type { StrictArgs } from "./strict-args.ts";
import type { Terminal } from "./terminal.ts";
import { runTransfer, signalOfInterrupts } from "./transfer-run.ts";
import type { Telling } from "./transfer-run.ts";
import { DOWNLOAD_ARGS, readDownloadSettings, readFamily, signalOfMaxTime } from "./download-flags.ts";
import { readProxies } from "./proxies.ts";
import { resumeCommand } from "./resume-command.ts";
import { USER_AGENT } from "./version.ts";

export const getCommand: Command = {
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
    output: {
      type: "string",
      alias: "o",
      valueHint: "FILE",
      description: 'save as FILE; "-" prints the content',
    },
    force: { type: "boolean", alias: "f", description: "replace a file that is there already" },
    ...REPORT_ARGS,
    ...TIMEOUT_ARGS,
    ...DOWNLOAD_ARGS,
  },
  help: {
    summary:
      "Fetches a file over HTTP and saves it, whole or not at all; shows the connection, the times and the rate",
    usage: ["netfile get [HOST] [PORT] [FILE] [DEST] [OPTIONS]", "netfile get URL [DEST] [OPTIONS]"],
    sections: [{ title: "Keys of --json (a page that would be printed is left out)", rows: JSON_ROWS }],
    examples: [
      ["netfile get", "the default page of 127.0.0.1:8080, printed"],
      ["netfile get 127.0.0.1 8080 photo.jpg", "photo.jpg, saved in this folder"],
      ["netfile get localhost 9089 projeto.pdf .", "the same with the folder named"],
      ["netfile get http://localhost:8080/photo.jpg album/cat.jpg", "saved under another name"],
      ["netfile get localhost 8080 notes.txt -o - | wc -l", "printed into a pipe"],
    ],
    showsExitCodes: true,
  },
  run: runGet,
};

async function runGet(args: StrictArgs, terminal: Terminal): Promise<number> {
  const { url, destination: word } = readGetWords(args.words);
  const telling = readTelling(args);
  const path = readDestination(args, word) ?? defaultDestination(url);
  if (path === "-" && args.value("output") === "-" && telling === "json") {
    throw new UsageError('--json and "-o -" both want standard output; keep one of them');
  }
  const log = new Log(terminal.err);
  const logFile = args.value("log-file");
  const settings = {
    terminal,
    log,
    telling,
    clientLog: logFile === undefined ? undefined : new ClientLog(logFile, log),
  };
  const interrupts = signalOfInterrupts();
  const unwanted = new AbortController();
  const printer = new ContentPrinter(terminal.out, () => unwanted.abort());
  const { environment } = terminal;
  const downloading = readDownloadSettings(args, environment, url.origin);
  const maxTime = signalOfMaxTime(args);
  const session = new Session({
    ...readTimeouts(args),
    userAgent: USER_AGENT,
    clock: systemClock,
    family: readFamily(args),
    proxyFor: readProxies(environment.proxy, environment.proxyExceptions),
  });
  const { exitCode } = await runTransfer(
    {
      command: "get",
      url,
      name: printable(url.target),
      signal: interrupts.signal,
      isUnwanted: () => !printer.hasReader,
      resumeCommand: resumeCommand(url, path),
      isTimed: args.isOn("timing"),
      start: async (hooks) => {
        const limits = maxTime === undefined ? [] : [maxTime];
        const signal = AbortSignal.any([interrupts.signal, unwanted.signal, ...limits]);
        const destination = toDestination(path, printer, telling);
        const result = await download(session, {
          ...downloading,
          url,
          destination,
          force: args.isOn("force"),
          signal,
          ...hooks,
        });
        printer.end();
        return { ...result, savedAs: result.savedPath };
      },
    },
    settings,
  );
  session.close();
  settings.clientLog?.close();
  return exitCode === EXIT.interrupted ? (interrupts.exitCode() ?? exitCode) : exitCode;
}

/** How much `get` and `put` tell. */
export function readTelling(args: StrictArgs): Telling {
  const [isQuiet, isJson] = [args.isOn("quiet"), args.isOn("json")];
  if (isJson) return "json";
  return isQuiet ? "nothing" : "panel";
}

function readDestination(args: StrictArgs, word: string | undefined): string | undefined {
  const output = args.value("output");
  if (output !== undefined && word !== undefined) {
    throw new UsageError("The destination is given twice, as a word and with --output; keep one of them");
  }
  return output ?? word;
}

/** A page (a path that ends with a slash) is printed, a file is saved in the current folder. */
function defaultDestination(url: RemoteUrl): string {
  return pathOf(url).endsWith("/") ? "-" : ".";
}

function toDestination(path: string, printer: ContentPrinter, telling: Telling): Destination {
  if (path !== "-") return { kind: "path", path };
  if (telling === "json") return { kind: "consumer", consume: () => undefined };
  return { kind: "consumer", consume: (bytes) => printer.print(bytes) };
}
