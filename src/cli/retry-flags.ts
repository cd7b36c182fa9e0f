/**
 * The flag for how often a transfer that was cut goes on, and a server that is gone is tried again.
 */
import { DEFAULT_RETRIES } from "../client/retry.ts";
import type { SessionOptions } from "../client/session.ts";
import { UsageError } from "./exit.ts";
import type { StrictArgs, StrictArgsDef } from "./strict-args.ts";

export const RETRY_ARGS = {
  retries: {
    type: "string",
    valueHint: "N",
    description:
      "try again so often in a row without progress (5); 0 never; given, also while no server is there yet",
  },
} satisfies StrictArgsDef;

/**
 * Reads the flag; `undefined` when it isn't given.
 * @throws {UsageError} when it is no whole number from 0 to 1000.
 */
export function readRetries(args: StrictArgs): number | undefined {
  const text = args.value("retries");
  if (text === undefined) return undefined;
  const count = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (count <= 1000) return count;
  throw new UsageError(
    `The value ${JSON.stringify(text)} of --retries is not a count; write a whole number from 0 to 1000`,
  );
}

/** How a session waits for a server that can't be reached; for one that never was, only when the flag is given. @throws {UsageError} */
export function readConnectRetries(
  args: StrictArgs,
): Pick<SessionOptions, "connectRetries" | "waitsForStart"> {
  const retries = readRetries(args);
  return { connectRetries: retries ?? DEFAULT_RETRIES, waitsForStart: retries !== undefined };
}
