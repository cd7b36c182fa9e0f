/**
 * Time limits and caps of a server: what keeps it answering whatever its clients do.
 */
export type ServerLimits = {
  /** Keep-alive idle time without load, and its floor: `max(floor, ceiling − 1 s × connections)`. */
  readonly idleCeilingMs: number;
  readonly idleFloorMs: number;
  /** From a head's first byte to its last. */
  readonly headMs: number;
  /** Over each window of a request's body the client must keep up the least rate. */
  readonly bodyWindowMs: number;
  /** The same for a client that reads a response; longer, because a slow reader's system acknowledges in bursts. */
  readonly sendWindowMs: number;
  readonly minRateBytesPerS: number;
  /** How often a client that waits for an answer is told that it is being made, if it knows such words. */
  readonly interimMs: number;
  /** How long a closed connection is still read so that the client can read the last answer: at most, and in silence. */
  readonly farewellMs: number;
  readonly farewellSilenceMs: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
};

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  idleCeilingMs: 20_000,
  idleFloorMs: 5_000,
  headMs: 15_000,
  bodyWindowMs: 20_000,
  sendWindowMs: 60_000,
  minRateBytesPerS: 256,
  interimMs: 10_000,
  farewellMs: 30_000,
  farewellSilenceMs: 3_000,
  connections: 16_384,
  connectionsPerAddress: 12_288,
};
