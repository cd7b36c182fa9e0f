/**
 * The connections that fetch one file together: each takes the next segment when it is done with one. What one of them
 * can't get, another takes over.
 */
import type { Clock } from "../base/clock.ts";
import type { Fields } from "../wire/fields.ts";
import type { Connection } from "./connection.ts";
import { asTransferError } from "./conversation.ts";
import {
  cede,
  isLate,
  leastShareBytes,
  nextSegments,
  type Plan,
  type Segment,
  settle,
} from "./download-plan.ts";
import { Growth } from "./growth.ts";
import type { PartStore } from "./part-store.ts";
import type { Reply } from "./session.ts";
import { TransferError } from "./transfer-error.ts";

export type CrewWork = {
  readonly store: PartStore;
  readonly clock: Clock;
  /** How many connections; `auto` for as many as pay. */
  readonly connections: number | "auto";
  /** Asks for a segment; `undefined` when the server doesn't give that part. */
  readonly ask: (segment: Segment) => Promise<Reply | undefined>;
  /** Takes the body of an answer into a segment. @returns trailers, `undefined` when it was left unfinished. */
  readonly take: (reply: Reply, segment: Segment) => Promise<Fields | undefined>;
};

/** A connection that has brought so much before it broke is worth another one at once. */
const WORTH_BYTES = 64 * 1024;
const LOOK_MS = 100;

export class FileCrew {
  readonly #work: CrewWork;
  readonly #active = new Set<Segment>();
  readonly #workers = new Set<Promise<void>>();
  readonly #failures: TransferError[] = [];
  /** No more than this: what the user or the server wants. */
  #ceiling = Infinity;
  #isRefused = false;
  /** How many are taking a body now, and the most that ever were. */
  #fetching = 0;
  #most = 1;
  /** The connection of the first answer: what the kernel knows of it tells of the way. */
  #first: Connection | undefined;
  #minRttUs: number | undefined;
  #growth: Growth | undefined;
  #isGrowing = false;
  #trailers: Fields | undefined;

  constructor(work: CrewWork) {
    this.#work = work;
  }

  /** The most connections that worked at the same time. */
  get most(): number {
    return this.#most;
  }

