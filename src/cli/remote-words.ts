/**
 * The words of `get`, `put` and `shell` that name a server and a file on it.
 */
import { basename } from "node:path";

import { printable } from "../base/printable.ts";
import { parseRemoteUrl, pathOf, remoteFile } from "../client/origin.ts";
import type { RemoteUrl } from "../client/origin.ts";
import { formatUrlPath } from "../wire/target.ts";
import { UsageError } from "./exit.ts";
import { DEFAULT_HOST, DEFAULT_PORT, readHost, readRemotePort } from "./flag-values.ts";

/** What to fetch, and the destination word when one was given. */
export type GetWords = { readonly url: RemoteUrl; readonly destination: string | undefined };

/** What to send, and where to. */
export type PutWords = { readonly path: string; readonly url: RemoteUrl };

/** A server, and the folder on it to begin in (plain text, begins and ends with a slash). */
export type ServerWords = { readonly host: string; readonly port: number; readonly folder: string };

/**
 * Reads `[HOST] [PORT] [FILE] [DEST]` or `URL [DEST]`.
 * @throws {UsageError | UrlError}
 */
export function readGetWords(words: readonly string[]): GetWords {
  const [first, second, file, destination] = words;
  if (first !== undefined && isUrl(first)) {
    refuseMore(words, 2, "URL DEST");
    return { url: parseRemoteUrl(first), destination: second };
  }
  refuseMore(words, 4, "HOST PORT FILE DEST");
  const { host, port } = readServer(first, second);
  return { url: remoteFile(host, port, file ?? "/"), destination };
}

/**
 * The destination of what is fetched: a word of its own, or the value of `--output`.
 * @throws {UsageError} when it is both.
 */
export function chooseDestination(word: string | undefined, output: string | undefined): string | undefined {
  if (word === undefined || output === undefined) return output ?? word;
  throw new UsageError("The destination is given twice, as a word and with --output; keep one of them");
}

/**
 * Reads `[HOST] [PORT] FILE [NAME]` or `FILE URL`: with two words the host and the file, with three the middle one is the
 * port when it is a number. The file `-` is standard input.
 * @throws {UsageError | UrlError}
 */
export function readPutWords(words: readonly string[]): PutWords {
  const [first, second] = words;
  if (first === undefined)
    throw new UsageError("The file to send is missing; write: netfile put localhost 8080 FILE");
  if (isUrl(first))
    throw new UsageError('The file comes first, "-" for standard input; write: netfile put FILE URL');
  if (second !== undefined && isUrl(second)) {
    refuseMore(words, 2, "FILE URL");
    const url = parseRemoteUrl(second);
    if (first === "-" && pathOf(url).endsWith("/"))
      throw new UsageError(`Standard input has no name; write one behind the URL's last slash`);
    return { path: first, url: withFileName(url, first) };
  }
  const { host, port, path, name } = placePutWords(words);
  if (path === "-" && (name === undefined || name.endsWith("/")))
    throw new UsageError("Standard input has no name; write: netfile put HOST PORT - NAME");
  return { path, url: remoteFile(host, port, remoteNameFor(path, name ?? "/")) };
}

/** Whether the words name several files, and a URL behind them. */
export function asksForSeveral(words: readonly string[]): boolean {
  return words.length > 2 && isUrl(words.at(-1) ?? "");
}

/**
 * Reads `FILE... URL/`: each file gets its own name in the folder.
 * @throws {UsageError | UrlError}
 */
export function readPutFilesWords(words: readonly string[]): readonly PutWords[] {
  const paths = words.slice(0, -1);
  const folder = parseRemoteUrl(words.at(-1) ?? "");
  const misplaced = paths.find(isUrl);
  if (misplaced !== undefined)
    throw new UsageError(`The files come first, then one URL; "${printable(misplaced)}" is one too many`);
  if (paths.includes("-")) throw new UsageError("Standard input is sent alone; write: netfile put - URL");
  if (!pathOf(folder).endsWith("/"))
    throw new UsageError("Several files go into a folder; end the URL with a slash");
  const names = paths.map((path) => basename(path));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new UsageError(
      `Two of the files are named "${printable(twice)}"; send them one by one, under other names`,
    );
  return paths.map((path) => ({ path, url: withFileName(folder, path) }));
}

/**
 * Reads `[HOST] [PORT] DIR [NAME]` or `DIR URL`: a folder here, and the one on the server that gets what is in it.
 * @throws {UsageError | UrlError}
 */
