/**
 * Asks what a file on a server is, without fetching it (HEAD, RFC 9110 §9.3.2).
 */
import { parseDigestField } from "../semantics/digest.ts";
import type { Field } from "../wire/fields.ts";
import { modifiedAt } from "./answer.ts";
import { asTransferError, askForHead, discardBody } from "./conversation.ts";
import type { RemoteUrl } from "./origin.ts";
import { getRequest } from "./request.ts";
import type { Session } from "./session.ts";

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
  readonly signal?: AbortSignal | undefined;
};

/**
 * Asks for the facts of the file at `url`. Redirects are not followed: they are an answer that says nothing of it.
 * @throws {TransferError} when there is no answer.
 */
export async function probe(session: Session, url: RemoteUrl, options: ProbeOptions): Promise<Probe> {
  const fields: readonly Field[] = [
    ["Accept", "*/*"],
    ...(options.wantsDigest ? [["Want-Repr-Digest", "sha-256=10"] as const] : []),
  ];
  const route = session.routeTo(url);
  const ownFields = [...session.ownFields(url), ...route.fields];
  const request = {
    ...getRequest(url, session.options.userAgent, { method: "HEAD", fields, ownFields }),
    target: route.target,
  };
  try {
    const reply = await session.ask({
      origin: route.origin,
      converse: (connection) => askForHead(connection, request),
      mayRepeat: () => true,
      signal: options.signal,
    });
    await discardBody(session, reply);
    const { head } = reply;
    const isFile = head.status === 200;
    return {
      status: head.status,
      sizeBytes: isFile ? parseLength(head.fields.get("content-length")) : undefined,
      modifiedMs: isFile ? modifiedAt(head) : undefined,
      sha256: isFile ? parseSha256(head.fields.get("repr-digest")) : undefined,
    };
  } catch (error) {
    throw asTransferError(error);
  }
}

function parseLength(value: string | undefined): number | undefined {
  const length = /^\d{1,15}$/.test(value ?? "") ? Number(value) : undefined;
  return length;
}

function parseSha256(value: string | undefined): Uint8Array | undefined {
  const parsed = parseDigestField(value ?? "");
  return parsed.kind === "digests" ? parsed.digests.get("sha-256") : undefined;
}
