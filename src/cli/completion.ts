/**
 * What a shell completes behind `netfile`: scripts for bash, zsh and fish, made from the definitions that the words are read
 * with. Names of files are the shell's own business.
 */
import type { Command } from "./command.ts";
import { isNegatable, shortFlag } from "./strict-args.ts";
import type { StrictArgDef, ValueDef } from "./strict-args.ts";

export type NamedCommand = { readonly name: string; readonly summary: string; readonly command: Command };

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type ShellName = (typeof SHELLS)[number];

/** Value hints that name something on this machine. */
const FILE_HINTS: ReadonlySet<string> = new Set(["FILE", "DIR", "PATH"]);

/** A flag as a shell sees it. */
type Flag = {
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  /** `undefined` for a switch. */
  readonly value: ValueDef | undefined;
};

const HELP_FLAG: Flag = { long: "--help", short: "-h", description: "show the help", value: undefined };

/** The script that `shell` reads; ends with a line break. */
export function formatCompletion(shell: ShellName, commands: readonly NamedCommand[]): string {
  const lines = { bash: bashLines, zsh: zshLines, fish: fishLines }[shell](commands);
  return `${lines.join("\n")}\n`;
}

/** The flags of a command in the order of its definitions, `--help` last. */
export function listFlags({ command }: Pick<NamedCommand, "command">): readonly Flag[] {
  const flags = Object.entries(command.args).flatMap(([name, definition]) => toFlag(name, definition));
  return [...flags, HELP_FLAG];
}

function toFlag(name: string, definition: StrictArgDef): readonly Flag[] {
  if (definition.type === "positional") return [];
  return [
    {
      long: isNegatable(definition) ? `--no-${name}` : `--${name}`,
      short: shortFlag(definition),
      description: definition.description,
      value: definition.type === "string" ? definition : undefined,
    },
  ];
}

/** The words that may follow by themselves, such as the names of shells. */
function wordChoices({ command }: NamedCommand): readonly string[] {
  const words = Object.values(command.args).filter((definition) => definition.type === "positional");
  return words.flatMap(({ choices }) => choices ?? []);
}

function bashLines(commands: readonly NamedCommand[]): readonly string[] {
  const names = [...commands.map(({ name }) => name), "help", "--help", "--version"].join(" ");
  return [
    "# bash completion for netfile; made by: netfile completion bash",
    "_netfile() {",
    "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}",
    "  # bash takes --flag=value apart at the equals sign.",
    "  if [[ $current == = ]]; then current=; fi",
    "  if [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi",
    "  # An empty answer means names of files, by `complete -o default`.",
    "  COMPREPLY=()",
    "  if [[ $COMP_CWORD -eq 1 ]]; then",
    `    COMPREPLY=($(compgen -W '${names}' -- "$current"))`,
    "    return",
    "  fi",
    "  case ${COMP_WORDS[1]} in",
    ...commands.flatMap(bashCase),
    `    help) COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(" ")}' -- "$current")) ;;`,
    "  esac",
    "}",
    "complete -o default -F _netfile netfile",
  ];
}

function bashCase(named: NamedCommand): readonly string[] {
  const flags = listFlags(named);
  const values = flags.flatMap(bashValue);
  const choices = wordChoices(named).join(" ");
  const names = flags.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short])).join(" ");
  const words = `COMPREPLY=($(compgen -W '${choices}' -- "$current"))`;
  return [
    `    ${named.name})`,
    ...(values.length === 0 ? [] : ["      case $previous in", ...values, "      esac"]),
    `      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W '${names}' -- "$current"))`,
    ...(choices === "" ? [] : [`      else ${words}`]),
    "      fi ;;",
  ];
}

function bashValue({ long, short, value }: Flag): readonly string[] {
  if (value === undefined || value.bareValue !== undefined) return [];
  const pattern = short === undefined ? long : `${long}|${short}`;
  if (value.choices === undefined) return [`        ${pattern}) return ;;`];
  const words = value.choices.join(" ");
  return [`        ${pattern}) COMPREPLY=($(compgen -W '${words}' -- "$current")); return ;;`];
}

function zshLines(commands: readonly NamedCommand[]): readonly string[] {
  return [
    "#compdef netfile",
    "# zsh completion for netfile; made by: netfile completion zsh",
    "_netfile() {",
    "  local context state state_descr line",
    "  typeset -A opt_args",
    "  _arguments -C '1:command:->command' '*::word:->words'",
    "  case $state in",
    "    command)",
    "      local -a commands",
    "      commands=(",
    ...commands.map(({ name, summary }) => `        ${quoted(`${name}:${summary}`)}`),
    "      )",
    "      _describe command commands ;;",
    "    words)",
    "      case $line[1] in",
    ...commands.flatMap(zshCase),
    "      esac ;;",
    "  esac",
    "}",
    'if [[ $funcstack[1] == _netfile ]]; then _netfile "$@"; else compdef _netfile netfile; fi',
  ];
}

function zshCase(named: NamedCommand): readonly string[] {
  const choices = wordChoices(named);
  const words = choices.length === 0 ? "*:word:_files" : `*:word:(${choices.join(" ")})`;
  const specs = [...listFlags(named).flatMap(zshSpecs), words].map((spec) => `          ${quoted(spec)}`);
  return [`        ${named.name}) _arguments -s \\`, `${specs.join(" \\\n")} ;;`];
}

function zshSpecs({ long, short, description, value }: Flag): readonly string[] {
  const text = `[${description.replaceAll(/[[\]\\:]/g, "\\$&")}]`;
  const forms = short === undefined ? [long] : [short, long];
  const before = value?.isRepeatable === true ? "*" : `(${forms.join(" ")})`;
  return forms.map((form) => {
    if (value === undefined) return `${before}${form}${text}`;
    const isOptional = value.bareValue !== undefined;
    const joint = form.startsWith("--") ? (isOptional ? "=-" : "=") : "+";
    const hint = value.valueHint.replaceAll(/[\\:]/g, "\\$&");
    return `${before}${form}${joint}${text}${isOptional ? "::" : ":"}${hint}:${zshAction(value)}`;
  });
}

function zshAction({ choices, valueHint }: ValueDef): string {
  if (choices !== undefined) return `(${choices.join(" ")})`;
  return FILE_HINTS.has(valueHint) ? "_files" : "";
}

function fishLines(commands: readonly NamedCommand[]): readonly string[] {
  const first = "complete -c netfile -n __fish_use_subcommand -f";
  return [
    "# fish completion for netfile; made by: netfile completion fish",
    ...commands.map(({ name, summary }) => `${first} -a ${name} -d ${fishQuoted(summary)}`),
    ...commands.flatMap(fishCase),
  ];
}

function fishCase(named: NamedCommand): readonly string[] {
  const begin = `complete -c netfile -n '__fish_seen_subcommand_from ${named.name}'`;
  const flags = listFlags(named).map(({ long, short, description, value }) => {
    const names = short === undefined ? `-l ${long.slice(2)}` : `-s ${short.slice(1)} -l ${long.slice(2)}`;
    return `${begin} ${names}${fishValue(value)} -d ${fishQuoted(description)}`;
  });
  const choices = wordChoices(named);
  return choices.length === 0 ? flags : [...flags, `${begin} -f -a ${fishQuoted(choices.join(" "))}`];
}

function fishValue(value: ValueDef | undefined): string {
  if (value === undefined || value.bareValue !== undefined) return "";
  if (value.choices !== undefined) return ` -x -a ${fishQuoted(value.choices.join(" "))}`;
  return FILE_HINTS.has(value.valueHint) ? " -r -F" : " -x";
}

/** In single quotes, for bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
