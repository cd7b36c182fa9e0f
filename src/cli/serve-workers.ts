/**
 * `netfile serve --workers N`: this process starts others of the same executable and owns the terminal; they serve.
 */
import { lstatSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { systemClock } from "../base/clock.ts";
import { findFreePort } from "../server/free-port.ts";
import type { FromWorker } from "../server/worker-messages.ts";
import { WorkerGroup } from "../server/workers.ts";
import type { WorkerEvents, WorkerProcess } from "../server/workers.ts";
import { workerVariables } from "./environment.ts";
import type { LinePrinter } from "./line-printer.ts";
import type { Log } from "./log.ts";
import { WORKER_COMMAND } from "./serve-worker.ts";
import type { ServePlan } from "./serve-plan.ts";

export type WorkersOptions = {
  /** Address or name to listen on. */
  readonly host: string;
  readonly printer: LinePrinter;
  readonly log: Log;
  /** Whether the lines of workers are to have colours. */
  readonly hasColors: boolean;
};

/**
 * Starts `plan.workers` processes on one port.
 * @throws {ListenError} when the address can't be had.
 */
export function startWorkers(plan: ServePlan, options: WorkersOptions): Promise<WorkerGroup<ServePlan>> {
  const { host, port } = findFreePort(options.host, plan.port);
  return WorkerGroup.start({
    count: plan.workers,
    host,
    port,
    settings: { ...plan, host, port, accessLog: shareLog(plan.accessLog) },
    idleExitMs: plan.idleExitMs,
    spawn: (events) => spawnWorker(events, options),
    onLines: (text) => {
      for (const line of text.split("\n")) options.printer.print(line);
    },
    onFailure: (text) => void options.log.warn(text),
    clock: systemClock,
  });
}

/** A worker has another standard output: `/dev/stdout` is told to it as this process's. */
function shareLog(accessLog: ServePlan["accessLog"]): ServePlan["accessLog"] {
  if (accessLog === undefined) return undefined;
  const { path } = accessLog;
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const target = isLink ? resolve(dirname(path), readlinkSync(path)) : path;
  const folder = realpathSync(dirname(target));
  return { ...accessLog, path: folder.startsWith("/proc/") ? join(folder, basename(target)) : path };
}

function spawnWorker(events: WorkerEvents, options: WorkersOptions): WorkerProcess<ServePlan> {
  const program = Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, Bun.main];
  const child = Bun.spawn([...program, WORKER_COMMAND], {
    env: workerVariables(process.env, options.hasColors),
    stdio: ["ignore", "ignore", "inherit"],
    serialization: "advanced",
    ipc: (message) => events.onMessage(message as FromWorker),
    onExit: (_, exitCode, signalCode) => {
      const signal = typeof signalCode === "number" ? `signal ${signalCode}` : signalCode;
      events.onExit(
        signal === null ? `ended with exit code ${exitCode ?? "unknown"}` : `was ended by ${signal}`,
      );
    },
  });
  return {
    pid: child.pid,
    send(message) {
      try {
        child.send(message);
      } catch {
        // The channel is closed: it has ended, and its end is yet to be told.
      }
    },
    kill: () => child.kill("SIGKILL"),
  };
}
