/**
 * Work that keeps the processor busy for longer than a request should, such as hashing a file or sorting a folder, in portions of
 * some ms. All such work takes turns, one portion in a turn of the event loop: a small request waits for one portion, however
 * many jobs there are.
 */
import { Fifo } from "./fifo.ts";
import { runLater } from "./turn.ts";

/** For whom work is done. */
export interface Asker {
  /** Nobody will see what comes of it. */
  readonly isGone: boolean;
  /** Nothing more will be heard of it: it may wait in silence, or be gone. */
  readonly isSilent: boolean;
}

/** Work that is done whoever has gone meanwhile. */
export const EVERYBODY: Asker = { isGone: false, isSilent: false };

/** Whoever asked for the work has gone. It does not leave the work: what it would have come to is wanted by nobody. */
export class GivenUpError extends Error {
  constructor() {
    super("Nobody waits for this any more");
  }
}

/** One job, done portion by portion. */
export class Portions {
  readonly #asker: Asker;
  #count = 0;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /**
   * Waits for the turn of the next portion, which may take some ms.
   * @throws {GivenUpError} when its asker has gone.
   */
  next(): Promise<void> {
    this.#count += 1;
    return new Promise((resolve, reject) => {
      const waiting = { asker: this.#asker, resolve, reject };
      if (this.#asker.isSilent) doubtful.push(waiting);
      else if (this.#count <= SHORT_JOB_PORTIONS) short.push(waiting);
      else long.push(waiting);
      plan();
    });
  }
}

type Waiting = {
  readonly asker: Asker;
  readonly resolve: () => void;
  readonly reject: (error: GivenUpError) => void;
};

/** So many portions of a job go before the further ones of others: who wants little waits little. */
const SHORT_JOB_PORTIONS = 8;

const short = new Fifo<Waiting>();
const long = new Fifo<Waiting>();
/** Of those who may be gone: a client that closes its connection can't be told from one that has only said all it will. */
const doubtful = new Fifo<Waiting>();

/** Who is asked first in each turn, round and round, so that nobody waits for ever. */
const ROUND = [short, long, short, long, short, long, doubtful];
let turn = 0;
let isPlanned = false;

function plan(): void {
  if (isPlanned) return;
  isPlanned = true;
  runLater(runPortion);
}

function runPortion(): void {
  isPlanned = false;
  turn = (turn + 1) % ROUND.length;
  for (let waiting = nextWaiting(); waiting !== undefined; waiting = nextWaiting()) {
    if (waiting.asker.isGone) {
      waiting.reject(new GivenUpError());
    } else {
      waiting.resolve();
      plan();
      return;
    }
  }
}

function nextWaiting(): Waiting | undefined {
  return ROUND[turn]?.shift() ?? short.shift() ?? long.shift() ?? doubtful.shift();
}
