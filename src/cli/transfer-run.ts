/**
 * One transfer of the client with everything a person sees of it: panel, progress, phases, confirmation, JSON, log; and how
 * Ctrl-C ends it. `get`, `put` and `shell` differ only in what they transfer.
 */
import { systemClock } from "../base/clock.ts";
import { formatJsonLine } from "../base/json-line.ts";
import { formatBytes } from "../base/units.ts";
import type { Answer } from "../client/download.ts";
import type { RemoteUrl } from "../client/origin.ts";
import type { TransferProgress } from "../client/report.ts";
import { TransferError } from "../client/transfer-error.ts";
import type { ClientLog } from "./client-log.ts";
import { describeFailure, EXIT } from "./exit.ts";
import type { Log } from "./log.ts";
import { formatPanel, formatPhases, formatRttSummary } from "./panel.ts";
import { ProgressBar } from "./progress-bar.ts";
import type { Terminal } from "./terminal.ts";
import { describeTransfer, formatConfirmation } from "./transfer-report.ts";
import type { Transfer, TransferDone } from "./transfer-report.ts";

/** How much is told. */
export type Telling = "panel" | "line" | "json" | "nothing";

export type TransferSettings = {
  readonly terminal: Terminal;
  readonly log: Log;
  readonly clientLog: ClientLog | undefined;
  readonly telling: Telling;
};

export type TransferTask = {
  readonly command: Transfer["command"];
  readonly url: RemoteUrl;
  /** What is transferred, as the person called it. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** Asked when the transfer failed: whether nobody wanted the rest, so that it ends quietly. */
  readonly isUnwanted: () => boolean;
  readonly start: (hooks: TransferHooks) => Promise<TransferDone>;
  /** Continues what was interrupted, as a person types it. */
  readonly resumeCommand?: string;
  /** Whether the content itself appears on the terminal, where a progress bar would be in its way. */
  readonly isPrinted?: boolean;
  /** Whether the round-trip times over the transfer are shown. */
  readonly isTimed?: boolean;
};

export type TransferHooks = {
  readonly onAnswer: (answer: Answer) => void;
  readonly onProgress: (progress: TransferProgress) => void;
  /** Told of what does not end the transfer; a batch is silent about it. */
  readonly onNotice?: (text: string) => void;
};

/** How it ended, for the caller's summary. */
export type TransferEnd = { readonly exitCode: number; readonly answer: Answer | undefined };

/** Runs `task` and tells of it. Never rejects: what went wrong has been told, and is the exit code. */
export async function runTransfer(task: TransferTask, settings: TransferSettings): Promise<TransferEnd> {
  const { terminal, telling } = settings;
  const bar = new ProgressBar(terminal.err, systemClock, task.name);
  const isBarShown = (telling === "panel" || telling === "line") && task.isPrinted !== true;
  let answer: Answer | undefined;
  const hooks: TransferHooks = {
    onAnswer: (received) => {
      answer = received;
      bar.clear();
      if (telling === "panel") terminal.err.print(formatPanel(received, terminal.err.colors));
    },
    onProgress: (progress) => {
      if (isBarShown) bar.update(progress);
    },
    onNotice: (text) => {
      bar.clear();
      if (telling !== "nothing") void settings.log.warn(text);
    },
  };
  try {
    const done = await task.start(hooks);
    bar.clear();
    tellDone({ ...task, answer, done, failure: undefined }, task, settings);
    return { exitCode: EXIT.done, answer };
  } catch (error) {
    bar.clear();
    return { exitCode: await tellFailure(error, { task, answer, settings }), answer };
  }
}

function tellDone(
  transfer: Transfer & { readonly done: TransferDone },
  { name, isTimed = false }: TransferTask,
  settings: TransferSettings,
): void {
  const { terminal, telling, clientLog } = settings;
  clientLog?.append(transfer);
  if (telling === "json") terminal.out.print(`${formatJsonLine(describeTransfer(transfer))}\n`);
  if (telling === "panel")
    terminal.err.print(`  ${terminal.err.colors.dim(formatPhases(transfer.done.phases))}\n`);
  if (isTimed && telling === "panel")
    terminal.err.print(`  ${terminal.err.colors.dim(formatRttSummary(transfer.done.rtt))}\n`);
  if (telling === "panel" || telling === "line")
    terminal.err.print(`${formatConfirmation(transfer, name)}\n`);
}

async function tellFailure(
  error: unknown,
  facts: {
    readonly task: TransferTask;
    readonly answer: Answer | undefined;
    readonly settings: TransferSettings;
  },
): Promise<number> {
  const { task, answer, settings } = facts;
  if (task.isUnwanted()) return EXIT.done;
  const failure = task.signal.aborted
    ? { code: EXIT.interrupted, text: "Interrupted; nothing was saved", isExpected: true, error }
    : { ...describeFailure(error), error };
  const keptText = describeKept(error, task.resumeCommand);
  const transfer: Transfer = { ...task, answer, done: undefined, failure };
  settings.clientLog?.append(transfer);
  if (settings.telling === "json")
    settings.terminal.out.print(`${formatJsonLine(describeTransfer(transfer))}\n`);
  if (keptText === undefined) await settings.log.error(failure.text);
  else
    await settings.log.error(
      task.signal.aborted ? `Interrupted; ${keptText}` : `${failure.text}; ${keptText}`,
    );
  return failure.code;
}

/** What an unfinished transfer has left to go on with; `undefined` when it is nothing. */
function describeKept(error: unknown, command: string | undefined): string | undefined {
  if (!(error instanceof TransferError) || !error.canGoOn) return undefined;
  const kept = error.keptBytes === 0 ? "what was sent is kept" : `${formatBytes(error.keptBytes)} are kept`;
  return command === undefined ? kept : `${kept}, go on with: ${command}`;
}

/** An AbortSignal that Ctrl-C and SIGTERM give; a second one ends the program at once. */
export function signalOfInterrupts(): {
  readonly signal: AbortSignal;
  readonly exitCode: () => number | undefined;
} {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const interrupt = (code: number): void => {
    if (controller.signal.aborted) process.exit(code);
    exitCode = code;
    controller.abort();
  };
  process.on("SIGINT", () => interrupt(EXIT.interrupted));
  process.on("SIGTERM", () => interrupt(EXIT.terminated));
  return { signal: controller.signal, exitCode: () => exitCode };
}
