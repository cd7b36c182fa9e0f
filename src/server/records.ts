/**
 * What the observer is told of an answer, as plain data.
 */
import type { Clock } from "../base/clock.ts";
import type { Endpoint } from "../net/endpoint.ts";
import { readRttUs } from "../net/tcp-info.ts";
import type { RequestInProgress } from "./request-in-progress.ts";
import type { AnswerRecord, ServerObserver } from "./observer.ts";

type Ending = {
  readonly isWhole: boolean;
  readonly clock: Clock;
  /** The connection's descriptor; -1 when it is closed. */
  readonly fd: number;
};

type Answered = { readonly id: number; readonly endpoint: Endpoint };

/** Tells the observer of `request`, whose answer has ended just now, one way or the other. */
export function tellAnswer(
  observer: ServerObserver,
  connection: Answered,
  request: RequestInProgress,
  ending: Ending,
): void {
  const rttUs = observer.wantsRtt ? readRttUs(ending.fd) : undefined;
  observer.answered?.(answerRecord(connection, request, ending, rttUs));
}

function answerRecord(
  connection: Answered,
  request: RequestInProgress,
  { isWhole, clock }: Ending,
  rttUs: number | undefined,
): AnswerRecord {
  const { head, answer } = request;
  const durationMs = clock.monotonicMs() - request.startMs;
  return {
    connectionId: connection.id,
    peerAddress: connection.endpoint.peerAddress,
    peerPort: connection.endpoint.peerPort,
    startMs: clock.nowMs() - durationMs,
    durationMs,
    method: head?.method ?? "-",
    target: head?.rawTarget ?? "-",
    version: head?.version ?? "-",
    status: answer?.status ?? CLIENT_CLOSED_REQUEST,
    bodyBytes: answer?.sentBodyBytes ?? 0,
    receivedBytes: request.receivedBytes,
    rttUs,
    referer: head?.fields.get("referer"),
    userAgent: head?.fields.get("user-agent"),
    isWhole,
  };
}

/** No status was sent: the client had gone before. The number that other servers' logs use for it. */
const CLIENT_CLOSED_REQUEST = 499;
