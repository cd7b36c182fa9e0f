/**
 * Completion in the shell: verbs, names on the server, names on this machine.
 */
import { readdirSync } from "node:fs";
import { resolve } from "node:path";

import type { RemoteEntry } from "../client/remote-entry.ts";
import { resolveRemotePath, SHELL_VERBS } from "./shell-command.ts";
import { quoteRest, splitTyped } from "./shell-words.ts";

/** What the completion knows of the shell. */
export type CompletionSource = {
  readonly folder: string;
  readonly localFolder: string;
  /** What the folder on the server at `path` holds, asked for if it is not known yet; nothing when it can't be told. */
  readonly entriesOf: (path: string) => Promise<readonly RemoteEntry[]>;
};

/** Verbs whose first word is a file of this machine; that of all others is one of the server's. */
const LOCAL_FIRST: ReadonlySet<string> = new Set(["put", "post", "lcd"]);

/**
 * Completes the last word of `line`, inside of quotes too.
 * @returns the words it can become, and the part of the line they replace, as node:readline wants them.
 */
export async function completeLine(
  line: string,
  source: CompletionSource,
): Promise<[completions: string[], part: string]> {
  const typedLine = splitTyped(line);
  if (typedLine === undefined) return [[], ""];
  const { words, typed, part, quote } = typedLine;
  const names = words.filter((word) => !/^-./.test(word));
  const [verb] = names;
  if (verb === undefined)
    return [startingWith(SHELL_VERBS, typed.toLowerCase()).map((word) => `${word} `), part];
  const isLocal = LOCAL_FIRST.has(verb.toLowerCase()) === (names.length === 1);
  const found = isLocal ? localNames(typed, source) : await remoteNames(typed, source);
  const completions = startingWith(found, typed).map((name) => {
    const end = quote === undefined || name.endsWith("/") ? "" : quote;
    return `${part}${quoteRest(name.slice(typed.length), quote)}${end}`;
  });
  return [completions, part];
}

async function remoteNames(
  typed: string,
  { folder, entriesOf }: CompletionSource,
): Promise<readonly string[]> {
  const typedFolder = typed.slice(0, typed.lastIndexOf("/") + 1);
  const entries = await entriesOf(resolveRemotePath(folder, typedFolder === "" ? "." : typedFolder));
  return entries
    .filter(({ name }) => isPlain(name))
    .map(({ name, kind }) => inFolder(typedFolder, `${name}${kind === "folder" ? "/" : ""}`));
}

function localNames(typed: string, { localFolder }: CompletionSource): readonly string[] {
  const typedFolder = typed.slice(0, typed.lastIndexOf("/") + 1);
  try {
    return readdirSync(resolve(localFolder, typedFolder === "" ? "." : typedFolder), { withFileTypes: true })
      .filter(({ name }) => isPlain(name))
      .map((entry) => inFolder(typedFolder, `${entry.name}${entry.isDirectory() ? "/" : ""}`));
  } catch {
    return [];
  }
}

/** A name that begins with a dash would be read as a flag. */
function inFolder(folder: string, name: string): string {
  return folder === "" && name.startsWith("-") ? `./${name}` : folder + name;
}

/** SECURITY: readline prints completions as they are; a name with control characters would steer the terminal. */
function isPlain(name: string): boolean {
  return !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(name);
}

function startingWith(words: readonly string[], begin: string): readonly string[] {
  return words.filter((word) => word.startsWith(begin));
}
