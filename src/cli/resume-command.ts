/**
 * The command that goes on with an interrupted transfer, as a person types it.
 */
import { formatRemoteUrl, type RemoteUrl } from "../client/origin.ts";

/** `netfile get URL PATH`; the path is left out where it is the default one. */
export function resumeCommand(url: RemoteUrl, path: string): string {
  return joinWords(["netfile", "get", formatRemoteUrl(url), ...(path === "." ? [] : [path])]);
}

/** `netfile put PATH URL`, or the same with POST. */
export function resumePutCommand(path: string, url: RemoteUrl, method: "PUT" | "POST"): string {
  return joinWords(["netfile", "put", ...(method === "POST" ? ["--post"] : []), path, formatRemoteUrl(url)]);
}

function joinWords(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

/** Quotes a word for POSIX shells, where it needs it. */
function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
