/**
 * Completion in the shell: verbs, names on the server that a listing has shown, names on this machine.
 */
import { readdirSync } from "node:fs";
import { resolve } from "node:path";

import type { RemoteEntry } from "../client/remote-folder.ts";
import { resolveRemotePath, SHELL_VERBS } from "./shell-command.ts";
import { quoteWord, splitWords } from "./shell-words.ts";

/** What the completion knows of the shell. */
export type CompletionSource = {
  readonly folder: string;
  readonly localFolder: string;
  readonly knownEntries: (path: string) => readonly RemoteEntry[];
};

/** Verbs whose first word is a file of this machine; that of all others is one of the server's. */
const LOCAL_FIRST: ReadonlySet<string> = new Set(["put", "post", "lcd"]);

/**
 * Completes the last word of `line`.
 * @returns the words it can become, and the part of the line they replace, as node:readline wants them.
 */
export function completeLine(line: string, source: CompletionSource): [completions: string[], part: string] {
  const part = /(?:\\.|[^\s\\])*$/.exec(line)?.[0] ?? "";
  const words = readableWords(line.slice(0, line.length - part.length));
  const typedWords = readableWords(part);
  // A quote is open: what would be put in might not fit.
  if (words === undefined || typedWords === undefined) return [[], part];
  const [typed = ""] = typedWords;
  const [verb] = words;
  if (verb === undefined)
    return [startingWith(SHELL_VERBS, typed.toLowerCase()).map((word) => `${word} `), part];
  const isLocal = LOCAL_FIRST.has(verb.toLowerCase()) === (words.length === 1);
  const names = isLocal ? localNames(typed, source) : remoteNames(typed, source);
  return [startingWith(names, typed).map(quoteWord), part];
}

function readableWords(text: string): readonly string[] | undefined {
  try {
    return splitWords(text);
  } catch {
    return undefined;
  }
}

function remoteNames(typed: string, { folder, knownEntries }: CompletionSource): readonly string[] {
  const typedFolder = typed.slice(0, typed.lastIndexOf("/") + 1);
  return knownEntries(resolveRemotePath(folder, typedFolder === "" ? "." : typedFolder))
    .filter(({ name }) => isPlain(name))
    .map(({ name, kind }) => `${typedFolder}${name}${kind === "folder" ? "/" : ""}`);
}

function localNames(typed: string, { localFolder }: CompletionSource): readonly string[] {
  const typedFolder = typed.slice(0, typed.lastIndexOf("/") + 1);
  try {
    return readdirSync(resolve(localFolder, typedFolder === "" ? "." : typedFolder), { withFileTypes: true })
      .filter(({ name }) => isPlain(name))
      .map((entry) => `${typedFolder}${entry.name}${entry.isDirectory() ? "/" : ""}`);
  } catch {
    return [];
  }
}

/** SECURITY: readline prints completions as they are; a name with control characters would steer the terminal. */
function isPlain(name: string): boolean {
  return !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(name);
}

function startingWith(words: readonly string[], begin: string): readonly string[] {
  return words.filter((word) => word.startsWith(begin));
}
