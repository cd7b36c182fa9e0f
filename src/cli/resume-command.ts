/**
 * The command that goes on with an interrupted download, as a person types it.
 */
import { formatRemoteUrl, type RemoteUrl } from "../client/origin.ts";

/** `netfile get URL PATH`; the path is left out where it is the default one. */
export function resumeCommand(url: RemoteUrl, path: string): string {
  const words = ["netfile", "get", formatRemoteUrl(url), ...(path === "." ? [] : [path])];
  return words.map(quoteWord).join(" ");
}

/** Quotes a word for POSIX shells, where it needs it. */
function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