  /** Whether the server has refused to give a part over a connection of its own. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /**
   * Fetches until nothing is missing, or no connection works any more.
   *
   * @param reply the answer whose body fills `segment`; further connections only when `mayDivide`.
   * @returns the trailers of the first answer, if it was taken to its end.
   * @throws {TransferError} the last one.
   */
  async run(reply: Reply, segment: Segment, mayDivide: boolean): Promise<Fields | undefined> {
    const { connections, clock, store } = this.#work;
    this.#first = reply.connection;
    if (mayDivide) this.#minRttUs = reply.connection.minRttUs;
    this.#growth = new Growth(connections, store.written.totalBytes, clock.monotonicMs());
    this.#active.add(segment);
    void this.#start({ segment, from: undefined }, reply);
    if (mayDivide) void this.#grow(this.#growth.atOnce(this.#minRttUs));
    const timer = mayDivide && connections !== 1 ? setInterval(() => this.#look(), LOOK_MS) : undefined;
    try {
      while (this.#workers.size > 0) await Promise.race(this.#workers);
    } finally {
      clearInterval(timer);
    }
    const { totalBytes } = this.#work.store.version ?? {};
    if (totalBytes !== undefined && this.#work.store.written.covers(totalBytes)) return this.#trailers;
    throw this.#failures.find((failure) => !failure.isRetryable) ?? this.#failures.at(-1) ?? isIncomplete();
  }

  /** @returns when the server has answered, whatever it said. */
  #start(plan: Plan, reply: Reply | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const worker = this.#fetchAll(plan, reply, resolve).finally(() => this.#workers.delete(worker));
    this.#workers.add(worker);
    return promise;
  }

  /** Never rejects: what fails is told when all have ended. */
  async #fetchAll(first: Plan, reply: Reply | undefined, onAnswered: () => void): Promise<void> {
    let answer = reply;
    for (let plan: Plan | undefined = first; plan !== undefined; [plan] = this.#next(1)) {
      if (!(await this.#fetchOne(plan, answer, onAnswered))) return;
      answer = undefined;
    }
  }

  /** Whether this connection is to go on. */
  async #fetchOne(plan: Plan, answer: Reply | undefined, onAnswered: () => void): Promise<boolean> {
    const { segment } = plan;
    const { position } = segment;
    try {
      const reply = answer ?? (await this.#ask(plan));
      onAnswered();
      if (reply === "late") return true;
      if (reply === "refused") {
        this.#lower();
        return false;
      }
      this.#fetching += 1;
      this.#most = Math.max(this.#most, this.#fetching);
      const trailers = await this.#take(reply, segment);
      if (answer !== undefined) this.#trailers = trailers;
      return true;
    } catch (error) {
      const failure = asTransferError(error);
      this.#failures.push(failure);
      const isWorthAnother = failure.isRetryable && segment.position - position >= WORTH_BYTES;
      // Alone, the next attempt is not this one's to decide: a Retry-After may want to be heard.
      if (isWorthAnother && this.#workers.size > 1) return true;
      this.#lower();
      return false;
    } finally {
      onAnswered();
      this.#active.delete(segment);
    }
  }

  /** @returns `undefined` when the server refuses, or the part is not needed any more. */
  async #ask(plan: Plan): Promise<Reply | "refused" | "late"> {
    try {
      const reply = await this.#work.ask(plan.segment);
      if (reply === undefined) return "refused";
      if (cede(plan)) return reply;
      reply.connection.close();
      return "late";
    } finally {
      settle(plan);
    }
  }

  async #take(reply: Reply, segment: Segment): Promise<Fields | undefined> {
    try {
      return await this.#work.take(reply, segment);
    } finally {
      this.#fetching -= 1;
    }
  }

  /** Plans for so many connections, if there is something for them; they count as active from now on. */
  #next(count: number): readonly Plan[] {
    const { written, version } = this.#work.store;
    const sizeBytes = version?.totalBytes;
    if (sizeBytes === undefined || this.#failures.some((failure) => !failure.isRetryable)) return [];
    const rateBytesPerS = (this.#growth?.rateBytesPerS ?? 0) / Math.max(1, this.#fetching);
    const leastBytes = leastShareBytes(rateBytesPerS, this.#minRttUs);
    const plans = nextSegments({ written, sizeBytes, active: this.#active, leastBytes }, count);
    for (const { segment } of plans) this.#active.add(segment);
    return plans;
  }

  /** A server that refuses a further connection gets no more of them. */
  #lower(): void {
    this.#isRefused = true;
    this.#ceiling = Math.max(1, Math.min(this.#ceiling, this.#fetching));
  }

  /** As many at once as the user wants; else one, then the others: a server that refuses the first is not asked for them. */
  async #grow(connections: number): Promise<void> {
    if (this.#isGrowing) return;
    this.#isGrowing = true;
    try {
      const lacking = Math.min(connections, this.#ceiling) - this.#workers.size;
      const plans = [...this.#next(lacking)];
      const first = this.#work.connections === "auto" ? plans.shift() : undefined;
      if (first !== undefined) await this.#start(first, undefined);
      const answers: Promise<void>[] = [];
      for (const plan of plans) {
        if (this.#isRefused || isLate(plan)) this.#drop(plan);
        else answers.push(this.#start(plan, undefined));
      }
      await Promise.all(answers);
    } finally {
      this.#isGrowing = false;
    }
  }

  #drop(plan: Plan): void {
    this.#active.delete(plan.segment);
    settle(plan);
  }

  /** Looks whether more connections would pay. */
  #look(): void {
    const { store, clock } = this.#work;
    const doneBytes = store.written.totalBytes;
    const totalBytes = store.version?.totalBytes;
    if (totalBytes === undefined) return;
    const state = {
      connections: this.#workers.size,
      doneBytes,
      remainingBytes: totalBytes - doneBytes,
      minRttUs: this.#minRttUs,
      isLossy: this.#first?.isLossy ?? false,
    };
    const connections = this.#growth?.look(state, clock.monotonicMs()) ?? 1;
    if (connections > this.#workers.size) void this.#grow(connections);
  }
}

function isIncomplete(): TransferError {
  return new TransferError("receive", "The server has not given all parts of the file; try again", {
    isRetryable: true,
  });
}
