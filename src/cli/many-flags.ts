/**
 * The flags of `get` and `put` for many files, and what they mean together.
 */
import { TEMPLATE_FIELDS } from "../client/output-template.ts";
import { UsageError } from "./exit.ts";
import { isUrl } from "./remote-words.ts";
import type { StrictArgs, StrictArgsDef } from "./strict-args.ts";

const DEFAULT_JOBS = 4;
const MAX_JOBS = 64;

export const BATCH_ARGS = {
  recursive: { type: "boolean", alias: "r", description: "a whole folder; what is unchanged is left" },
  jobs: { type: "string", alias: "j", valueHint: "N", description: "so many files at once, 1 to 64 (4)" },
  "keep-going": { type: "boolean", alias: "k", description: "go on after a failure" },
  "dry-run": { type: "boolean", description: "with -r: only say what would be done" },
} satisfies StrictArgsDef;

/** The events of `--json` for many files, for the help. */
export const EVENT_ROWS: readonly (readonly [event: string, keys: string])[] = [
  ["started", "n, name, url"],
  ["progress", "n, bytes, totalBytes; at most every 500 ms"],
  ["finished, failed", "n, name, and the keys above; without n what was not begun"],
  ["unchanged, planned", "n, name, url"],
  ["skipped", "name, reason"],
  ["deleted", "name, isPlanned"],
  ["summary", "transferred, unchanged, failed, skipped, ..., bytes, durationMs, exitCode"],
];

/** Reads `--jobs`. @throws {UsageError} */
export function readJobs(args: StrictArgs): number {
  const text = args.value("jobs");
  if (text === undefined) return DEFAULT_JOBS;
  const jobs = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (jobs >= 1 && jobs <= MAX_JOBS) return jobs;
  throw new UsageError(`The value "${text}" of --jobs is not a number from 1 to ${MAX_JOBS}; write --jobs 4`);
}

export const GET_MANY_ARGS = {
  ...BATCH_ARGS,
  "input-file": {
    type: "string",
    alias: "i",
    valueHint: "FILE",
    description: 'fetch the URLs in FILE, one a line; "-" reads standard input',
  },
  "output-template": {
    type: "string",
    valueHint: "PATTERN",
    description: 'names for what is saved, as "{host}/{path}" or "{n}-{name}"',
  },
  delete: { type: "boolean", description: "with -r: delete here what the server does not list" },
} satisfies StrictArgsDef;

/** The places of `--output-template`, for the help. */
export const TEMPLATE_ROWS: readonly (readonly [place: string, meaning: string])[] = Object.entries(
  TEMPLATE_FIELDS,
).map(([name, meaning]) => [`{${name}}`, meaning]);

/** Whether the words and flags ask for more than one file. */
export function asksForMany(args: StrictArgs): boolean {
  if (args.isOn("recursive")) return true;
  refuseWithout(args, "recursive", ["delete", "dry-run"]);
  if (args.value("input-file") !== undefined || args.value("output-template") !== undefined) return true;
  if (args.words.filter(isUrl).length > 1) return true;
  refuseForOne(args);
  return false;
}

/** How `get` handles many files, for the help. */
export const MANY_ROWS = [
  [
    "a failure",
    "ends a list of URLs once what runs has ended, unless --keep-going; the exit code is that of the first",
  ],
  [
    "-r",
    "reads netfile, nginx, Apache, Caddy, lighttpd and Python listings; goes on after a failure unless the network failed",
  ],
  ["unchanged", "a file of the same size whose date is within a second; dates are kept"],
  ["left out", "hidden names, quietly; names that would leave DIR or do not fit here, with exit code 6"],
  ["--delete", "leaves hidden names, and does nothing after a failure"],
] as const;

/** How `put` handles several files, and with `-r` a folder, for the help. */
export const PUT_MANY_ROWS = [
  [
    "FILE... URL/",
    "each under its own name; a failure ends the list once what runs has ended, unless --keep-going",
  ],
  ["-r: unchanged", "a file whose size and sha-256 digest the server has is not sent (--force sends it)"],
  [
    "-r: left out",
    "hidden names and links, and says so; names that are not UTF-8, with exit code 6; what the server refuses, with its",
  ],
  ["-r: a failure", "ends nothing, unless the network failed; the exit code is that of the first"],
] as const;

/**
 * Refuses the flags of many files where there is one.
 * @throws {UsageError}
 */
export function refuseForOne(args: StrictArgs): void {
  const name = ["jobs", "keep-going"].find((flag) => args.isOn(flag) || args.value(flag) !== undefined);
  if (name !== undefined) throw new UsageError(`--${name} is for several files; leave it out`);
}

/**
 * Refuses flags that mean something only with another one.
 * @throws {UsageError}
 */
export function refuseWithout(args: StrictArgs, needed: string, names: readonly string[]): void {
  if (args.isOn(needed)) return;
  const name = names.find((flag) => args.isOn(flag) || args.value(flag) !== undefined);
  if (name !== undefined)
    throw new UsageError(`--${name} goes with --${needed}; write both, or leave it out`);
}
