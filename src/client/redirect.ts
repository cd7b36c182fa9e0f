/**
 * Asks for a resource wherever it is: follows redirects (RFC 9110 §15.4), a bounded number of them, over http only.
 */
import type { Field } from "../wire/fields.ts";
import type { ResponseHead } from "../wire/message.ts";
import { askForHead, discardBody } from "./conversation.ts";
import { formatRemoteUrl, hostField, resolveLocation, UrlError, type RemoteUrl } from "./origin.ts";
import { getRequest } from "./request.ts";
import type { Reply, Session } from "./session.ts";
import { TransferError } from "./transfer-error.ts";

export type Request = {
  readonly url: RemoteUrl;
  /** Sent to every server on the way, so nothing that is meant for one of them only. */
  readonly fields: readonly Field[];
  /**
   * Sent to the first server only: the user's credentials and own fields, by default those of the session. Once a redirect leads to another origin they
   * are dropped for good.
   */
  readonly ownFields?: readonly Field[] | undefined;
  readonly method?: "GET" | "HEAD";
  /** Whether it can do without an answer, and does not wait for a server that can't be reached. */
  readonly isExtra?: boolean;
  readonly signal: AbortSignal | undefined;
};

/** Where the answer came from in the end. Its `resolveMs` and `connectMs` are those of all hops together. */
export type Arrival = { readonly reply: Reply; readonly url: RemoteUrl };

const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Gets the head of the first answer that is no redirect.
 * @throws {TransferError} phase `answer` when the redirects lead nowhere.
 */
export async function follow(session: Session, request: Request): Promise<Arrival> {
  const seen = new Set<string>();
  let { url } = request;
  let resolveMs = 0;
  let connectMs = 0;
  let ownFields = request.ownFields ?? session.ownFields(url);
  for (;;) {
    seen.add(formatRemoteUrl(url));
    const reply = await get(session, { ...request, ownFields }, url);
    resolveMs += reply.resolveMs;
    connectMs += reply.connectMs;
    if (!REDIRECTS.has(reply.head.status)) return { reply: { ...reply, resolveMs, connectMs }, url };
    await discardBody(session, reply);
    url = nextUrl(url, reply.head, seen);
    // SECURITY: another scheme, host or port is another server (CVE-2022-27776, CVE-2021-31879).
    if (!isSameOrigin(url, request.url)) ownFields = [];
  }
}

/** Whether two URLs lead to the same server: scheme, host and port (RFC 6454 §5). */
export function isSameOrigin(a: RemoteUrl, b: RemoteUrl): boolean {
  return a.origin.scheme === b.origin.scheme && hostField(a.origin) === hostField(b.origin);
}

/**
 * SECURITY: each hop's request is built anew for its own server: nothing that was said to one is told to the next
 * (CVE-2022-27776, CVE-2021-31879).
 */
function get(session: Session, request: Request, url: RemoteUrl): Promise<Reply> {
  const route = session.routeTo(url);
  const { method = "GET", fields } = request;
  const ownFields = [...(request.ownFields ?? []), ...route.fields];
  const message = {
    ...getRequest(url, session.options.userAgent, { method, fields, ownFields }),
    target: route.target,
  };
  return session.ask({
    origin: route.origin,
    converse: (connection) => askForHead(connection, message),
    mayRepeat: () => true,
    isExtra: request.isExtra,
    signal: request.signal,
  });
}

function nextUrl(url: RemoteUrl, head: ResponseHead, seen: ReadonlySet<string>): RemoteUrl {
  const from = `${formatRemoteUrl(url)} redirects`;
  const next = targetOf(url, head, from);
  const to = formatRemoteUrl(next);
  if (seen.has(to)) throw astray(head, `${from} in a circle, to ${to}`);
  if (seen.size > MAX_REDIRECTS) throw astray(head, `${from} again, after ${MAX_REDIRECTS} redirects`);
  return next;
}

function targetOf(url: RemoteUrl, head: ResponseHead, from: string): RemoteUrl {
  const [location, ...others] = head.fields.all("location");
  if (location === undefined) throw astray(head, `${from} without saying where`);
  if (others.some((other) => other !== location)) throw astray(head, `${from} to several places at once`);
  try {
    return resolveLocation(url, location);
  } catch (cause) {
    if (!(cause instanceof UrlError)) throw cause;
    throw astray(head, `${from} to where netfile does not go: ${cause.message}`, cause);
  }
}

function astray(head: ResponseHead, message: string, cause?: unknown): TransferError {
  return new TransferError("answer", message, { status: head.status, cause });
}
