/**
 * What can be said in the shell: words → a command.
 */
import { printable } from "../base/printable.ts";
import { UsageError } from "./exit.ts";
import { findHabit, shellHabits } from "./habits.ts";
import { findNearestWord } from "./nearest-word.ts";
import { isUrl } from "./remote-words.ts";

export type ShellCommand =
  | {
      readonly kind: "get";
      readonly path: string;
      readonly destination: string | undefined;
      /** Replace a local file. */
      readonly isForced: boolean;
    }
  | { readonly kind: "put" | "post"; readonly file: string; readonly path: string | undefined }
  | { readonly kind: "ls" | "cd"; readonly path: string | undefined }
  | { readonly kind: "lcd"; readonly folder: string | undefined }
  | { readonly kind: "info" | "help" | "quit" };

type Verb = {
  readonly usage: string;
  readonly summary: string;
  readonly words: readonly [least: number, most: number];
  /** Whether `-f` or `--force` may stand among its words. */
  readonly takesForce?: true;
  readonly make: (words: readonly string[], flags: { readonly isForced: boolean }) => ShellCommand;
};

/** Words that count: the numbers in `words` make sure that those used here are there. */
const VERBS: Readonly<Record<string, Verb>> = {
  get: {
    usage: "get [PATH] [DEST]",
    summary:
      'fetch PATH and save it here, or as DEST ("-" prints it); no PATH: the default page; -f replaces a file',
    words: [0, 2],
    takesForce: true,
    make: ([path = ".", destination], { isForced }) => ({ kind: "get", path, destination, isForced }),
  },
  put: {
    usage: "put FILE [PATH]",
    summary: "send FILE with PUT; it gets its own name, or PATH",
    words: [1, 2],
    make: ([file = "", path]) => ({ kind: "put", file, path }),
  },
  post: {
    usage: "post FILE [PATH]",
    summary: "the same with POST",
    words: [1, 2],
    make: ([file = "", path]) => ({ kind: "post", file, path }),
  },
  ls: {
    usage: "ls [PATH]",
    summary: "list a folder there",
    words: [0, 1],
    make: ([path]) => ({ kind: "ls", path }),
  },
  cd: {
    usage: "cd [PATH]",
    summary: "go to a folder there; without PATH to the top",
    words: [0, 1],
    make: ([path]) => ({ kind: "cd", path }),
  },
  lcd: {
    usage: "lcd [DIR]",
    summary: "go to a folder here; without DIR say which it is",
    words: [0, 1],
    make: ([folder]) => ({ kind: "lcd", folder }),
  },
  info: {
    usage: "info",
    summary: "the connection's parameters",
    words: [0, 0],
    make: () => ({ kind: "info" }),
  },
  help: { usage: "help", summary: "this text", words: [0, 0], make: () => ({ kind: "help" }) },
  quit: {
    usage: "quit",
    summary: "the end; so do exit and Ctrl-D",
    words: [0, 0],
    make: () => ({ kind: "quit" }),
  },
};

const ALIASES: Readonly<Record<string, string>> = { exit: "quit", bye: "quit", dir: "ls", "?": "help" };

/** The verbs as they are typed. */
export const SHELL_VERBS: readonly string[] = [...Object.keys(VERBS), "exit"];

/** Rows of the help: how a verb is written, and what it does. */
export const SHELL_ROWS: readonly (readonly [usage: string, summary: string])[] = Object.values(VERBS).map(
  ({ usage, summary }) => [usage, summary],
);

/**
 * Reads a command; verbs may be written in capitals, as in `GET server/a.txt`.
 *
 * @param words not empty.
 * @throws {UsageError} on an unknown verb or flag, a missing word or one too many.
 */
export function parseShellCommand(words: readonly string[]): ShellCommand {
  const [first = "", ...following] = words;
  const name = first.toLowerCase();
  const verb = lookUp(VERBS, lookUp(ALIASES, name) ?? name);
  if (verb === undefined) throw unknownVerb(first);
  const { rest, isForced } = takeFlags(following, verb);
  const [least, most] = verb.words;
  if (rest.length < least) throw new UsageError(`A word is missing; write: ${verb.usage}`);
  const extra = rest[most];
  if (extra !== undefined)
    throw new UsageError(`The word "${printable(extra)}" is one too many; write: ${verb.usage}`);
  if (rest.includes("")) throw new UsageError(`An empty word means nothing here; write: ${verb.usage}`);
  const url = rest.find(isUrl);
  if (url !== undefined) {
    const path = url.replace(/^[^/]*\/\/[^/]*/, "");
    throw new UsageError(
      `The shell stays with one server; leave the beginning of the URL out: ${name} ${printable(path === "" ? "/" : path)}`,
    );
  }
  return verb.make(rest, { isForced });
}

/** Takes the flags out of the words; behind `--` a word is a name, whatever it begins with. */
function takeFlags(
  words: readonly string[],
  { usage, takesForce }: Verb,
): { readonly rest: readonly string[]; readonly isForced: boolean } {
  const end = words.indexOf("--");
  const before = end === -1 ? words : words.slice(0, end);
  const [flags, names] = [before.filter(isFlag), before.filter((word) => !isFlag(word))];
  for (const flag of flags) {
    if (takesForce === true && (flag === "-f" || flag === "--force")) continue;
    const [verb = ""] = usage.split(" ");
    throw new UsageError(
      `There is no flag "${printable(flag)}" for ${verb}; a name that begins with "-" is written behind "--"`,
    );
  }
  return { rest: end === -1 ? names : [...names, ...words.slice(end + 1)], isForced: flags.length > 0 };
}

/** A single `-` is a word: it stands for standard output. */
function isFlag(word: string): boolean {
  return word.startsWith("-") && word !== "-";
}

function unknownVerb(word: string): UsageError {
  const instead = findHabit(shellHabits(), word.toLowerCase());
  if (instead !== undefined) return new UsageError(`There is no command "${printable(word)}"; ${instead}`);
  const meant = findNearestWord(word, SHELL_VERBS);
  const hint = meant === undefined ? 'write "help" for those there are' : `did you mean "${meant}"?`;
  return new UsageError(`There is no command "${printable(word)}"; ${hint}`);
}

function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/**
 * Resolves a path on the server against the folder the shell is in.
 *
 * @param folder begins and ends with a slash.
 * @returns a path without `.` and `..`; it ends with a slash when it was said to be a folder.
 */
export function resolveRemotePath(folder: string, path: string): string {
  const whole = path.startsWith("/") ? path : folder + path;
  const names: string[] = [];
  for (const name of whole.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  const isFolder = /(?:^|\/)\.{0,2}$/.test(whole);
  return names.length === 0 ? "/" : `/${names.join("/")}${isFolder ? "/" : ""}`;
}