export function readPutFolderWords(words: readonly string[]): PutWords {
  const [first, second] = words;
  if (first === undefined)
    throw new UsageError("The folder to send is missing; write: netfile put -r DIR URL");
  if (isUrl(first)) throw new UsageError("The folder comes first; write: netfile put -r DIR URL");
  if (asksForSeveral(words))
    throw new UsageError("With -r one folder is sent at a time; write: netfile put -r DIR URL");
  if (second !== undefined && isUrl(second)) {
    refuseMore(words, 2, "DIR URL");
    return { path: first, url: parseRemoteUrl(second) };
  }
  const { host, port, path, name } = placePutWords(words);
  return { path, url: remoteFile(host, port, name ?? "/") };
}

/**
 * Reads `[HOST] [PORT]` or a URL of a folder.
 * @throws {UsageError | UrlError}
 */
export function readServerWords(words: readonly string[]): ServerWords {
  const [first, second] = words;
  if (first === undefined || !isUrl(first)) return { ...readServer(first, second), folder: "/" };
  refuseMore(words, 1, "URL");
  const { origin, target } = parseRemoteUrl(first);
  const path = decodePath(target.replace(/\?.*$/s, ""));
  return { host: origin.host, port: origin.port, folder: path.endsWith("/") ? path : `${path}/` };
}

/** Name on the server for the local file `path`: `name`, or in the folder `name/` that of the file. */
export function remoteNameFor(path: string, name: string): string {
  return name.endsWith("/") ? `${name}${basename(path)}` : name;
}

function placePutWords(words: readonly string[]): {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly name: string | undefined;
} {
  const [first = "", second, third, fourth] = words;
  if (second !== undefined && third === undefined) refuseHostAndPort(first, second);
  if (first === "-" && second !== undefined)
    throw new UsageError("The order is HOST PORT - NAME, or: netfile put - URL");
  if (second === undefined) return { ...readServer(undefined, undefined), path: first, name: undefined };
  if (!/^\d+$/.test(second)) {
    if (/^(localhost|(\d+\.){3}\d+)$/.test(second) && /^\d+$/.test(third ?? ""))
      throw new UsageError(
        `The order is HOST PORT FILE; write: netfile put ${second} ${third ?? ""} ${printable(first)}`,
      );
    refuseMore(words, 3, "HOST FILE NAME");
    return { ...readServer(first, undefined), path: second, name: third };
  }
  refuseMore(words, 4, "HOST PORT FILE NAME");
  if (third === undefined) {
    throw new UsageError(
      `The file to send is missing; write: netfile put ${printable(first)} ${second} FILE`,
    );
  }
  return { ...readServer(first, second), path: third, name: fourth };
}

/** `put FILE HOST:PORT` would read as a host and a file. */
function refuseHostAndPort(file: string, text: string): void {
  const [, host, path = "/"] = /^((?:\[[\da-f:.]+\]|[^\s/:]+):\d{1,5})(\/.*)?$/i.exec(text) ?? [];
  if (host === undefined) return;
  throw new UsageError(
    `"${printable(text)}" is a host and a port; write them as a URL: netfile put ${printable(file)} http://${printable(host + path)}`,
  );
}

function readServer(
  host: string | undefined,
  port: string | undefined,
): { readonly host: string; readonly port: number } {
  return {
    host: host === undefined ? DEFAULT_HOST : readHost(host),
    port: port === undefined ? DEFAULT_PORT : readRemotePort(port),
  };
}

/** A URL that names a folder gets the file's name behind it. */
function withFileName(url: RemoteUrl, path: string): RemoteUrl {
  const [folder = "", ...query] = url.target.split("?");
  if (!folder.endsWith("/")) return url;
  const target = `${folder}${formatUrlPath([basename(path)], { isFolder: false }).slice(1)}`;
  return { ...url, target: [target, ...query].join("?") };
}

/** Whether a word is a URL, of whatever scheme. */
export function isUrl(word: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(word);
}

function refuseMore(words: readonly string[], limit: number, order: string): void {
  const extra = words[limit];
  if (extra === undefined) return;
  throw new UsageError(`The word "${printable(extra)}" is one too many; the order is ${order}`);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new UsageError(`The path "${printable(path)}" is not percent-encoded UTF-8; write the URL anew`);
  }
}
