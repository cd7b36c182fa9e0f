/**
 * wrk, the load generator: the script that tells it what to ask for, and what it says at the end.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a load did, whoever made it. */
export type LoadResult = {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers that were none, or not of 2xx and 3xx. */
  readonly failures: number;
};

/** Requests for `/FOLDER/0.txt` to `/FOLDER/COUNT-1.txt`, in turn. */
export type Requests = {
  readonly folder: string;
  readonly count: number;
  readonly connections: number;
  /** Whether each request has a connection of its own. */
  readonly closes: boolean;
  /** The value of If-None-Match for each path; empty for none. */
  readonly tags: readonly string[];
};

/** Requests that are made over and over, for so long. */
export type Load = Requests & { readonly seconds: number };

/** Runs wrk on the server at `port` with one thread. */
export async function runWrk(
  program: string,
  port: number,
  load: Load,
  scratch: string,
): Promise<LoadResult> {
  const script = join(scratch, "load.lua");
  writeFileSync(script, formatWrkScript(load));
  const words = ["-t1", `-c${load.connections}`, `-d${Math.max(1, Math.round(load.seconds))}s`, "--latency"];
  const child = Bun.spawn([program, ...words, "-s", script, `http://127.0.0.1:${port}/`], {
    stdout: "pipe",
    stderr: "ignore",
  });
  const text = await child.stdout.text();
  const result = parseWrkOutput(text);
  if (result === undefined) throw new Error(`wrk said something else than usual:\n${text}`);
  return result;
}

/** Formats the script: every request is built before the first is sent. */
export function formatWrkScript({ folder, count, closes, tags }: Load): string {
  const list = tags.map((tag) => JSON.stringify(tag)).join(", ");
  return `local requests, turn, tags = {}, 0, { ${list} }
function init(args)
  for i = 0, ${count - 1} do
    local headers = { Host = wrk.headers["Host"] }
    ${closes ? 'headers["Connection"] = "close"' : ""}
    if tags[i + 1] then headers["If-None-Match"] = tags[i + 1] end
    requests[i + 1] = wrk.format("GET", "/${folder}/" .. i .. ".txt", headers)
  end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
`;
}

/** Reads what wrk prints with `--latency`; `undefined` when it is something else. */
export function parseWrkOutput(text: string): LoadResult | undefined {
  const [, requests, seconds, bytes] = /(\d+) requests in ([\d.]+\w+), ([\d.]+\w+) read/.exec(text) ?? [];
  const p50Us = parseWrkTime(/^\s+50%\s+(\S+)/m.exec(text)?.[1]);
  const p99Us = parseWrkTime(/^\s+99%\s+(\S+)/m.exec(text)?.[1]);
  const durationUs = parseWrkTime(seconds);
  const size = parseWrkSize(bytes);
  if (requests === undefined || size === undefined) return undefined;
  if (durationUs === undefined || p50Us === undefined || p99Us === undefined) return undefined;
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text) ?? [];
  const broken = errors.slice(1).reduce((sum, count) => sum + Number(count), 0);
  return {
    requests: Number(requests),
    bytes: size,
    seconds: durationUs / 1e6,
    p50Us,
    p99Us,
    failures: refused + broken,
  };
}

const TIME_UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6 };
const SIZE_UNITS: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };

/** `1.23ms` in µs. */
function parseWrkTime(text: string | undefined): number | undefined {
  return parseQuantity(text, TIME_UNITS);
}

/** `1.23GB` in bytes. */
function parseWrkSize(text: string | undefined): number | undefined {
  return parseQuantity(text, SIZE_UNITS);
}

function parseQuantity(
  text: string | undefined,
  units: Readonly<Record<string, number>>,
): number | undefined {
  const [, value, unit] = /^([\d.]+)([A-Za-z]+)$/.exec(text ?? "") ?? [];
  const factor = units[unit ?? ""];
  return value === undefined || factor === undefined ? undefined : Number(value) * factor;
}
