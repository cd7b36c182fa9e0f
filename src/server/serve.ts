/**
 * Starts a server on a site, and ends it.
 */
import type { Clock } from "../base/clock.ts";
import { DeadlineWatch } from "../net/deadline.ts";
import type { PeerEndpoint } from "../net/endpoint.ts";
import { readRttUs } from "../net/tcp-info.ts";
import type { Site } from "../site/respond.ts";
import { KnownHeads } from "../wire/known-heads.ts";
import { Connection } from "./connection.ts";
import type { ConnectionContext } from "./connection-context.ts";
import { type DescriptorShares, readDescriptorLimit, shareDescriptors } from "./descriptors.ts";
import { IdleExit } from "./idle-exit.ts";
import type { ServerLimits } from "./limits.ts";
import { listen, type ServerSocket } from "./listener.ts";
import type { ServerObserver } from "./observer.ts";
import { Register } from "./register.ts";
import { TurnQueue } from "./turns.ts";
import type { WorkerLoad, WorkerPlace } from "./worker-messages.ts";

export type ServeOptions = {
  readonly site: Site;
  /** Address or name to listen on. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly limits: ServerLimits;
  /** End after so many ms without a request or a transfer; `undefined`: never. */
  readonly idleExitMs: number | undefined;
  readonly observer: ServerObserver;
  readonly clock: Clock;
  /** By default what the system allows this process. */
  readonly descriptors?: DescriptorShares;
  /** Which of several processes on one port this is; absent when it is the only one. */
  readonly worker?: WorkerPlace;
};

/** Why a server ended: told to stop, or idle long enough. */
export type EndReason = "stopped" | "idle";

export interface RunningServer {
  /** Where it listens, in fact. */
  readonly host: string;
  readonly port: number;
  /** Connections on which something is under way. */
  readonly busyCount: number;
  /** Stops accepting, lets running answers finish for at most `graceMs`, then closes what is left. */
  stop(graceMs: number): Promise<void>;
  /** Closes everything now. */
  kill(): void;
  /** Settles when the server has ended, whoever ended it. */
  readonly ended: Promise<EndReason>;
}

/** A server that may be one of several on its port. */
export interface SharingServer extends RunningServer {
  /** How busy it is at `nowMs` of the monotonic clock. */
  load(nowMs: number): WorkerLoad;
  /** Notes how many connections the others have: they count for the keep-alive timeout. */
  noteElsewhere(connections: number): void;
}

/**
 * Starts listening and answering.
 * @throws {ListenError} when the address can't be listened on.
 */
export function serve(options: ServeOptions): SharingServer {
  return new Server(options);
}

/** How late a deadline may be noticed. */
const TICK_MS = 250;
/** So many connections over the cap are told why they are turned away; further ones are just closed. */
const TURNED_AWAY = 256;
/** The part of a number of connections that had to be cut down which one address may have. */
const ADDRESS_SHARE = 0.75;

/** No more connections than there are descriptors for; and no single address takes them all. */
function capConnections(limits: ServerLimits, { connections }: DescriptorShares): ServerLimits {
  if (limits.connections <= connections) return limits;
  const perAddress = Math.min(limits.connectionsPerAddress, Math.ceil(connections * ADDRESS_SHARE));
  return { ...limits, connections, connectionsPerAddress: perAddress };
}

class Server implements SharingServer {
  readonly host: string;
  readonly port: number;
  readonly ended: Promise<EndReason>;

  readonly #options: ServeOptions;
  readonly #listener: ReturnType<typeof listen>;
  readonly #descriptors: DescriptorShares;
  readonly #limits: ServerLimits;
  readonly #register: Register<Connection>;
  readonly #watch: DeadlineWatch;
  readonly #context: ConnectionContext<Connection>;
  readonly #idleExit: IdleExit;
  readonly #settleEnded: (reason: EndReason) => void;
  /** Counts in steps, so that no two workers give the same one. */
  #lastId: number;
  #stopReason: EndReason | undefined;

