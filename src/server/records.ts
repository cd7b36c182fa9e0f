/**
 * What the observer is told of an answer, as plain data.
 */
import type { Clock } from "../base/clock.ts";
import type { PeerEndpoint } from "../net/endpoint.ts";
import { readRttUs } from "../net/tcp-info.ts";
import type { RequestInProgress } from "./request-in-progress.ts";
import type { AnswerRecord, ServerObserver } from "./observer.ts";

/** The connection that answers are sent on. */
export type Sender = {
  readonly id: number;
  readonly endpoint: PeerEndpoint;
  /** -1 when it is closed. */
  readonly fd: number;
};

type Ending = { readonly isWhole: boolean; readonly clock: Clock };

/** Tells the observer of `request`, whose answer has ended just now, one way or the other. */
export function tellAnswer(
  observer: ServerObserver,
  sender: Sender,
  request: RequestInProgress,
  ending: Ending,
): void {
  const rttUs = observer.wantsRtt ? readRttUs(sender.fd) : undefined;
  observer.answered?.(answerRecord(sender, request, ending, rttUs));
}

function answerRecord(
  sender: Sender,
  request: RequestInProgress,
  { isWhole, clock }: Ending,
  rttUs: number | undefined,
): AnswerRecord {
  const { head, answer } = request;
  const durationMs = clock.monotonicMs() - request.startMs;
  return {
    connectionId: sender.id,
    peerAddress: sender.endpoint.peerAddress,
    peerPort: sender.endpoint.peerPort,
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
