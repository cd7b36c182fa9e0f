/**
 * The man page, made from the definitions that the words are read with, and from the help (man(7)).
 */
import type { NamedCommand } from "./completion.ts";
import { listFlags } from "./completion.ts";
import { EXIT_CODE_LINES } from "./exit.ts";

type Row = readonly [term: string, text: string];

const ENVIRONMENT_ROWS: readonly Row[] = [
  ["NO_COLOR", "set to anything: no colours"],
  ["FORCE_COLOR", "set, and not to 0: colours also into a pipe"],
  ["NETFILE_DEBUG", "set: unexpected errors show their stack"],
  ["NETFILE_PASSWORD", "the password for --user NAME"],
  ["NETRC", "the file that --netrc reads (~/.netrc)"],
  ["http_proxy, no_proxy", "the proxy for get, put and shell, and the hosts that are reached directly"],
  ["XDG_STATE_HOME", "where the shell's history and unfinished uploads are kept (~/.local/state)"],
];

/** Formats `netfile(1)`; ends with a line break. */
export function formatManPage(version: string, commands: readonly NamedCommand[]): string {
  const lines = [
    `.TH NETFILE 1 "" "netfile ${escapeRoff(version)}" "User Commands"`,
    ".SH NAME",
    "netfile \\- serves a folder over HTTP and fetches from one",
    ".SH SYNOPSIS",
    ...commands.flatMap(({ command }) => command.help.usage.flatMap((usage) => [textLine(usage), ".br"])),
    ".SH COMMANDS",
    ...rows(commands.map(({ name, summary }) => [name, summary])),
    ...commands.flatMap(commandLines),
    ".SH EXIT STATUS",
    ...rows(EXIT_CODE_LINES),
    ".SH ENVIRONMENT",
    ...rows(ENVIRONMENT_ROWS),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines(named: NamedCommand): readonly string[] {
  const { help, args } = named.command;
  const words = Object.entries(args).filter(([, { type }]) => type === "positional");
  return [
    `.SH ${textLine(`netfile ${named.name}`.toUpperCase())}`,
    textLine(`${help.summary}.`),
    ...rows(words.map(([name, { description }]) => [name.toUpperCase(), description])),
    ...rows(listFlags(named).map(flagRow)),
    ...help.sections.flatMap((section) => [`.SS ${textLine(section.title)}`, ...rows(section.rows)]),
    ...(help.examples.length === 0 ? [] : [".SS Examples", ...rows(help.examples)]),
  ];
}

function flagRow({ long, short, description, value }: ReturnType<typeof listFlags>[number]): Row {
  const names = short === undefined ? long : `${short}, ${long}`;
  if (value === undefined) return [names, description];
  const hint = value.bareValue === undefined ? ` ${value.valueHint}` : `[=${value.valueHint}]`;
  return [`${names}${hint}`, description];
}

function rows(items: readonly Row[]): readonly string[] {
  return items.flatMap(([term, text]) => [".TP", `\\fB${escapeRoff(term)}\\fR`, textLine(text)]);
}

/** A line of text: one that begins with a dot or a quote would be a request. */
function textLine(text: string): string {
  const escaped = escapeRoff(text);
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** A hyphen as it is typed, a backslash as a character. */
function escapeRoff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("`", "\\(ga")
    .replaceAll("'", "\\(aq");
}
