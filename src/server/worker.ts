/**
 * The worker's side of {@link WorkerGroup}: does what the parent says, and tells how busy it is.
 */
import { assertNever } from "../base/assert-never.ts";
import type { Clock } from "../base/clock.ts";
import { errorText } from "../base/failure.ts";
import type { ServerLimits } from "./limits.ts";
import { ListenError } from "./listener.ts";
import type { SharingServer } from "./serve.ts";
import { shareOf } from "./worker-messages.ts";
import type { FromWorker, ToWorker, WorkerPlace } from "./worker-messages.ts";

/** The line to the parent. */
export interface ParentLine<Settings> {
  send(message: FromWorker): void;
  /** `receive` is told of each message, `lost` when the parent is gone. */
  listen(receive: (message: ToWorker<Settings>) => void, lost: () => void): void;
}

export type WorkerOptions<Settings> = {
  readonly line: ParentLine<Settings>;
  readonly clock: Clock;
  /** Makes the server that the parent's settings ask for. */
  readonly start: (settings: Settings, place: WorkerPlace) => SharingServer;
  /** Opens the log anew. */
  readonly reopen: () => void;
};

/** How often a worker tells its load. */
const TELL_MS = 200;

/**
 * Serves as the parent says.
 * @returns when the server has ended; also when it can't listen, which the parent has been told then. Without the parent
 *   it ends at once.
 */
export async function runWorker<Settings>({
  line,
  clock,
  start,
  reopen,
}: WorkerOptions<Settings>): Promise<void> {
  const running = Promise.withResolvers<SharingServer | undefined>();
  let server: SharingServer | undefined;
  const receive = (message: ToWorker<Settings>): void => {
    if (message.kind === "start") {
      server = startOrRefuse(() => start(message.settings, message.place), line);
      running.resolve(server);
    } else if (server !== undefined) {
      obey(message, server, reopen);
    }
  };
  line.listen(receive, () => {
    running.resolve(undefined);
    server?.kill();
  });
  const serving = await running.promise;
  if (serving === undefined) return;
  line.send({ kind: "ready" });
  const telling = setInterval(() => {
    line.send({ kind: "load", ...serving.load(clock.monotonicMs()) });
  }, TELL_MS);
  await serving.ended;
  clearInterval(telling);
}

/** The part of a server's caps that falls to one worker. */
export function shareLimits(limits: ServerLimits, place: WorkerPlace): ServerLimits {
  return {
    ...limits,
    connections: shareOf(limits.connections, place),
    connectionsPerAddress: shareOf(limits.connectionsPerAddress, place),
  };
}

function startOrRefuse<Settings>(
  start: () => SharingServer,
  line: ParentLine<Settings>,
): SharingServer | undefined {
  try {
    return start();
  } catch (error) {
    const code = error instanceof ListenError ? error.code : undefined;
    line.send({ kind: "refused", message: errorText(error), code });
    return undefined;
  }
}

function obey<Settings>(
  message: Exclude<ToWorker<Settings>, { readonly kind: "start" }>,
  server: SharingServer,
  reopen: () => void,
): void {
  switch (message.kind) {
    case "elsewhere":
      return server.noteElsewhere(message.connections);
    case "reopen":
      return reopen();
    case "stop":
      void server.stop(message.graceMs);
      return;
    case "kill":
      return server.kill();
    default:
      assertNever(message);
  }
}
