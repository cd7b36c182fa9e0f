/**
 * What the client tells of a transfer: the connection's parameters, the phases, and the counts. Plain data, for the
 * panel, for `--json` and for the log.
 */
import type { Endpoint } from "../net/endpoint.ts";
import type { Extent } from "./written-spans.ts";

/** The server's parameters as the client sees them. */
export type ConnectionReport = {
  /** The host as the user named it. */
  readonly hostName: string;
  readonly endpoint: Endpoint;
  /** The keep-alive timeout that the server announced (`Keep-Alive: timeout=N`), in ms. */
  readonly timeoutMs: number | undefined;
  /** From the kernel, after the answer's head; `undefined` where the platform has none. */
  readonly rttUs: number | undefined;
  /** `Server` of the answer, printable. */
  readonly software: string | undefined;
  /** Whether an earlier request had opened the connection. */
  readonly isReused: boolean;
};

/**
 * Durations in ms, one after the other. Resolve and connect are 0 on a reused connection, and those of all hops together
 * after redirects.
 */
export type Phases = {
  readonly resolveMs: number;
  readonly connectMs: number;
  /**
   * From the request's last head byte to the answer's first byte. For an upload: to the body's first byte, so it is the
   * wait for `100 Continue`, if there was one.
   */
  readonly firstByteMs: number;
  /** From the answer's first byte to its last. For an upload: from the body's first byte to the answer's last. */
  readonly transferMs: number;
  /** From the content's last byte until the file was proven, on the disk and under its name; absent where nothing was saved. */
  readonly saveMs?: number;
};

/** What is still to come when all content is there: the server's digest of it, its own digest, the disk. */
export type LastWait = "digest" | "check" | "disk";

/** Told while content moves, at most every 100 ms; then with each wait that follows, and once at the end. */
export type TransferProgress = {
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  /** How much of `doneBytes` was there before this run; none when absent. */
  readonly resumedBytes?: number | undefined;
  /** Which parts of the file are there, in order, where they may come out of order; absent where they can't. */
  readonly extents?: readonly Extent[] | undefined;
  /** What is waited for now; absent while content comes. */
  readonly waitsFor?: LastWait | undefined;
};

/** Round-trip times of a transfer, in µs, sampled while it went on. */
export type RttSummary = {
  readonly minUs: number;
  readonly meanUs: number;
  readonly maxUs: number;
  readonly samples: number;
};
