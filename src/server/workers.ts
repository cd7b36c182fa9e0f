/**
 * Several processes that serve on one port: started, replaced when they die, told of each other, and ended together. The
 * kernel deals connections out among them (SO_REUSEPORT, Linux), so the parent touches none.
 */
import { assertNever } from "../base/assert-never.ts";
import type { Clock } from "../base/clock.ts";
import { errorText } from "../base/failure.ts";
import { ListenError } from "./listener.ts";
import type { EndReason, RunningServer } from "./serve.ts";
import type { FromWorker, ToWorker, WorkerPlace } from "./worker-messages.ts";

/** A process, as the group sees it. */
export interface WorkerProcess<Settings> {
  readonly pid: number;
  send(message: ToWorker<Settings>): void;
  /** Ends it without asking. */
  kill(): void;
}

/** What the group is told of a process. */
export type WorkerEvents = {
  readonly onMessage: (message: FromWorker) => void;
  /** It has ended: `how` is a sentence's rest, as "was ended by SIGKILL". */
  readonly onExit: (how: string) => void;
};

export type WorkerGroupOptions<Settings> = {
  readonly count: number;
  /** Where the workers listen. */
  readonly host: string;
  readonly port: number;
  readonly settings: Settings;
  /** End after so many ms in which no worker had a request; `undefined`: never. */
  readonly idleExitMs: number | undefined;
  /** Throws the system's error when there is no room for a process, or no executable any more. */
  readonly spawn: (events: WorkerEvents) => WorkerProcess<Settings>;
  readonly onLines: (text: string) => void;
  /** One line for the operator. */
  readonly onFailure: (text: string) => void;
  readonly clock: Clock;
};

/** How long a worker that is told to end may take beyond what it was given. */
const LATE_MS = 1500;
/** Running answers when nobody asked for anything: a request that came just now. */
const IDLE_GRACE_MS = 1000;
const LEAST_BACKOFF_MS = 100;
const MOST_BACKOFF_MS = 10_000;

/**
 * How long to wait before a worker is replaced.
 * @param deaths how many have died in a row, soon after their start.
 */
export function backoffMs(deaths: number): number {
  return deaths <= 0 ? 0 : Math.min(MOST_BACKOFF_MS, LEAST_BACKOFF_MS * 2 ** (deaths - 1));
}

/** A worker's place: the process that has it now, and what is known of it. */
type Slot<Settings> = {
  readonly place: WorkerPlace;
  process: WorkerProcess<Settings> | undefined;
  /** When that one was started. */
  startMs: number;
  isReady: boolean;
  connections: number;
  busyCount: number;
  /** When a request was last under way, on the monotonic clock. */
  activeMs: number;
  /** What it was last told of the others. */
  toldElsewhere: number;
  /** Deaths in a row. */
  deaths: number;
  timer: ReturnType<typeof setTimeout> | undefined;
};

/** Workers as one server. */
export class WorkerGroup<Settings> implements RunningServer {
  readonly host: string;
  readonly port: number;
  readonly ended: Promise<EndReason>;
  readonly #options: WorkerGroupOptions<Settings>;
  readonly #slots: readonly Slot<Settings>[];
  readonly #settleEnded: (reason: EndReason) => void;
  readonly #started = Promise.withResolvers<undefined>();
  #hasStarted = false;
  #stopReason: EndReason | undefined;
  #lateTimer: ReturnType<typeof setTimeout> | undefined;

