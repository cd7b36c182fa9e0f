/**
 * The one map from what went wrong to an exit code and a sentence for the person.
 */
import { assertNever } from "../base/assert-never.ts";
import { errorCode, errorText } from "../base/failure.ts";
import { TransferError } from "../client/transfer-error.ts";
import type { TransferPhase } from "../client/transfer-error.ts";

/** netfile's exit codes, the same for every command. */
export const EXIT = {
  done: 0,
  failure: 1,
  usage: 2,
  refused: 3,
  network: 4,
  verification: 5,
  disk: 6,
  server: 7,
  interrupted: 130,
  terminated: 143,
} as const;

/** The lines of `--help` that list them. */
export const EXIT_CODE_LINES: readonly (readonly [code: string, meaning: string])[] = [
  ["0", "done"],
  ["1", "failure: the answer is not HTTP, or leads nowhere"],
  ["2", "usage: a flag, a word or a URL that can't be understood"],
  ["3", "refused by the server (status 4xx)"],
  ["4", "network: the name is unknown, no connection, timeout, connection broken"],
  ["5", "verification: what arrived is not what was announced"],
  ["6", "disk: this machine can't read or save the file, or it exists already"],
  ["7", "the server failed (status 5xx)"],
  ["130", "interrupted; 143 by SIGTERM"],
];

/** The command line can't be understood, or names something that isn't there; the message says what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A file of this machine that the command line names can't be read or written; the message says why and what to do. */
export class LocalFileError extends Error {
  override readonly name = "LocalFileError";
}

/** What a person is told of `error`, and the exit code. Text of a peer's is printable already. */
export type Failure = { readonly code: number; readonly text: string; readonly isExpected: boolean };

/** Maps anything that was thrown. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof UsageError || isNamed(error, "UrlError")) {
    return { code: EXIT.usage, text: errorText(error), isExpected: true };
  }
  if (error instanceof LocalFileError) return { code: EXIT.disk, text: error.message, isExpected: true };
  if (error instanceof TransferError) {
    return { code: transferExitCode(error), text: error.message, isExpected: true };
  }
  if (isNamed(error, "ListenError")) return { code: EXIT.failure, text: errorText(error), isExpected: true };
  const code = errorCode(error);
  return {
    code: EXIT.failure,
    text: code === undefined ? `Unexpected error: ${errorText(error)}` : errorText(error),
    isExpected: false,
  };
}

/**
 * What a person is told of the end that `signal` made: an error given as its reason is what it was for.
 * @returns `undefined` while nothing has been ended.
 */
export function describeEnding(signal: AbortSignal): Failure | undefined {
  if (!signal.aborted) return undefined;
  const reason: unknown = signal.reason;
  if (reason instanceof TransferError) return describeFailure(reason);
  return { code: EXIT.interrupted, text: "Interrupted", isExpected: true };
}

/** Told by the name: a `get` need not load the server, nor `--version` the client, to know their errors. */
function isNamed(error: unknown, name: "ListenError" | "UrlError"): boolean {
  return error instanceof Error && error.name === name;
}

/** Exit code of a transfer that failed, by its phase and the answer's status. */
export function transferExitCode(error: TransferError): number {
  const phase: TransferPhase = error.phase;
  switch (phase) {
    case "resolve":
    case "connect":
    case "send":
    case "receive":
      return EXIT.network;
    case "answer":
      return answerExitCode(error.status);
    case "protocol":
      // The network did its work; the peer speaks something else.
      return EXIT.failure;
    case "verify":
      return EXIT.verification;
    case "save":
    case "read":
    case "exists":
      return EXIT.disk;
    default:
      return assertNever(phase);
  }
}

function answerExitCode(status: number | undefined): number {
  if (status === undefined) return EXIT.failure;
  if (status >= 500) return EXIT.server;
  return status >= 400 ? EXIT.refused : EXIT.failure;
}
