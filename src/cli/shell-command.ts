/**
 * What can be said in the shell: words → a command.
 */
import { printable } from "../base/printable.ts";
import { UsageError } from "./exit.ts";
import { findNearestWord } from "./nearest-word.ts";

export type ShellCommand =
  | { readonly kind: "get"; readonly path: string; readonly destination: string | undefined }
  | { readonly kind: "put" | "post"; readonly file: string; readonly path: string | undefined }
  | { readonly kind: "ls" | "cd"; readonly path: string | undefined }
  | { readonly kind: "lcd"; readonly folder: string | undefined }
  | { readonly kind: "info" | "help" | "quit" };

type Verb = {
  readonly usage: string;
  readonly summary: string;
  readonly words: readonly [least: number, most: number];
  readonly make: (words: readonly string[]) => ShellCommand;
};

/** Words that count: the numbers in `words` make sure that those used here are there. */
const VERBS: Readonly<Record<string, Verb>> = {
  get: {
    usage: "get [PATH] [DEST]",
    summary: 'fetch PATH and save it here, or as DEST ("-" prints it); no PATH: the default page',
    words: [0, 2],
    make: ([path = ".", destination]) => ({ kind: "get", path, destination }),
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
 * @throws {UsageError} on an unknown verb, a missing word or one too many.
 */
export function parseShellCommand(words: readonly string[]): ShellCommand {
  const [first = "", ...rest] = words;
  const name = first.toLowerCase();
  const verb = lookUp(VERBS, lookUp(ALIASES, name) ?? name);
  if (verb === undefined) throw unknownVerb(first);
  const [least, most] = verb.words;
  if (rest.length < least) throw new UsageError(`A word is missing; write: ${verb.usage}`);
  const extra = rest[most];
  if (extra !== undefined)
    throw new UsageError(`The word "${printable(extra)}" is one too many; write: ${verb.usage}`);
  if (rest.includes("")) throw new UsageError(`An empty word means nothing here; write: ${verb.usage}`);
  return verb.make(rest);
}

function unknownVerb(word: string): UsageError {
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
