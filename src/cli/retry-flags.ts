/**
 * The flag for how often a transfer that was cut goes on.
 */
import { UsageError } from "./exit.ts";
import type { StrictArgs, StrictArgsDef } from "./strict-args.ts";

export const RETRY_ARGS = {
  retries: {
    type: "string",
    valueHint: "N",
    description: "go on with a large file after so many cuts in a row (5)",
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
