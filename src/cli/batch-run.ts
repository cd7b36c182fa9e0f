/**
 * What every run of many files has: a session, the signals, what is told, and the summary.
 */
import { FolderSyncs } from "../client/folder-syncs.ts";
import type { Session } from "../client/session.ts";
import { systemClock } from "../base/clock.ts";
import { Batch } from "./batch.ts";
import type { BatchOptions, BatchSubject } from "./batch.ts";
import { BatchProgress } from "./batch-progress.ts";
import { BatchTelling, type BatchTellingSettings } from "./batch-telling.ts";
import { openClientLog } from "./client-log.ts";
import { openSession } from "./connection-flags.ts";
import { readSettingsForMany, signalOfMaxTime } from "./download-flags.ts";
import type { DownloadSettings } from "./download-flags.ts";
import { EXIT } from "./exit.ts";
import { Log } from "./log.ts";
import { readJobs } from "./many-flags.ts";
import { readConnectRetries } from "./retry-flags.ts";
import type { StrictArgs } from "./strict-args.ts";
import type { Terminal } from "./terminal.ts";
import { signalOfInterrupts } from "./transfer-run.ts";
import type { Telling } from "./transfer-run.ts";

/** What a run of many files has at hand. */
export type BatchRun = {
  readonly batch: Batch;
  readonly telling: BatchTelling;
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly jobs: number;
  /** How each of many files is downloaded. */
  readonly downloading: DownloadSettings & { readonly folderSyncs: FolderSyncs };
  /** Where it is remembered how unfinished uploads go on. */
  readonly stateFolder: string | undefined;
};

export type BatchSettings = {
  readonly command: BatchOptions["command"];
  readonly subject: BatchSubject;
  /** What ends the run early, unless `--keep-going` is given. */
  readonly stopsAfter: BatchOptions["stopsAfter"];
  readonly toGoOn?: BatchTellingSettings["toGoOn"];
  readonly terminal: Terminal;
  readonly telling: Telling;
};

/**
 * Runs `transfer` with all that it needs, and sums up.
 * @returns the exit code.
 */
export async function runBatch(
  args: StrictArgs,
  settings: BatchSettings,
  transfer: (run: BatchRun) => Promise<void>,
): Promise<number> {
  const { command, terminal } = settings;
  const jobs = readJobs(args);
  const folderSyncs = new FolderSyncs();
  const downloading = { ...readSettingsForMany(args), folderSyncs };
  const log = new Log(terminal.err);
  const clientLog = openClientLog(args, log);
  const interrupts = signalOfInterrupts();
  const maxTime = signalOfMaxTime(args);
  const signal = maxTime === undefined ? interrupts.signal : AbortSignal.any([interrupts.signal, maxTime]);
  const isShown = settings.telling === "panel" || settings.telling === "line";
  const progress = new BatchProgress(terminal.err, systemClock, { isShown });
  const telling = new BatchTelling({ ...settings, log, clientLog }, progress);
  const stopsAfter = args.isOn("keep-going") ? "nothing" : settings.stopsAfter;
  const batch = new Batch({ command, jobs, stopsAfter, signal, telling });
  const session = openSession(args, terminal.environment, {
    ...readConnectRetries(args),
    keptPerOrigin: jobs,
  });
  session.onNotice = (text) => telling.remark(text);
  try {
    const { stateFolder } = terminal.environment;
    await transfer({ batch, telling, session, signal, jobs, downloading, stateFolder });
  } catch (error) {
    if (!signal.aborted) await batch.failAll(settings.subject, error);
  }
  await folderSyncs.finish();
  const exitCode = await batch.finish();
  session.close();
  clientLog?.close();
  return exitCode === EXIT.interrupted ? (interrupts.exitCode() ?? exitCode) : exitCode;
}
