/**
 * The words of the benchmark's command line.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";

export type BenchFlags = {
  /** Short rounds, small files, no report unless it is asked for. */
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly seconds: number;
  /** Names of rows; empty for all. A name stands for those that begin with it as well: `large` for `large-16`. */
  readonly only: readonly string[];
  /** Where the report goes; `undefined` for nowhere. */
  readonly out: string | undefined;
  /** An executable that is there already; `undefined` builds one. */
  readonly netfile: string | undefined;
  readonly wantsHelp: boolean;
};

export const BENCH_HELP = `Compares netfile with the servers and clients that are installed here.

  bun run bench                 every row, three rounds, about five minutes; writes test/bench/RESULTS.md and results.svg
  bun run bench --quick         half a minute: one round, small sizes; prints only
  bun run bench --only 1k       these rows only (may be repeated); prints only
  bun run bench --rounds 5 --seconds 3
  bun run bench --netfile FILE  this executable, instead of a new build
  bun run bench --out FILE      writes the report there, and FILE.svg beside it
`;

/** A flag is unknown or its value none. */
export class BenchUsageError extends Error {
  override readonly name = "BenchUsageError";
}

/**
 * Reads the flags.
 * @throws {BenchUsageError}
 */
export function readBenchFlags(words: readonly string[]): BenchFlags {
  const values = parse(words);
  const isQuick = values.quick === true;
  const only = values.only ?? [];
  const isPart = isQuick || only.length > 0;
  return {
    isQuick,
    only,
    rounds: readPositive("--rounds", values.rounds, isQuick ? 1 : 3),
    seconds: readPositive("--seconds", values.seconds, 1),
    out: values.out ?? (isPart ? undefined : "test/bench/RESULTS.md"),
    // It is started in other folders, too.
    netfile: values.netfile === undefined ? undefined : resolve(values.netfile),
    wantsHelp: values.help === true,
  };
}

/** Whether a row is asked for. */
export function isAskedFor(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((word) => name === word || name.startsWith(`${word}-`));
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        quick: { type: "boolean" },
        only: { type: "string", multiple: true },
        rounds: { type: "string" },
        seconds: { type: "string" },
        netfile: { type: "string" },
        out: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new BenchUsageError(error instanceof Error ? error.message : String(error));
  }
}

function readPositive(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= 1000) return value;
  throw new BenchUsageError(`The value "${text}" of ${flag} is not a whole number from 1 to 1000`);
}
