/**
 * Taking an answer from a connection: its head, its body, or just its end.
 */
import { asBuffer, concatBytes } from "../base/bytes.ts";
import { printable } from "../base/printable.ts";
import { parseMediaType } from "../semantics/media-type.ts";
import type { Fields } from "../wire/fields.ts";
import type { RequestToSend, ResponseHead, WireEvent } from "../wire/message.ts";
import type { Connection } from "./connection.ts";
import type { Reply, Session } from "./session.ts";
import { TransferError } from "./transfer-error.ts";

/** An answer's body that nobody wants is read up to this, so that the connection can go on. */
const UNWANTED_BODY_BYTES = 64 * 1024;
const UNWANTED_BODY_MS = 1000;

/**
 * Sends a request without a body and waits for the final answer's head; 1xx answers are passed over (RFC 9110 §15.2).
 * @throws {TransferError}
 */
export async function askForHead(connection: Connection, request: RequestToSend): Promise<ResponseHead> {
  connection.send(request);
  connection.send({ kind: "end" });
  for (;;) {
    const head = headOf(connection, await nextEvent(connection));
    if (head !== undefined) return head;
  }
}

/** Waits for the next event. @throws {TransferError} when there will be none. */
export async function nextEvent(connection: Connection): Promise<WireEvent> {
  for (;;) {
    const event = connection.take();
    if (event !== undefined) return event;
    await connection.change();
  }
}

/**
 * The final head, if `event` is one.
 * @returns `undefined` for a 1xx answer.
 * @throws {TransferError} for anything else.
 */
export function headOf(connection: Connection, event: WireEvent): ResponseHead | undefined {
  if (event.kind === "response") return event;
  if (event.kind === "informational") return undefined;
  throw outOfTurn(connection);
}

/**
 * Takes a body to its end.
 *
 * @param receive gets each piece as it comes; a promise that it returns is awaited before more is taken. Then the piece
 *   may change: who keeps it copies it.
 * @returns the trailers.
 * @throws {TransferError} when the body is cut short, and whatever `receive` throws.
 */
export async function readBody(
  connection: Connection,
  receive: (bytes: Uint8Array) => void | Promise<void>,
): Promise<Fields> {
  for (;;) {
    const event = connection.take();
    if (event === undefined) {
      await connection.change();
    } else if (event.kind === "body") {
      const pending = receive(event.bytes);
      if (pending !== undefined) await pending;
    } else if (event.kind === "end") {
      return event.trailers;
    } else {
      throw outOfTurn(connection);
    }
  }
}

/**
 * Gives the connection back after an answer whose body is not wanted; closes it when that body is long or slow.
 * @param look sees what is thrown away, piece by piece; a piece may change afterwards.
 */
export async function discardBody(
  session: Session,
  { head, connection }: Reply,
  look?: (bytes: Uint8Array) => void,
): Promise<void> {
  let leftBytes = UNWANTED_BODY_BYTES;
  const timer = setTimeout(() => connection.close(), UNWANTED_BODY_MS);
  try {
    if (head.framing.kind === "until-close") return;
    await readBody(connection, (bytes) => {
      leftBytes -= bytes.length;
      look?.(bytes);
      if (leftBytes < 0) connection.close();
    });
  } catch {
    connection.close();
  } finally {
    clearTimeout(timer);
    session.release(connection);
  }
}

/** So much of a refusal is read for what it says. */
const WORDS_BYTES = 4096;
const MOST_WORDS = 200;

/**
 * Ends an answer that refuses, as {@link discardBody} does.
 * @returns `error` with what the server says of it, where that is plain text: it knows better than its status does.
 */
export async function explainRefusal(
  session: Session,
  reply: Reply,
  error: TransferError,
): Promise<TransferError> {
  const { status, fields } = reply.head;
  const isPlain = parseMediaType(fields.get("content-type") ?? "")?.type === "text/plain";
  if (status < 400 || !isPlain || fields.has("content-encoding")) {
    await discardBody(session, reply);
    return error;
  }
  const parts: Uint8Array[] = [];
  let leftBytes = WORDS_BYTES;
  await discardBody(session, reply, (bytes) => {
    if (leftBytes > 0) parts.push(bytes.slice(0, leftBytes));
    leftBytes -= bytes.length;
  });
  const words = wordsOf(asBuffer(concatBytes(parts)).toString("utf8"), status);
  return words === undefined ? error : error.withMessage(`${error.message} (it says: ${words})`);
}

/** The first line that says more than the status. */
function wordsOf(text: string, status: number): string | undefined {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  const line = lines.find((each) => each !== "" && !each.startsWith(`${status} `) && each !== String(status));
  return line === undefined ? undefined : printable(line.slice(0, MOST_WORDS).replace(/\.$/, ""));
}

/** Gives every failure of a transfer its one type. */
export function asTransferError(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  const text = printable(error instanceof Error ? error.message : String(error));
  return new TransferError("send", `The transfer failed: ${text}`, { cause: error });
}

function outOfTurn(connection: Connection): TransferError {
  connection.close();
  return new TransferError("protocol", "The server's answer is out of turn; it does not speak HTTP/1.1");
}
