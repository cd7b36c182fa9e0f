/**
 * What the observer is told of an answer, as plain data.
 */
import type { Endpoint } from "../net/endpoint.ts";
import { readRttUs } from "../net/tcp-info.ts";
import type { RequestInProgress } from "./request-in-progress.ts";
import type { AnswerRecord, ServerObserver } from "./observer.ts";

type Moment = {
  readonly isWhole: boolean;
  /** On the monotonic clock. */
  readonly nowMs: number;
  /** The connection's descriptor; -1 when it is closed. */
  readonly fd: number;
};

type Answered = { readonly id: number; readonly endpoint: Endpoint };

/** Tells the observer, if it wants to know, of `request`, whose answer has ended one way or the other. */
export function tellAnswer(
  observer: ServerObserver,
  connection: Answered,
  request: RequestInProgress,
  moment: Moment,
): void {
  if (observer.answered === undefined) return;
  const rttUs = observer.wantsRtt ? readRttUs(moment.fd) : undefined;
  observer.answered(answerRecord(connection, request, moment, rttUs));
}

function answerRecord(
  connection: Answered,
  request: RequestInProgress,
  moment: Moment,
  rttUs: number | undefined,
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
    bodyBytes: answer?.sentBodyBytes ?? 0,
    receivedBytes: request.receivedBytes,
    rttUs,
    referer: head?.fields.get("referer"),
    userAgent: head?.fields.get("user-agent"),
    isWhole: moment.isWhole,
  };
}

/** No status was sent: the client had gone before. The number that other servers' logs use for it. */
const CLIENT_CLOSED_REQUEST = 499;
