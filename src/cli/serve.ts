/**
 * `netfile serve`: starts a server on a folder, tells how to reach it, and ends it in an orderly way.
 */
import { accessSync, constants, opendirSync, statSync } from "node:fs";
import { extname, join, sep } from "node:path";

import { errorCode, fileReason } from "../base/failure.ts";
import { os } from "../base/late-modules.ts";
import { printable } from "../base/printable.ts";
import { formatDurationMs } from "../base/units.ts";
import type { RunningServer } from "../server/serve.ts";
import type { Store } from "../store/store.ts";
import type { BannerFacts } from "./banner.ts";
import { describeReach, formatServing, formatTryNext, programName } from "./banner.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./exit.ts";
import { serveHabits } from "./habits.ts";
import { LinePrinter } from "./line-printer.ts";
import { Log } from "./log.ts";
import { readServePlan, SERVE_ARGS } from "./serve-plan.ts";
import type { ServePlan } from "./serve-plan.ts";
import { listenHost, makeObserver, openAccessLog, openFolder, startServer } from "./serve-process.ts";
import { endOnSignals } from "./stop-signals.ts";
import type { Stoppable } from "./stop-signals.ts";
import type { StrictArgs } from "./strict-args.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** How long lines that were printed at the end may take to be read. */
const FLUSH_MS = 1000;
/** How often uploads that have expired are looked for. */
const SWEEP_EVERY_MS = 900_000;
/** So many names of the folder are looked at for what to show. */
const GLANCE_NAMES = 100;
/** Nobody is told how to publish these: keys, and what holds passwords. */
const SECRET_TYPES: ReadonlySet<string> = new Set([
  "pem",
  "key",
  "p12",
  "pfx",
  "jks",
  "kdbx",
  "env",
  "ppk",
  "gpg",
  "asc",
]);
/** So many types that are not served are named. */
const MOST_UNSERVED = 5;

export const serveCommand: Command = {
  habits: serveHabits,
  args: SERVE_ARGS,
  help: {
    summary:
      "Serves a folder over HTTP/1.1: to this machine unless --lan or --host says otherwise, read only unless --upload is given",
    usage: ["netfile serve [PORT] [DIR] [OPTIONS]", "netfile serve DIR"],
    sections: [],
    examples: [
      ["netfile serve", "this folder on http://127.0.0.1:8080/"],
      ["netfile serve 9089 /path/to/dir", "that folder on port 9089"],
      ["netfile serve --lan --allow pdf,svg", "for every device on your networks, with two more types"],
      ["netfile serve 8080 inbox --upload --max-upload 50M --on-exist rename", "a folder that takes files"],
      [
        "netfile serve --idle-exit 60 --log-file access.log",
        "ends after a minute without a request; keeps a log",
      ],
    ],
    showsExitCodes: false,
  },
  run: runServe,
};

async function runServe(args: StrictArgs, terminal: Terminal): Promise<number> {
  const log = new Log(terminal.err);
  const plan = await possibleWorkers(readServePlan(args), log);
  checkFolder(plan.folder);
  const printer = new LinePrinter(terminal.out);
  const start = plan.workers > 1 ? startTogether : startAlone;
  const { running, accessLog, store, close } = await start(plan, { terminal, printer, log });
  const ending = endOnSignals({ running, accessLog, terminal });
  await printStart(plan, running, terminal);
  const sweeping = sweepUploads(plan, store, log);
  if (plan.policy.upload !== undefined && !isWritable(plan.folder))
    await log.warn("No upload can be saved: the folder can't be written; change its permissions");
  if (plan.policy.spa && !hasIndex(plan.folder))
    await log.warn("There is no index.html in the folder for --spa to show; make one, or leave --spa out");
  if (servesItsLog(plan))
    await log.warn("Clients can fetch the log file; put it outside of the served folder");
  const reason = await running.ended;
  clearInterval(sweeping);
  const idleFor = plan.idleExitMs === undefined ? "" : ` for ${formatDurationMs(plan.idleExitMs)}`;
  if (plan.detail !== "quiet") printer.print(reason === "idle" ? `Ended: no request${idleFor}.` : "Ended.");
  await printer.flush(FLUSH_MS);
  close();
  return ending.exitCode();
}

/** What is told where. */
type Voices = { readonly terminal: Terminal; readonly printer: LinePrinter; readonly log: Log };

/** A server that runs, in this process or in several. */
type Started = Pick<Stoppable, "running" | "accessLog"> & {
  /** Absent where it is other processes' own. */
  readonly store?: Store;
  readonly close: () => void;
};

async function startAlone(plan: ServePlan, { terminal, printer, log }: Voices): Promise<Started> {
  const accessLog = openAccessLog(plan, log);
  const observer = makeObserver(plan, { terminal, printer, log, accessLog });
  const folder = openFolder(plan);
  const running = startServer(plan, observer, folder);
  return { running, accessLog, store: folder.store, close: () => accessLog?.close() };
}

async function startTogether(plan: ServePlan, { terminal, printer, log }: Voices): Promise<Started> {
  // The workers write it; one that can't be written is told of here, once.
  openAccessLog(plan, log)?.close();
  const { startWorkers } = await import("./serve-workers.ts");
  const running = await startWorkers(plan, {
    host: listenHost(plan),
    printer,
    log,
    hasColors: terminal.out.colors.red("x") !== "x",
  });
  return { running, accessLog: plan.accessLog === undefined ? undefined : running, close: () => undefined };
}

