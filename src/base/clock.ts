/**
 * Time as a value that is passed in, so that everything that depends on it can be tested without waiting.
 */
export type Clock = {
  /** Milliseconds since the epoch: for dates that people and peers see. May jump. */
  readonly nowMs: () => number;
  /** Milliseconds from an arbitrary start, never going back: for durations and deadlines. */
  readonly monotonicMs: () => number;
};

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
