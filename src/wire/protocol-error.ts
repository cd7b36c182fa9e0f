/**
 * The one error that the wire throws: the bytes received are not HTTP/1.1 as RFC 9112 has it, or the caller
 * asked for a message that may not be sent. Nothing else ever leaves this folder.
 */

/** Who broke the protocol: the peer (its bytes) or this program (a call out of turn). */
export type Blame = "remote" | "local";

export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly blame: Blame;
  /** The status a server should answer with before it closes; meaningless for a client. */
  readonly status: number;
  /** The method of a request whose request-line is the fault, as far as it can be read. */
  readonly method: string | undefined;

  /**
   * @param message one sentence without any byte of the peer's, so that it may be shown and sent.
   * @param status the response status that fits a remote fault: 400, 413, 414, 431, 501, 505.
   */
  constructor(message: string, status = 400, blame: Blame = "remote", method?: string) {
    super(message);
    this.blame = blame;
    this.status = status;
    this.method = method;
  }
}

/** An error of this program's own: a call out of turn, or a message that may not be sent. */
export function localError(message: string): ProtocolError {
  return new ProtocolError(message, 500, "local");
}