  private constructor(options: WorkerGroupOptions<Settings>) {
    const { promise, resolve } = Promise.withResolvers<EndReason>();
    this.ended = promise;
    this.#settleEnded = resolve;
    this.#options = options;
    this.host = options.host;
    this.port = options.port;
    const nowMs = options.clock.monotonicMs();
    this.#slots = Array.from({ length: options.count }, (_, index) => ({
      place: { index, count: options.count },
      process: undefined,
      startMs: nowMs,
      isReady: false,
      connections: 0,
      busyCount: 0,
      activeMs: nowMs,
      toldElsewhere: 0,
      deaths: 0,
      timer: undefined,
    }));
  }

  /**
   * Starts the workers and waits until all listen.
   * @throws {ListenError} when one can't.
   */
  static async start<Settings>(options: WorkerGroupOptions<Settings>): Promise<WorkerGroup<Settings>> {
    const group = new WorkerGroup(options);
    for (const slot of group.#slots) group.#spawn(slot);
    try {
      await group.#started.promise;
    } catch (error) {
      group.kill();
      await group.ended;
      throw error;
    }
    return group;
  }

  get busyCount(): number {
    return this.#slots.reduce((sum, { busyCount }) => sum + busyCount, 0);
  }

  /** Tells the workers to open the log anew. */
  reopen(): void {
    this.#tellAll({ kind: "reopen" });
  }

  stop(graceMs: number): Promise<void> {
    return this.#stop("stopped", graceMs);
  }

  kill(): void {
    this.#beginEnd("stopped", LATE_MS);
    this.#tellAll({ kind: "kill" });
  }

  async #stop(reason: EndReason, graceMs: number): Promise<void> {
    this.#beginEnd(reason, graceMs + LATE_MS);
    this.#tellAll({ kind: "stop", graceMs });
    await this.ended;
  }

  /** From now on nobody is replaced, and who is still there after `limitMs` is ended by the system. */
  #beginEnd(reason: EndReason, limitMs: number): void {
    this.#stopReason ??= reason;
    for (const slot of this.#slots) clearTimeout(slot.timer);
    clearTimeout(this.#lateTimer);
    this.#lateTimer = setTimeout(() => {
      for (const { process } of this.#slots) process?.kill();
    }, limitMs);
    this.#endIfEmpty();
  }

  #tellAll(message: ToWorker<Settings>): void {
    for (const { process } of this.#slots) process?.send(message);
  }

  #spawn(slot: Slot<Settings>): void {
    slot.startMs = this.#options.clock.monotonicMs();
    slot.toldElsewhere = 0;
    try {
      slot.process = this.#options.spawn({
        onMessage: (message) => this.#receive(slot, message),
        onExit: (how) => this.#bury(slot, how),
      });
    } catch (error) {
      return this.#bury(slot, `could not be started (${errorText(error)})`);
    }
    slot.process.send({ kind: "start", settings: this.#options.settings, place: slot.place });
  }

  #receive(slot: Slot<Settings>, message: FromWorker): void {
    switch (message.kind) {
      case "ready":
        slot.isReady = true;
        if (this.#slots.every(({ isReady }) => isReady)) this.#noteStarted();
        return;
      case "refused":
        this.#refuse(message);
        return;
      case "load":
        slot.connections = message.connections;
        slot.busyCount = message.busyCount;
        slot.activeMs = this.#options.clock.monotonicMs() - message.quietMs;
        this.#tellElsewhere();
        this.#endIfIdle();
        return;
      case "lines":
        this.#options.onLines(message.text);
        return;
      default:
        assertNever(message);
    }
  }

  #noteStarted(): void {
    this.#hasStarted = true;
    this.#started.resolve(undefined);
  }

  /** At the start this is the end; later the worker ends, and another one tries again. */
  #refuse({ message, code }: { readonly message: string; readonly code: string | undefined }): void {
    if (this.#hasStarted) this.#options.onFailure(message);
    else this.#started.reject(new ListenError(message, code));
  }

  #tellElsewhere(): void {
    const all = this.#slots.reduce((sum, { connections }) => sum + connections, 0);
    for (const slot of this.#slots) {
      const connections = all - slot.connections;
      if (connections === slot.toldElsewhere) continue;
      slot.toldElsewhere = connections;
      slot.process?.send({ kind: "elsewhere", connections });
    }
  }

  #endIfIdle(): void {
    const { idleExitMs, clock } = this.#options;
    if (idleExitMs === undefined || this.#stopReason !== undefined) return;
    const activeMs = Math.max(...this.#slots.map((slot) => slot.activeMs));
    if (clock.monotonicMs() - activeMs >= idleExitMs) void this.#stop("idle", IDLE_GRACE_MS);
  }

  #bury(slot: Slot<Settings>, how: string): void {
    const pid = slot.process?.pid;
    slot.process = undefined;
    slot.connections = 0;
    slot.busyCount = 0;
    if (this.#stopReason !== undefined) return this.#endIfEmpty();
    if (!this.#hasStarted && !slot.isReady) {
      this.#started.reject(new Error(`A worker ${how} before it served; run without --workers`));
      return;
    }
    this.#tellElsewhere();
    const who = `Worker ${slot.place.index + 1}${pid === undefined ? "" : ` (process ${pid})`}`;
    this.#replace(slot, `${who} ${how}`);
  }

  #replace(slot: Slot<Settings>, death: string): void {
    const livedMs = this.#options.clock.monotonicMs() - slot.startMs;
    slot.deaths = livedMs > MOST_BACKOFF_MS ? 0 : slot.deaths + 1;
    const delayMs = backoffMs(slot.deaths);
    this.#options.onFailure(`${death}; another one takes its place`);
    slot.timer = setTimeout(() => this.#spawn(slot), delayMs);
  }

  #endIfEmpty(): void {
    if (this.#stopReason === undefined || this.#slots.some(({ process }) => process !== undefined)) return;
    clearTimeout(this.#lateTimer);
    this.#settleEnded(this.#stopReason);
  }
}
