/**
 * What a server tells of itself while it runs, as plain data: for the terminal, the log and the counts.
 */
import type { PeerEndpoint } from "../net/endpoint.ts";

/** A connection as the log knows it. */
export type ConnectionRecord = {
  /** Counts from 1 for each server. */
  readonly id: number;
  readonly endpoint: PeerEndpoint;
  /** The keep-alive timeout at this moment, in ms. */
  readonly timeoutMs: number;
  readonly rttUs: number | undefined;
};

/** A request and its answer as the log knows them. Text is the peer's, unescaped. */
export type AnswerRecord = {
  readonly connectionId: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** When the request's head was complete, ms since the epoch. */
  readonly startMs: number;
  readonly durationMs: number;
  /** `-` where the head could not be read. */
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly status: number;
  /** Content sent, in bytes, without head and framing. */
  readonly bodyBytes: number;
  /** Content received, in bytes. */
  readonly receivedBytes: number;
  readonly rttUs: number | undefined;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
  /** False when the connection ended before the whole answer was handed to the system. */
  readonly isWhole: boolean;
};

/** Told of what happens; must return quickly and not throw. */
export interface ServerObserver {
  connected(record: ConnectionRecord): void;
  /** Absent when nobody wants to know. */
  readonly answered?: (record: AnswerRecord) => void;
  /** Whether the round-trip time of answers is looked at: it costs a system call each. */
  readonly wantsRtt: boolean;
  disconnected(id: number): void;
  /** Something inside went wrong and was contained; one line for the operator. */
  failed(text: string): void;
}
