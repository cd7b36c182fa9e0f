/**
 * The command that goes on with an interrupted transfer, as a person types it.
 */
import { formatRemoteUrl, type RemoteUrl } from "../client/origin.ts";

/** `netfile get URL PATH FLAGS`; the path is left out where it is the default one. */
export function resumeCommand(url: RemoteUrl, path: string, flags: readonly string[]): string {
  return joinWords(["netfile", "get", formatRemoteUrl(url), ...(path === "." ? [] : [path]), ...flags]);
}

/** `netfile put FLAGS PATH URL`. */
export function resumePutCommand(path: string, url: RemoteUrl, flags: readonly string[]): string {
  return joinWords(["netfile", "put", ...flags, path, formatRemoteUrl(url)]);
}

function joinWords(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

/** Quotes a word for POSIX shells, where it needs it. */
function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
