/**
 * Asks what a file on a server is, without fetching it (HEAD, RFC 9110 §9.3.2).
 */
import type { Field, Fields } from "../wire/fields.ts";
import type { ResponseHead } from "../wire/message.ts";
import { modifiedAt } from "./answer.ts";
import { asTransferError, askForHead, discardBody } from "./conversation.ts";
import type { RemoteUrl } from "./origin.ts";
import { getRequest, withoutRepresentationFields } from "./request.ts";
import type { Reply, Session } from "./session.ts";
import { sha256Of } from "./verify.ts";

/** What the server says; every fact is missing that it doesn't say. */
export type Probe = {
  readonly status: number;
  readonly sizeBytes: number | undefined;
  readonly modifiedMs: number | undefined;
  readonly sha256: Uint8Array | undefined;
};

export type ProbeOptions = {
  /** Whether the SHA-256 digest is asked for (RFC 9530 §4), which may take the server time. */
  readonly wantsDigest: boolean;
  /** GET where an answer to HEAD says too little; its content is thrown away. HEAD when absent. */
  readonly method?: "HEAD" | "GET";
  readonly signal?: AbortSignal | undefined;
};

/**
 * Asks for the facts of the file at `url`. Redirects are not followed: they are an answer that says nothing of it.
 * @throws {TransferError} when there is no answer.
 */
export async function probe(session: Session, url: RemoteUrl, options: ProbeOptions): Promise<Probe> {
  try {
    const reply = await askFacts(session, url, options);
    await discardBody(session, reply);
    return factsOf(reply.head);
  } catch (error) {
    throw asTransferError(error);
  }
}

/** Asks the same. @returns the answer, whose end is still to be taken. @throws {TransferError} */
export function askFacts(session: Session, url: RemoteUrl, options: ProbeOptions): Promise<Reply> {
  const fields: readonly Field[] = [
    ["Accept", "*/*"],
    ...(options.wantsDigest ? [["Want-Repr-Digest", "sha-256=10"] as const] : []),
  ];
  const route = session.routeTo(url);
  const ownFields = [...withoutRepresentationFields(session.ownFields(url)), ...route.fields];
  const request = {
    ...getRequest(url, session.options.userAgent, { method: options.method ?? "HEAD", fields, ownFields }),
    target: route.target,
  };
  return session.ask({
    origin: route.origin,
    converse: (connection) => askForHead(connection, request),
    mayRepeat: () => true,
    signal: options.signal,
  });
}

/** What an answer to {@link askFacts} says. */
export function factsOf(head: ResponseHead): Probe {
  const isFile = head.status === 200;
  return {
    status: head.status,
    sizeBytes: isFile ? contentLengthOf(head.fields) : undefined,
    modifiedMs: isFile ? modifiedAt(head) : undefined,
    sha256: isFile ? sha256Of(head.fields.get("repr-digest")) : undefined,
  };
}

/** How long the content is, as Content-Length says; `undefined` when it says nothing that can be relied on. */
export function contentLengthOf(fields: Fields): number | undefined {
  const value = fields.get("content-length") ?? "";
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
