/**
 * What the observer is told of a connection and of an answer, as plain data.
 */
import type { Endpoint } from "../net/endpoint.ts";
import type { RequestInProgress } from "./request-in-progress.ts";
import type { AnswerRecord } from "./observer.ts";

type Moment = {
  readonly isWhole: boolean;
  /** On the monotonic clock. */
  readonly nowMs: number;
  readonly rttUs: number | undefined;
};

/** Describes `request`, whose answer has ended one way or the other. */
export function answerRecord(
  connection: { readonly id: number; readonly endpoint: Endpoint },
  request: RequestInProgress,
  moment: Moment,
): AnswerRecord {
  const { head, answer } = request;
  return {
    connectionId: connection.id,
    peerAddress: connection.endpoint.peerAddress,
    peerPort: connection.endpoint.peerPort,
    startMs: request.startMs,
    durationMs: moment.nowMs - request.startMonotonicMs,
    method: head?.method ?? "-",
    target: head?.rawTarget ?? "-",
    version: head?.version ?? "-",
    status: answer?.status ?? CLIENT_CLOSED_REQUEST,
    bodyBytes: answer?.bodyBytes ?? 0,
    receivedBytes: request.receivedBytes,
    rttUs: moment.rttUs,
    referer: head?.fields.get("referer"),
    userAgent: head?.fields.get("user-agent"),
    isWhole: moment.isWhole,
  };
}

/** No status was sent: the client had gone before. The number that other servers' logs use for it. */
const CLIENT_CLOSED_REQUEST = 499;
