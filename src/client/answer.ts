/**
 * What an answer comes to: a description for the user, or the error that its status means.
 */
import { printable } from "../base/printable.ts";
import { systemClock, type Clock } from "../base/clock.ts";
import { parseHttpDate } from "../semantics/http-date.ts";
import { parseKeepAliveTimeout } from "../semantics/keep-alive.ts";
import type { ResponseHead } from "../wire/message.ts";
import { formatRemoteUrl, type RemoteUrl } from "./origin.ts";
import { adviseOnMethod, adviseOnMove, adviseOnSchemes } from "./refusal-advice.ts";
import type { ConnectionReport, Phases } from "./report.ts";
import type { Reply } from "./session.ts";
import { TransferError } from "./transfer-error.ts";

/** A final answer as people see it. The server's words are printable. */
export type Answer = {
  readonly status: number;
  readonly reason: string;
  readonly url: RemoteUrl;
  readonly mediaType: string | undefined;
  readonly totalBytes: number | undefined;
  /** `Last-Modified` in ms since the epoch, when the server says it and it is a date. */
  readonly modifiedMs?: number;
  readonly connection: ConnectionReport;
};

/**
 * Describes a final answer and tells the user of it.
 *
 * @param transfer.url where the answer came from, after redirects.
 * @param transfer.startedAtMs on the monotonic clock: a connection older than that is a reused one.
 */
export function announceAnswer(
  reply: Reply,
  listener: { readonly onAnswer?: (answer: Answer) => void },
  transfer: { readonly url: RemoteUrl; readonly startedAtMs: number },
): Answer {
  const modifiedMs = modifiedAt(reply.head);
  const answer = {
    ...describeAnswer(reply, transfer.url, transfer.startedAtMs),
    ...(modifiedMs === undefined ? {} : { modifiedMs }),
  };
  try {
    listener.onAnswer?.(answer);
  } catch (error) {
    reply.connection.close();
    throw error;
  }
  return answer;
}

/** Describes a final answer. */
export function describeAnswer(reply: Reply, url: RemoteUrl, startedAtMs: number): Answer {
  const { head, connection } = reply;
  return {
    status: head.status,
    reason: printable(head.reason),
    url,
    mediaType: printableField(head, "content-type"),
    totalBytes: head.framing.kind === "length" ? head.framing.length : undefined,
    connection: {
      hostName: url.origin.host,
      endpoint: connection.endpoint,
      timeoutMs: parseKeepAliveTimeout(head.fields.get("keep-alive")),
      rttUs: connection.rttUs,
      software: printableField(head, "server"),
      isReused: connection.openedAtMs < startedAtMs,
    },
  };
}

/** When the file was changed last, as the answer says (RFC 9110 §8.8.2), in ms since the epoch. */
export function modifiedAt(head: ResponseHead): number | undefined {
  return parseHttpDate(head.fields.get("last-modified") ?? "", systemClock.nowMs());
}

/** What it took until an answer's first byte, and when that came, on the monotonic clock. */
export type FirstByte = { readonly phases: Omit<Phases, "transferMs">; readonly atMs: number };

/** Measures an answer whose head is there. */
export function measureFirstByte({ connection, resolveMs, connectMs }: Reply): FirstByte {
  const atMs = connection.firstByteAtMs ?? connection.askedAtMs;
  return { phases: { resolveMs, connectMs, firstByteMs: atMs - connection.askedAtMs }, atMs };
}

/** The phases of a transfer whose last byte has just come. */
export function measurePhases(reply: Reply, clock: Clock): Phases {
  const { phases, atMs } = measureFirstByte(reply);
  return { ...phases, transferMs: clock.monotonicMs() - atMs };
}

/** The error that an answer with an error status means, for a download of `url`. */
export function refusedDownload(head: ResponseHead, url: RemoteUrl): TransferError {
  const hint = adviseOnSchemes(head) ?? DOWNLOAD_ADVICE[head.status];
  return refusal(head, `Cannot get ${formatRemoteUrl(url)}`, hint);
}

/** The same for an upload to `url`. */
export function refusedUpload(head: ResponseHead, url: RemoteUrl): TransferError {
  const special = adviseOnSchemes(head) ?? adviseOnMove(head, url) ?? adviseOnMethod(head);
  return refusal(head, `Cannot upload to ${formatRemoteUrl(url)}`, special ?? UPLOAD_ADVICE[head.status]);
}

/** The error for a server that is content before it has the file: an upload that saved nothing must not look like one. */
export function ignoredUpload(head: ResponseHead, url: RemoteUrl): TransferError {
  const said = printable(`${head.status} ${head.reason}`.trimEnd());
  return new TransferError(
    "answer",
    `Cannot upload to ${formatRemoteUrl(url)}: the server answered ${said} without taking the file; it does not accept uploads there`,
    { status: head.status },
  );
}

type Advice = Readonly<Record<number, string>>;

const COMMON_ADVICE: Advice = {
  401: "the server wants a name and a password that it knows; give them with --user, or with --netrc",
  407: "the proxy asks for a name and a password; give them in http_proxy, as http://NAME:PASSWORD@HOST:PORT",
  408: "the server did not wait long enough; try again",
  429: "the server asks for fewer requests; try again later",
  503: "the server is overloaded or under maintenance; try again later",
};

const DOWNLOAD_ADVICE: Advice = {
  ...COMMON_ADVICE,
  403: "the server does not hand this out",
  404: "there is nothing under this name; check its spelling",
  410: "it was there once and is gone",
};

/** RFC 9110 §15.4: what would be sent there was meant for here. */
const MOVED = "it wants the file elsewhere, and does not say where";

const UPLOAD_ADVICE: Advice = {
  ...COMMON_ADVICE,
  301: MOVED,
  302: MOVED,
  303: MOVED,
  307: MOVED,
  308: MOVED,
  403: "the server does not take this here",
  404: "the server knows no such place",
  409: "it exists already, or cannot be made there; choose another name",
  411: "the server wants to know the length first; save what comes out of the pipe, and send that file",
  412: "it exists already or was changed by somebody else",
  413: "the file is larger than the server accepts",
  415: "the server does not take this type of file",
  501: "the server does not know how to take uploads",
  507: "the server has no room for it",
};

/** The same request may succeed later. */
export const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

function refusal(head: ResponseHead, what: string, advice: string | undefined): TransferError {
  const said = printable(`${head.status} ${head.reason}`.trimEnd());
  const hint = advice ?? defaultAdvice(head.status);
  return new TransferError("answer", `${what}: the server answered ${said}; ${hint}`, {
    status: head.status,
    isRetryable: RETRYABLE_STATUSES.has(head.status),
  });
}

function defaultAdvice(status: number): string {
  if (status >= 500) return "something is wrong on the server's side";
  if (status >= 400) return "it does not accept this request";
  return "that is no file";
}

function printableField(head: ResponseHead, name: string): string | undefined {
  const value = head.fields.get(name);
  return value === undefined ? undefined : printable(value);
}
