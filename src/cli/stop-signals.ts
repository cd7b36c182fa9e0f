/**
 * How signals end a server: the first lets what runs finish, a second ends it at once; SIGHUP reopens the log.
 */
import { formatDurationMs } from "../base/units.ts";
import type { AccessLog } from "../server/access-log.ts";
import type { RunningServer } from "../server/serve.ts";
import { EXIT } from "./exit.ts";
import { isTerminalDescriptor } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

/** How long running answers may take after the first signal. */
const GRACE_MS = 10_000;
/** What ends sooner needs no explanation. */
const EXPLAIN_AFTER_MS = 300;

export type Stoppable = {
  readonly running: RunningServer;
  readonly accessLog: AccessLog | undefined;
  readonly terminal: Terminal;
};

/**
 * Installs the handlers.
 * @returns the exit code as it stands when the server has ended.
 */
export function endOnSignals(stoppable: Stoppable): { readonly exitCode: () => number } {
  const { running, accessLog, terminal } = stoppable;
  let exitCode: number = EXIT.done;
  let isStopping = false;
  const stop = (codeAtOnce: number): void => {
    if (isStopping) {
      exitCode = codeAtOnce;
      running.kill();
      return;
    }
    isStopping = true;
    void stopGently(running, terminal);
  };
  const wasTerminal = terminal.out.isTerminal;
  process.on("SIGINT", () => stop(EXIT.interrupted));
  process.on("SIGTERM", () => stop(EXIT.terminated));
  process.on("SIGHUP", () => {
    accessLog?.reopen();
    // Without a log, or when the terminal was closed: the usual meaning.
    if (accessLog === undefined || (wasTerminal && !isTerminalDescriptor(1))) stop(EXIT.terminated);
  });
  return { exitCode: () => exitCode };
}

/** What a server that was told to end is still doing. */
export function formatWaiting(busyCount: number): string {
  const answers = busyCount === 1 ? "1 running answer" : `${busyCount} running answers`;
  return `Waiting for ${answers}, ${formatDurationMs(GRACE_MS)} at most; Ctrl-C again ends at once`;
}

async function stopGently(running: RunningServer, { err }: Terminal): Promise<void> {
  const explanation = setTimeout(() => {
    const { busyCount } = running;
    if (busyCount > 0) err.print(`${err.isTerminal ? "\n" : ""}${formatWaiting(busyCount)}\n`);
  }, EXPLAIN_AFTER_MS);
  await running.stop(GRACE_MS);
  clearTimeout(explanation);
}