  constructor(options: ServeOptions) {
    const { promise, resolve } = Promise.withResolvers<EndReason>();
    this.ended = promise;
    this.#settleEnded = resolve;
    this.#options = options;
    this.#lastId = options.worker === undefined ? 0 : options.worker.index + 1 - options.worker.count;
    this.#descriptors = options.descriptors ?? shareDescriptors(readDescriptorLimit());
    this.#limits = capConnections(options.limits, this.#descriptors);
    this.#register = new Register(this.#limits);
    this.#idleExit = new IdleExit(
      {
        idleExitMs: options.idleExitMs,
        busyCount: () => this.#register.busySize,
        onIdle: () => void this.#stop("idle", 0),
      },
      options.clock.monotonicMs(),
    );
    this.#context = this.#makeContext();
    this.#listener = listen({
      host: options.host,
      port: options.port,
      sharesPort: options.worker !== undefined,
      onOpen: (socket, endpoint) => this.#open(socket, endpoint),
      onFailure: (text) => options.observer.failed(text),
    });
    this.host = this.#listener.hostname;
    this.port = this.#listener.port;
    this.#watch = new DeadlineWatch(options.clock, TICK_MS, [this.#idleExit], this.#register);
  }

  get busyCount(): number {
    return this.#register.busySize;
  }

  stop(graceMs: number): Promise<void> {
    return this.#stop("stopped", graceMs);
  }

  kill(): void {
    this.#stopReason ??= "stopped";
    this.#listener.stop();
    for (const connection of this.#register) connection.kill();
    this.#endIfEmpty();
  }

  load(nowMs: number): WorkerLoad {
    const { size, busySize } = this.#register;
    return { connections: size, busyCount: busySize, quietMs: this.#idleExit.quietMs(nowMs) };
  }

  noteElsewhere(connections: number): void {
    this.#register.elsewhere = connections;
  }

  async #stop(reason: EndReason, graceMs: number): Promise<void> {
    this.#stopReason ??= reason;
    this.#listener.stop();
    for (const connection of this.#register) connection.retire();
    this.#endIfEmpty();
    const grace = setTimeout(() => this.kill(), graceMs);
    await this.ended;
    clearTimeout(grace);
  }

  #makeContext(): ConnectionContext<Connection> {
    const { site, clock, observer } = this.#options;
    return {
      site,
      limits: this.#limits,
      clock,
      register: this.#register,
      knownHeads: new KnownHeads(),
      turns: new TurnQueue(clock),
      observer,
      onActivity: (nowMs) => this.#idleExit.note(nowMs),
      onClosed: (connection) => this.#forget(connection),
    };
  }

  #open(socket: ServerSocket, endpoint: PeerEndpoint): Connection | undefined {
    const hasRoom = this.#makeRoom(socket, endpoint);
    if (!hasRoom && this.#isTooFullToTell(socket)) {
      socket.terminate();
      return undefined;
    }
    this.#lastId += this.#options.worker?.count ?? 1;
    const connection = new Connection(this.#lastId, endpoint, socket, this.#context);
    this.#register.add(connection);
    const { observer } = this.#options;
    observer.connected({
      id: connection.id,
      endpoint,
      timeoutMs: this.#register.timeoutMs,
      rttUs: observer.wantsRtt ? readRttUs(socket.fd) : undefined,
    });
    if (!hasRoom) connection.turnAway();
    return connection;
  }

  #makeRoom(socket: ServerSocket, { peerAddress }: PeerEndpoint): boolean {
    const fits = this.#register.makeRoom(peerAddress);
    return socket.fd < this.#descriptors.ceiling ? fits : fits && this.#register.evictIdle();
  }

  #isTooFullToTell({ fd }: ServerSocket): boolean {
    return (
      fd >= this.#descriptors.mutedCeiling || this.#register.size >= this.#limits.connections + TURNED_AWAY
    );
  }

  #forget(connection: Connection): void {
    this.#register.delete(connection);
    this.#options.observer.disconnected(connection.id);
    this.#endIfEmpty();
  }

  #endIfEmpty(): void {
    if (this.#stopReason === undefined || this.#register.size > 0) return;
    this.#watch.stop();
    this.#settleEnded(this.#stopReason);
  }
}
