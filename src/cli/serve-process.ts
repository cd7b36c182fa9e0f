/**
 * A server in this process: its log, its lines, its store and its port, as the plan says.
 */
import { systemClock } from "../base/clock.ts";
import { errorText, fileReason } from "../base/failure.ts";
import { os } from "../base/late-modules.ts";
import { printable } from "../base/printable.ts";
import { AccessLog } from "../server/access-log.ts";
import { type DescriptorShares, readDescriptorLimit, shareDescriptors } from "../server/descriptors.ts";
import { serve } from "../server/serve.ts";
import type { SharingServer } from "../server/serve.ts";
import type { WorkerPlace } from "../server/worker-messages.ts";
import { shareLimits } from "../server/worker.ts";
import { openDiskStore } from "../store/disk.ts";
import { memoryForFiles, rememberFiles } from "../store/recent-files.ts";
import type { Store } from "../store/store.ts";
import { LocalFileError } from "./exit.ts";
import type { LinePrinter } from "./line-printer.ts";
import type { Log } from "./log.ts";
import { PeerNames } from "./peer-names.ts";
import type { ServePlan } from "./serve-plan.ts";
import { ServerLog } from "./server-log.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Opens the log that the plan names; `undefined` when it names none.
 * @throws {LocalFileError} when it can't be written.
 */
export function openAccessLog({ accessLog }: ServePlan, log: Log): AccessLog | undefined {
  if (accessLog === undefined) return undefined;
  try {
    return new AccessLog({ ...accessLog, onFailure: (text) => void log.warn(text) });
  } catch (error) {
    const shown = printable(accessLog.path);
    throw new LocalFileError(
      `Cannot write the log file "${shown}": ${fileReason(error)}; name another with --log-file`,
    );
  }
}

export type ObserverOptions = {
  readonly terminal: Terminal;
  readonly printer: LinePrinter;
  readonly log: Log;
  readonly accessLog: AccessLog | undefined;
};

/** Makes what tells of the server's doings. */
export function makeObserver(
  { detail }: ServePlan,
  { terminal, printer, log, accessLog }: ObserverOptions,
): ServerLog {
  return new ServerLog({
    printer: detail === "quiet" ? undefined : printer,
    colors: terminal.out.colors,
    isVerbose: detail === "verbose",
    accessLog,
    log,
    names: new PeerNames(),
  });
}

/** The folder that is served, and the descriptors that its files and the connections share. */
export type ServedFolder = { readonly store: Store; readonly descriptors: DescriptorShares };

/** Opens the folder that the plan names. */
export function openFolder({ folder, workers }: ServePlan): ServedFolder {
  const descriptors = shareDescriptors(readDescriptorLimit());
  const disk = openDiskStore(folder, { descriptorCeiling: descriptors.ceiling });
  return { store: rememberFiles(disk, memoryForFiles(workers)), descriptors };
}

/**
 * Starts the server.
 * @param worker its place among several processes, whose parent decides when nobody needs them any more.
 * @throws {ListenError}
 */
export function startServer(
  plan: ServePlan,
  observer: ServerLog,
  { store, descriptors }: ServedFolder,
  worker?: WorkerPlace,
): SharingServer {
  const { policy, port, limits, idleExitMs } = plan;
  return serve({
    descriptors,
    site: {
      store,
      policy,
      clock: systemClock,
      onError: (error, path) =>
        observer.failed(`A request for ${path} was answered 500: ${errorText(error)}`),
    },
    host: listenHost(plan),
    port,
    limits: worker === undefined ? limits : shareLimits(limits, worker),
    idleExitMs: worker === undefined ? idleExitMs : undefined,
    ...(worker === undefined ? {} : { worker }),
    observer,
    clock: systemClock,
  });
}

/** The address or name that the plan listens on. */
export function listenHost({ host }: ServePlan): string {
  return typeof host === "string" ? host : wildcardHost();
}

/** `::` takes IPv4 too; where the system knows no IPv6, IPv4 alone. */
function wildcardHost(): string {
  const addresses = Object.values(os().networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ family }) => family === "IPv6") ? "::" : "0.0.0.0";
}
