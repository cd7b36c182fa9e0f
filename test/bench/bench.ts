/**
 * The benchmark: `bun run bench`. Starts netfile and whichever other servers are installed, asks them in turn for the
 * same things, and compares. Linux only, since CPU time and memory come from /proc.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { netfileBinary } from "../support/netfile-binary.ts";
import { BENCH_HELP, BenchUsageError, isAskedFor, readBenchFlags } from "./bench-flags.ts";
import type { BenchFlags } from "./bench-flags.ts";
import type { BenchContext, BenchRow, Installed } from "./bench-context.ts";
import { drawChart } from "./chart.ts";
import { CLIENT_ROWS } from "./client-rows.ts";
import { FULL_SIZES, makeCorpus, QUICK_SIZES } from "./corpus.ts";
import type { Sizes } from "./corpus.ts";
import { FIRST_ROW } from "./first-row.ts";
import { IDLE_ROW } from "./idle-row.ts";
import { LARGE_ROWS } from "./large-rows.ts";
import { listingRows } from "./listing-rows.ts";
import { LossyLink } from "./lossy-link.ts";
import { LOSSY_ROW } from "./lossy-row.ts";
import { askVersion, describeMachine } from "./machine.ts";
import { formatReport, formatRow } from "./report.ts";
import type { RowResult } from "./results.ts";
import { RunningServer } from "./running-server.ts";
import { NETFILE, OTHER_KINDS } from "./server-kinds.ts";
import { SMALL_ROWS } from "./small-rows.ts";
import { START_ROWS } from "./start-rows.ts";

if (import.meta.main) {
  try {
    await main(readBenchFlags(Bun.argv.slice(2)));
  } catch (error) {
    if (!(error instanceof BenchUsageError)) throw error;
    console.error(`${error.message}\n\n${BENCH_HELP}`);
    process.exitCode = 2;
  }
}

async function main(flags: BenchFlags): Promise<void> {
  if (flags.wantsHelp) {
    console.log(BENCH_HELP);
    return;
  }
  if (process.platform !== "linux")
    throw new BenchUsageError("The benchmark reads /proc: it runs on Linux only");
  const sizes = flags.isQuick ? QUICK_SIZES : FULL_SIZES;
  const rows = allRows(sizes).filter(({ name }) => isAskedFor(name, flags.only));
  if (rows.length === 0) {
    const names = allRows(sizes).map(({ name }) => name);
    throw new BenchUsageError(`There is no such row; there are ${names.join(", ")}`);
  }
  const folder = mkdtempSync(join(tmpdir(), "netfile-bench-"));
  endOnSignals(folder);
  try {
    const context = await prepare(flags, sizes, folder);
    const results = await measureRows(rows, context);
    if (flags.out !== undefined) writeReport(flags.out, flags, context, results);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ctrl-C leaves no server and no gigabyte behind. */
function endOnSignals(folder: string): void {
  const end = (): void => {
    RunningServer.killAll();
    LossyLink.killAll();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
}

function allRows(sizes: Sizes): readonly BenchRow[] {
  return [
    ...SMALL_ROWS,
    FIRST_ROW,
    ...LARGE_ROWS,
    IDLE_ROW,
    ...listingRows(sizes.listings),
    ...START_ROWS,
    ...CLIENT_ROWS,
    LOSSY_ROW,
  ];
}

function tell(text: string): void {
  console.error(text);
}

async function prepare(flags: BenchFlags, sizes: Sizes, folder: string): Promise<BenchContext> {
  tell("Building netfile, making files");
  const netfile = flags.netfile ?? (await netfileBinary());
  const root = join(folder, "root");
  makeCorpus(root, sizes);
  return {
    installed: [{ kind: NETFILE, program: netfile }, ...findInstalled()],
    netfile,
    root,
    scratch: folder,
    sizes,
    rounds: flags.rounds,
    seconds: flags.seconds,
    tell,
  };
}

function findInstalled(): readonly Installed[] {
  return OTHER_KINDS.flatMap((kind) => {
    const program = kind.programs.map((name) => Bun.which(name)).find((path) => path !== null);
    return program === undefined || program === null ? [] : [{ kind, program }];
  });
}

async function measureRows(rows: readonly BenchRow[], context: BenchContext): Promise<readonly RowResult[]> {
  const results: RowResult[] = [];
  for (const row of rows) {
    try {
      const result = await row.measure(context);
      results.push(result);
      console.log([`\n${result.title}`, ...formatRow(result), ""].join("\n"));
    } catch (error) {
      context.tell(`${row.name} is left out: ${String(error)}`);
    }
  }
  return results;
}

function writeReport(
  path: string,
  { rounds, seconds }: BenchFlags,
  { installed }: BenchContext,
  rows: readonly RowResult[],
): void {
  const chart = path.endsWith("RESULTS.md") ? path.replace(/RESULTS\.md$/, "results.svg") : `${path}.svg`;
  const report = formatReport({
    machine: describeMachine(),
    manner: `${rounds} rounds, loads of ${seconds} s each`,
    servers: installed.map(({ kind, program }) => ({
      name: kind.name,
      version: askVersion(program, kind.versionWords),
      note: kind.note,
    })),
    rows,
    chart: basename(chart),
  });
  writeFileSync(path, report);
  writeFileSync(chart, drawChart(rows));
  console.log(`Written to ${path} and ${chart}`);
}
