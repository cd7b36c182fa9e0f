/**
 * Sends a file, or what comes out of a pipe, with one request, and takes the answer.
 */
import type { ContentSender } from "./content-sender.ts";
import { discardBody } from "./conversation.ts";
import type { RemoteUrl } from "./origin.ts";
import type { Reply, Session } from "./session.ts";

/** What an upload came to: the last answer, who sent the last part of the file, and who the first. */
export type Sending = {
  readonly reply: Reply;
  readonly sender: ContentSender;
  readonly first: ContentSender;
  /** The answer is not to the upload, whose own was lost, but shows that the server has the file. */
  readonly isFound?: true;
};

export type SendTarget = {
  readonly url: RemoteUrl;
  readonly method: "PUT" | "POST" | "PATCH";
  readonly signal?: AbortSignal;
};

/**
 * Sends the request; once more without `Expect` to a server that can't meet that (RFC 9110 §10.1.1).
 * @returns the final answer, whose body is still to be taken. @throws {TransferError}
 */
export async function sendOnce(
  session: Session,
  target: SendTarget,
  sender: ContentSender,
): Promise<Sending> {
  const reply = await ask(session, target, sender);
  if (reply.head.status !== 417 || !sender.hasExpected || !sender.isRepeatable)
    return { reply, sender, first: sender };
  await discardBody(session, reply);
  sender.expectNothing();
  return { reply: await ask(session, target, sender), sender, first: sender };
}

function ask(session: Session, { url, method, signal }: SendTarget, sender: ContentSender): Promise<Reply> {
  const route = session.routeTo(url);
  return session.ask({
    origin: route.origin,
    converse: (connection) => sender.send(connection, route),
    // RFC 9110 §9.2.2: PUT may be sent twice; others only while the server can't have acted upon them.
    mayRepeat: () => sender.isRepeatable && (method === "PUT" || !sender.hasBegun),
    signal,
  });
}