/** Several processes on one port need a kernel that deals connections out: elsewhere one serves, and that is said. */
async function possibleWorkers(plan: ServePlan, log: Log): Promise<ServePlan> {
  const { connections, connectionsPerAddress } = plan.limits;
  const workers = Math.min(plan.workers, connections, connectionsPerAddress);
  const obstacle = workers === 1 ? undefined : obstacleToWorkers(plan);
  if (obstacle === undefined) return { ...plan, workers };
  await log.warn(obstacle);
  return { ...plan, workers: 1 };
}

function obstacleToWorkers({ policy }: ServePlan): string | undefined {
  if (process.platform !== "linux") return "Workers share a port on Linux only; here one process serves";
  // Conditions, and who goes on with an unfinished upload, are decided in one process: two could both say yes.
  return policy.upload === undefined ? undefined : "Uploads are taken by one process; --workers is left out";
}

/** @throws {UsageError} when there is nothing to serve there. */
function checkFolder(folder: string): void {
  const shown = `"${printable(folder)}"`;
  try {
    if (!statSync(folder).isDirectory())
      throw new UsageError(`${shown} is a file; name the folder that holds it`);
    accessSync(folder, constants.R_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(folderProblem(shown, error));
  }
}

function folderProblem(shown: string, error: unknown): string {
  const code = errorCode(error) ?? "";
  if (["ENOENT", "ENOTDIR"].includes(code)) {
    if (/[/"](https?:|localhost|(\d+\.){3}\d+)|:\d+"$/i.test(shown))
      return `There is no folder ${shown}; the address is given with --host: netfile serve 8080 DIR --host 127.0.0.1`;
    return `There is no folder ${shown}; name one that exists: netfile serve 8080 DIR`;
  }
  if (["EACCES", "EPERM"].includes(code)) {
    return `The folder ${shown} can't be read; change its permissions or name another`;
  }
  return `The folder ${shown} can't be opened: ${fileReason(error)}`;
}

function hasIndex(folder: string): boolean {
  return statSync(join(folder, "index.html"), { throwIfNoEntry: false })?.isFile() === true;
}

async function printStart(plan: ServePlan, { host, port }: RunningServer, { out }: Terminal): Promise<void> {
  const reach = describeReach(host, port, () => os().networkInterfaces());
  if (plan.detail === "quiet") {
    out.print(`${[...reach.local, ...reach.remote].join(" ")}\n`);
    return;
  }
  const program = programName(process.argv0);
  const facts: BannerFacts = { program, plan, host, port, reach, ...glance(plan) };
  const serving = formatServing(facts, out.colors);
  const next = formatTryNext(facts, out.colors);
  const head = out.isTerminal ? await drawBox(serving, out.columns()) : serving.join("\n");
  out.print(`${head}\n\n${next.join("\n")}\n\n`);
}

/** A box by consola; plain lines where it would not fit, or would be torn by characters of other widths. */
async function drawBox(lines: readonly string[], columns: number): Promise<string> {
  const { box, stripAnsi } = await import("consola/utils");
  const plain = lines.map((line) => stripAnsi(line));
  const isFitting = plain.every((line) => line.length + 10 <= columns && /^[\x20-\x7e]*$/.test(line));
  if (!isFitting) return lines.join("\n");
  return box(lines.join("\n"), {
    title: ` netfile ${VERSION} `,
    style: { padding: 1, marginTop: 0, marginBottom: 0, borderColor: "cyan" },
  });
}

/** What the top of the folder shows at a glance. */
function glance({ folder, policy: { allow } }: ServePlan): Pick<BannerFacts, "sample" | "unserved"> {
  let sample: string | undefined;
  const unserved = new Set<string>();
  try {
    using directory = opendirSync(folder);
    for (let count = 0; count < GLANCE_NAMES; count++) {
      const entry = directory.readSync();
      if (entry === null) break;
      // What a shell reads as one word.
      const extension = /^\w[\w.-]*\.(\w+)$/.exec(entry.name)?.[1]?.toLowerCase();
      if (!entry.isFile() || extension === undefined) continue;
      if (allow === "all" || allow.has(extension)) sample ??= entry.name;
      else if (!SECRET_TYPES.has(extension)) unserved.add(extension);
    }
  } catch {
    // Only an example and a hint are lost.
  }
  return { sample, unserved: [...unserved].slice(0, MOST_UNSERVED) };
}

/** Whether the log lies where clients can fetch it. */
function servesItsLog({ accessLog, folder, policy: { allow } }: ServePlan): boolean {
  if (
    accessLog === undefined ||
    !accessLog.path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)
  )
    return false;
  return allow === "all" || allow.has(extname(accessLog.path).slice(1).toLowerCase());
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * What a killed server left half-saved is removed behind the first requests; uploads that nobody goes on with, then and every
 * now and then.
 */
function sweepUploads(
  plan: ServePlan,
  store: Store | undefined,
  log: Log,
): ReturnType<typeof setInterval> | undefined {
  if (plan.policy.upload === undefined || store === undefined) return undefined;
  void (async () => {
    const { sweepAbandonedUploads } = await import("../store/sweep.ts");
    const count = await sweepAbandonedUploads(plan.folder);
    if (count > 0) await log.warn(`Removed ${count} uploads that an earlier run had left unfinished`);
    await store.unfinished?.sweep();
  })().catch((error: unknown) => log.warn(`Cannot look for unfinished uploads: ${fileReason(error)}`));
  return setInterval(() => void store.unfinished?.sweep(), SWEEP_EVERY_MS);
}
