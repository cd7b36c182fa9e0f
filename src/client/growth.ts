/**
 * How many connections fetch a file: one first, more only where they pay.
 */

/** What is known of a transfer at a moment. */
export type TransferState = {
  readonly connections: number;
  readonly doneBytes: number;
  readonly remainingBytes: number;
  /** Least round-trip time on the way, in µs; `undefined` where it can't be known. */
  readonly minRttUs: number | undefined;
  /** Whether packets are lost on the way, as far as this system knows. */
  readonly isLossy: boolean;
};

const MAX_CONNECTIONS = 8;
/** What is over in so short a time needs no further connection. */
const LEAST_REST_S = 2;
/** A way as long as this is worth filling by several windows. */
const LONG_WAY_US = 5000;
/** Over a short way, one connection that is as fast as this fills it. */
const FAST_BYTES_PER_S = 64 * 1024 * 1024;
/** How much more the last connections must have brought for further ones to be tried. */
const WORTH_GAIN = 1.15;
/** The rate of one connection is measured over so long; */
const FIRST_WINDOW = { ms: 200, roundTrips: 4 };
/** that of several over so long, and for so long they are new, and slow. */
const WINDOW = { ms: 300, roundTrips: 6 };
/** What one look weighs in the mean rate: much, or the rate of many is taken for that of the few that are left. */
const SMOOTHING = 0.6;

/** Measures the rate of a transfer, and decides by it how many connections there should be. */
export class Growth {
  readonly #connections: number | "auto";
  #atMs: number;
  #doneBytes: number;
  #meanBytesPerS: number | undefined;
  /** The window that is being measured. */
  #fromMs: number;
  #fromBytes: number;
  #isSettling = false;
  /** The rate before the last connections came; 0 at first. */
  #formerBytesPerS = 0;

  /** @param connections the user's number, taken unless one fills the way; `auto` for as many as pay. */
  constructor(connections: number | "auto", doneBytes: number, nowMs: number) {
    this.#connections = connections;
    this.#atMs = nowMs;
    this.#fromMs = nowMs;
    this.#doneBytes = doneBytes;
    this.#fromBytes = doneBytes;
  }

  /** Of all connections together; `undefined` before the first {@link look}. */
  get rateBytesPerS(): number | undefined {
    return this.#meanBytesPerS;
  }

  /**
   * How many connections there should be before anything is known of the rate: on a long way the user's number, since the
   * first look would be late, and no single connection fills it.
   */
  atOnce(minRttUs: number | undefined): number {
    return this.#connections === "auto" || (minRttUs ?? 0) < LONG_WAY_US ? 1 : this.#connections;
  }

  /**
   * Takes note of the state now, some 100 ms after the last time.
   * @returns how many connections there should be: at least those that there are, one that works is never closed.
   */
  look(state: TransferState, nowMs: number): number {
    this.#measure(state, nowMs);
    if (this.#connections !== "auto") {
      const isFilled = fillsWay(this.#meanBytesPerS ?? 0, state.minRttUs);
      return isFilled ? state.connections : Math.max(this.#connections, state.connections);
    }
    const { ms, roundTrips } = state.connections === 1 ? FIRST_WINDOW : WINDOW;
    const windowMs = Math.max(ms, (roundTrips * (state.minRttUs ?? 0)) / 1000);
    const isTelling = state.isLossy && state.connections === 1;
    if (nowMs - this.#fromMs < windowMs && !isTelling) return state.connections;
    const rateBytesPerS = ((state.doneBytes - this.#fromBytes) / (nowMs - this.#fromMs)) * 1000;
    const hadSettled = !this.#isSettling;
    this.#begin(state.doneBytes, nowMs);
    if (!hadSettled) return state.connections;
    const formerRateBytesPerS = this.#formerBytesPerS;
    const connections = decideConnections({ ...state, rateBytesPerS, formerRateBytesPerS });
    if (connections > state.connections) {
      this.#formerBytesPerS = rateBytesPerS;
      this.#isSettling = true;
    }
    return connections;
  }

  #measure({ doneBytes }: TransferState, nowMs: number): void {
    const rate = ((doneBytes - this.#doneBytes) / Math.max(1, nowMs - this.#atMs)) * 1000;
    const mean = this.#meanBytesPerS ?? rate;
    this.#meanBytesPerS = mean + (rate - mean) * SMOOTHING;
    this.#doneBytes = doneBytes;
    this.#atMs = nowMs;
  }

  #begin(doneBytes: number, nowMs: number): void {
    this.#fromMs = nowMs;
    this.#fromBytes = doneBytes;
    this.#isSettling = false;
  }
}

/** What has been measured over the last window. */
export type Measurement = Omit<TransferState, "doneBytes"> & {
  readonly rateBytesPerS: number;
  /** The rate before the last connections came; 0 at first. */
  readonly formerRateBytesPerS: number;
};

/**
 * Decides how many connections there should be.
 *
 * On loopback and in a fast local network one connection is the fastest; over long or lossy paths, and where a server or
 * a queue gives each connection its share, several are. So a few are tried, and more when these have paid. Where packets
 * get lost on a long way, each connection gets only so far whatever the way could carry: there all pay.
 *
 * @returns at least `connections`: one that works is never closed.
 */
export function decideConnections(measured: Measurement): number {
  const { connections, rateBytesPerS, formerRateBytesPerS, remainingBytes, minRttUs } = measured;
  const isShort = remainingBytes < rateBytesPerS * LEAST_REST_S;
  const isFilled = fillsWay(rateBytesPerS, minRttUs);
  if (rateBytesPerS === 0 || isShort || isFilled || connections >= MAX_CONNECTIONS) return connections;
  if (connections > 1 && rateBytesPerS < formerRateBytesPerS * WORTH_GAIN) return connections;
  const isLong = (minRttUs ?? 0) >= LONG_WAY_US;
  if (isLong && measured.isLossy) return MAX_CONNECTIONS;
  return Math.min(MAX_CONNECTIONS, connections * (isLong ? 4 : 2));
}

/** Whether others could only share what there is: that costs. */
function fillsWay(rateBytesPerS: number, minRttUs: number | undefined): boolean {
  return (minRttUs ?? 0) < LONG_WAY_US && rateBytesPerS >= FAST_BYTES_PER_S;
}
