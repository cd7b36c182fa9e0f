/**
 * The command that `netfile serve --workers N` starts its processes with. Nobody else can use it: what to serve comes from
 * the parent, and lines for the terminal go there.
 */
import { systemClock } from "../base/clock.ts";
import type { AccessLog } from "../server/access-log.ts";
import type { RunningServer } from "../server/serve.ts";
import { runWorker } from "../server/worker.ts";
import type { ParentLine } from "../server/worker.ts";
import type { FromWorker } from "../server/worker-messages.ts";
import type { Command } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { LinePrinter } from "./line-printer.ts";
import { Log } from "./log.ts";
import { makeObserver, openAccessLog, openFolder, startServer } from "./serve-process.ts";
import type { ServePlan } from "./serve-plan.ts";
import { GRACE_MS } from "./stop-signals.ts";
import type { Output, Terminal } from "./terminal.ts";

/** Its name on the command line. */
export const WORKER_COMMAND = "serve-worker";

/** Lines wait so long for others: a message for each would cost more than the requests. */
const BATCH_MS = 40;
const FLUSH_MS = 1000;

export const serveWorkerCommand: Command = {
  args: {},
  help: {
    summary: "A process of netfile serve --workers N; it can't be started alone",
    usage: ["netfile serve --workers N"],
    sections: [],
    examples: [],
    showsExitCodes: false,
  },
  run: (_, terminal) => runServeWorker(terminal),
};

async function runServeWorker(terminal: Terminal): Promise<number> {
  if (process.send === undefined) {
    throw new UsageError(`"${WORKER_COMMAND}" can't be started alone; write: netfile serve --workers N`);
  }
  const log = new Log(terminal.err);
  const printer = new LinePrinter(linesToParent(terminal.out));
  let accessLog: AccessLog | undefined;
  let running: RunningServer | undefined;
  // Signals to the whole group are the parent's to act upon; one to this process alone lets it finish what runs.
  process.on("SIGINT", () => undefined);
  process.on("SIGHUP", () => undefined);
  process.on("SIGTERM", () => void running?.stop(GRACE_MS));
  await runWorker<ServePlan>({
    line: parentLine(),
    clock: systemClock,
    start: (plan, place) => {
      accessLog = openAccessLog(plan, log);
      const observer = makeObserver(plan, { terminal, printer, log, accessLog });
      const server = startServer(plan, observer, openFolder(plan), place);
      running = server;
      return server;
    },
    reopen: () => accessLog?.reopen(),
  });
  await printer.flush(FLUSH_MS);
  accessLog?.close();
  return EXIT.done;
}

function parentLine(): ParentLine<ServePlan> {
  return {
    send: (message) => void tellParent(message),
    listen(receive, lost) {
      process.on("message", receive);
      process.on("disconnect", lost);
    },
  };
}

/** @returns when the message is on its way; false when there is no parent any more. */
function tellParent(message: FromWorker): Promise<boolean> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve(false);
    else process.send(message, undefined, undefined, (error: unknown) => resolve(!(error instanceof Error)));
  });
}

/** Output that the parent prints, in whole lines. */
function linesToParent(own: Output): Output {
  return {
    isTerminal: false,
    colors: own.colors,
    columns: () => own.columns(),
    print: (text) => void tellParent({ kind: "lines", text: text.trimEnd() }),
    async write(bytes) {
      const isTold = await tellParent({ kind: "lines", text: Buffer.from(bytes).toString().trimEnd() });
      await Bun.sleep(BATCH_MS);
      return isTold;
    },
  };
}
