/**
 * What was measured, as Markdown.
 */
import type { Machine } from "./machine.ts";
import { formatNumber, ratioOf } from "./results.ts";
import type { RowResult } from "./results.ts";

export type ReportFacts = {
  readonly machine: Machine;
  /** How it was run: rounds, seconds. */
  readonly manner: string;
  /** Name, version and configuration of each server. */
  readonly servers: readonly { readonly name: string; readonly version: string; readonly note: string }[];
  readonly rows: readonly RowResult[];
  /** File name of the chart, beside the report. */
  readonly chart: string;
};

/** Formats the whole report. */
export function formatReport({ machine, manner, servers, rows, chart }: ReportFacts): string {
  return [
    "# What netfile costs, beside others",
    "",
    "Written by `bun run bench`. Figures of one run on one machine: the ratios tell more than the numbers, and your own",
    "machine tells more than this one.",
    "",
    `![CPU time relative to nginx, per row](${chart})`,
    "",
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}; ${machine.date}; ${manner}.`,
    "Server and client share the machine, over loopback; files come from the page cache. CPU is that of all processes of",
    "the server (user and system); medians of rounds in which the servers take turns.",
    "",
    ...formatTable(
      ["server", "version", "configuration"],
      servers.map(({ name, version, note }) => [name, version, note]),
    ),
    "",
    ...formatSummary(rows),
    ...rows.flatMap((row) => ["", `## ${row.title}`, "", ...formatRow(row)]),
    "",
  ].join("\n");
}

/** One line for each row: how netfile and the others compare with the reference. */
function formatSummary(rows: readonly RowResult[]): readonly string[] {
  const subjects = [...new Set(rows.flatMap(({ results }) => results.map(({ subject }) => subject)))];
  const lines = rows.map((row) => [
    row.title,
    row.metrics[0]?.title ?? "",
    ...subjects.map((subject) => formatRatio(ratioOf(row, subject))),
  ]);
  return formatTable(["less is better; 1.00 is what is compared with", "of", ...subjects], lines);
}

/** Formats the table of a row, with the ratio of its first metric. */
export function formatRow(row: RowResult): readonly string[] {
  const heads = row.metrics.map(({ title }) => title);
  const lines = row.results.map(({ subject, values }) => [
    subject,
    formatRatio(ratioOf(row, subject)),
    ...row.metrics.map(({ key, format }) => (values[key] === undefined ? "" : format(values[key]))),
  ]);
  return formatTable(["", `× ${row.reference}`, ...heads], lines);
}

/** `0.84`; empty when unknown. */
function formatRatio(ratio: number | undefined): string {
  if (ratio === undefined) return "";
  return ratio < 10 ? ratio.toFixed(2) : formatNumber(ratio);
}

/** Formats a table in Markdown whose columns line up in plain text as well. */
export function formatTable(
  head: readonly string[],
  lines: readonly (readonly string[])[],
): readonly string[] {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...lines].map((line) => line[column]?.length ?? 0)),
  );
  const formatLine = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(cells[column] ?? "", width, column)).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [formatLine(head), `| ${rule.join(" | ")} |`, ...lines.map(formatLine)];
}

/** Names to the left, numbers to the right. */
function pad(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}
