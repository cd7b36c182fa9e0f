/**
 * The one error of the client: a transfer that did not happen or did not end well, and in which phase.
 */

/**
 * Where it went wrong.
 * - `resolve`, `connect`: no connection; `send`, `receive`: it broke, stalled, or the body was cut short.
 * - `protocol`: what came is not HTTP. `answer`: the server answered with an error status, or one that leads nowhere.
 * - `verify`: what arrived is not what was announced. `save`, `read`: this machine's disk.
 * - `exists`: the destination is there and may not be replaced.
 */
export type TransferPhase =
  "resolve" | "connect" | "send" | "receive" | "protocol" | "answer" | "verify" | "save" | "read" | "exists";

export class TransferError extends Error {
  override readonly name = "TransferError";
  readonly phase: TransferPhase;
  /** Status of the answer, when one came. */
  readonly status: number | undefined;
  /** Whether the same request may succeed later. */
  readonly isRetryable: boolean;
  /** Whether it has been tried again in this run as often as it may be. */
  readonly isFinal: boolean;
  /** So much of the file is kept for the next run, as far as is known. */
  readonly keptBytes: number;
  /** Whether the next run goes on where this one has ended. */
  readonly canGoOn: boolean;

  /** @param message a sentence for a person: what happened, then what to do. Text of the server's is already printable. */
  constructor(
    phase: TransferPhase,
    message: string,
    details: {
      readonly status?: number;
      readonly isRetryable?: boolean;
      readonly isFinal?: boolean;
      readonly cause?: unknown;
      readonly keptBytes?: number;
      readonly canGoOn?: boolean;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.phase = phase;
    this.status = details.status;
    this.isRetryable = details.isRetryable ?? false;
    this.isFinal = details.isFinal ?? false;
    this.keptBytes = details.keptBytes ?? 0;
    this.canGoOn = details.canGoOn ?? false;
  }

  /** What happened, without the advice to try again: for one who is told that this is done. */
  get whatHappened(): string {
    return this.message.replace(
      /; (?:try again(?: later|, or allow more time)?|check the port, and that the server is running)$/,
      "",
    );
  }

  /** The same error, of a transfer that the next run goes on with: `keptBytes` are kept. */
  keeping(keptBytes: number): TransferError {
    return new TransferError(this.phase, this.message, { ...this.#details(), keptBytes, canGoOn: true });
  }

  /** The same error, after which nothing is tried again in this run. */
  asFinal(): TransferError {
    return new TransferError(this.phase, this.message, { ...this.#details(), isFinal: true });
  }

  /** The same error in other words, which are printable. */
  withMessage(message: string): TransferError {
    return new TransferError(this.phase, message, this.#details());
  }

  #details() {
    const { status, isRetryable, isFinal, cause, keptBytes, canGoOn } = this;
    return { isRetryable, isFinal, cause, keptBytes, canGoOn, ...(status === undefined ? {} : { status }) };
  }
}
