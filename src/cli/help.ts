/**
 * The `--help` of netfile and of its commands, made from the same definitions that the words are read with.
 */
import { EXIT_CODE_LINES } from "./exit.ts";
import { isNegatable, shortFlag } from "./strict-args.ts";
import type { StrictArgDef, StrictArgsDef } from "./strict-args.ts";
import type { Colors } from "./terminal.ts";

/** The help never gets wider, so that it fits the usual terminal. */
const HELP_COLUMNS = 80;

type Row = readonly [term: string, text: string];

/** What a help text says beside its flags. */
export type HelpText = {
  /** One sentence without a full stop. */
  readonly summary: string;
  /** The forms of the command line. */
  readonly usage: readonly string[];
  readonly sections: readonly { readonly title: string; readonly rows: readonly Row[] }[];
  /** A command line, and what it does. */
  readonly examples: readonly Row[];
  /** Whether the exit codes are listed. */
  readonly showsExitCodes: boolean;
};

/** Formats the whole help, with a line break at its end. */
export function formatHelp(help: HelpText, definitions: StrictArgsDef, colors: Colors): string {
  const entries = Object.entries(definitions);
  const words = entries.filter(([, definition]) => definition.type === "positional");
  const flags = entries.filter(([, definition]) => definition.type !== "positional");
  const blocks = [
    wrap(help.summary, HELP_COLUMNS).join("\n"),
    [colors.bold("Usage"), ...help.usage.map((line) => `  ${line}`)].join("\n"),
    formatRows("Words", words.map(wordRow), colors),
    formatRows("Options", [...flags.map(flagRow), ["-h, --help", "show this text"]], colors),
    ...help.sections.map(({ title, rows }) => formatRows(title, rows, colors)),
    formatExamples(help.examples, colors),
    help.showsExitCodes ? formatRows("Exit codes", EXIT_CODE_LINES, colors) : "",
  ];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

function wordRow([name, definition]: readonly [string, StrictArgDef]): Row {
  return [name.toUpperCase(), definition.description];
}

function flagRow([name, definition]: readonly [string, StrictArgDef]): Row {
  const short = shortFlag(definition);
  const long = isNegatable(definition) ? `--no-${name}` : `--${name}`;
  const forms = short === undefined ? `    ${long}` : `${short}, ${long}`;
  return [`${forms}${valueHint(definition)}`, definition.description];
}

function valueHint(definition: StrictArgDef): string {
  if (definition.type !== "string") return "";
  const hint = definition.valueHint;
  return definition.bareValue === undefined ? ` ${hint}` : `[=${hint}]`;
}

/** Formats a titled list in two columns, within 80; a term that is too wide gets a line of its own. Empty for no rows. */
export function formatRows(title: string, rows: readonly Row[], colors: Colors): string {
  if (rows.length === 0) return "";
  const width = Math.min(26, Math.max(...rows.map(([term]) => term.length)));
  const indent = " ".repeat(width + 4);
  const lines = rows.flatMap(([term, text]) => {
    const [first = "", ...rest] = wrap(text, HELP_COLUMNS - indent.length);
    const shownTerm = colors.cyan(term);
    const padding = " ".repeat(Math.max(0, width - term.length));
    const begin =
      term.length > width ? [`  ${shownTerm}`, `${indent}${first}`] : [`  ${shownTerm}${padding}  ${first}`];
    return [...begin, ...rest.map((line) => `${indent}${line}`)];
  });
  return [colors.bold(title), ...lines].join("\n");
}

function formatExamples(examples: readonly Row[], colors: Colors): string {
  if (examples.length === 0) return "";
  const lines = examples.flatMap(([command, text]) => [`  ${colors.cyan(command)}`, `      ${text}`]);
  return [colors.bold("Examples"), ...lines].join("\n");
}

/** Breaks `text` at spaces into lines of at most `columns`. */
function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
