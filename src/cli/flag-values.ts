/**
 * Text of the command line → values, each with the sentence for what can't be one.
 */
import { os } from "../base/late-modules.ts";
import { printable } from "../base/printable.ts";
import { parseSeconds, parseSize } from "../base/units.ts";
import { DEFAULT_EXTENSIONS } from "../site/policy.ts";
import type { OnExist } from "../site/policy.ts";
import type { Field } from "../wire/fields.ts";
import { UsageError } from "./exit.ts";
import { findNearestWord } from "./nearest-word.ts";

export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_PORT = 8080;

/** The values of `--on-exist`. */
export const ON_EXIST: readonly OnExist[] = ["refuse", "replace", "rename"];

/** The values of `--log-format`. */
export const LOG_FORMATS: readonly string[] = ["combined", "json"];

/** Fields that the server itself decides: framing, the connection, and what is computed from each representation. */
const RESERVED_FIELDS: ReadonlySet<string> = new Set([
  "accept-ranges",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "date",
  "etag",
  "keep-alive",
  "last-modified",
  "location",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Reads a port, 0 to 65535, or from `least` on. `label` names where it stood. */
export function readPort(text: string, label: string, least = 0): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new UsageError(`${label} ${quoted(text)} is not a port; write a number from ${least} to 65535`);
}

/** Reads the port of a server to connect to: 0 is no place to go. */
export function readRemotePort(text: string): number {
  if (/[a-z.:]/i.test(text))
    throw new UsageError(`${quoted(text)} is not a port; the order is HOST PORT FILE`);
  const port = readPort(text, "The port", 1);
  if (port > 0) return port;
  throw new UsageError('The port "0" leads nowhere; write a number from 1 to 65535');
}

/** Reads a host name or address; brackets around an IPv6 address are dropped. */
export function readHost(text: string): string {
  const hostAndPort = /^([^:/]+):(\d+)$/.exec(text);
  if (hostAndPort !== null) {
    throw new UsageError(
      `${quoted(text)} is not a host; write the port as a word of its own: ${hostAndPort[1] ?? ""} ${hostAndPort[2] ?? ""}`,
    );
  }
  if (/^[^\s:/]+(?::\d+)?\/./.test(text)) {
    throw new UsageError(`${quoted(text)} is not a host; for a URL write http://${printable(text)}`);
  }
  if (/^\d+$/.test(text)) throw new UsageError(`${quoted(text)} is not a host; the order is HOST PORT FILE`);
  const host = /^\[([0-9a-fA-F:.]+)\]$/.exec(text)?.[1] ?? text;
  if (/^[^\s\p{Cc}/\\?#@[\]%"'<>]+(%[\w.-]+)?$/u.test(host)) return host;
  throw new UsageError(
    `${quoted(text)} is not a host; write a name or an address, as localhost or 192.168.1.5`,
  );
}

/** Reads where a log is written to. */
export function readLogFile(text: string): string {
  if (text !== "-") return text;
  throw new UsageError('"-" is no file to keep a log in; for standard output write /dev/stdout');
}

/** Reads a size such as `10M`, in bytes, at least 1. */
export function readSize(text: string, flag: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new UsageError(`The value ${quoted(text)} of ${flag} is not a size; write 500k, 10M or 2G`);
}

/** Reads seconds into ms, greater than zero. */
export function readSeconds(text: string, flag: string): number {
  const ms = parseSeconds(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new UsageError(`The value ${quoted(text)} of ${flag} is not a time; write seconds, as 60 or 0.5`);
}

/** Reads seconds into ms, at least one second: HTTP announces whole ones. */
export function readWholeSecond(text: string, flag: string): number {
  const ms = readSeconds(text, flag);
  if (ms >= 1000) return ms;
  throw new UsageError(`The value ${quoted(text)} of ${flag} is too short; write 1 or more seconds`);
}

/** Reads a whole number from 1 to a million. */
export function readCount(text: string, flag: string): number {
  const count = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 1_000_000) return count;
  throw new UsageError(
    `The value ${quoted(text)} of ${flag} is not a count; write a whole number from 1 to 1000000`,
  );
}

/** Reads the value of `--workers`: a number from 1 to 256, or `auto` for one per core. */
export function readWorkers(text: string, flag: string): number {
  if (text === "auto") return os().availableParallelism();
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 256) return count;
  throw new UsageError(`The value ${quoted(text)} of ${flag} is not a count; write 1 to 256, or auto`);
}

/** Reads the values of `--allow`: extensions that are added to the default ones, or `all`. */
export function readAllow(values: readonly string[]): "all" | ReadonlySet<string> {
  const names = values.flatMap((value) => value.split(","));
  if (names.length === 1 && names[0]?.toLowerCase() === "all") return "all";
  return new Set([...DEFAULT_EXTENSIONS, ...names.map(readExtension)]);
}

function readExtension(text: string): string {
  const extension = text
    .trim()
    .replace(/^\*?\./, "")
    .toLowerCase();
  if (extension === "all") throw new UsageError('"all" stands alone: write --allow all');
  if (/^[^\s./\\\u0000-\u001f]+$/u.test(extension)) return extension;
  throw new UsageError(`${quoted(text)} is not an extension; write --allow pdf,svg or --allow all`);
}

/** Reads the value of `--on-exist`. */
export function readOnExist(text: string): OnExist {
  const found = ON_EXIST.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new UsageError(choiceMessage("--on-exist", text, ON_EXIST));
}

/** Reads the value of `--log-format`. */
export function readLogFormat(text: string): "combined" | "json" {
  if (text === "combined" || text === "json") return text;
  throw new UsageError(choiceMessage("--log-format", text, LOG_FORMATS));
}

/** Whether a word can be the value of `--cors`: `*`, `null` or an origin (RFC 6454 §6.1). */
export function isCorsOrigin(text: string): boolean {
  return text === "*" || text === "null" || /^https?:\/\/[^\s/?#@,;"'\\]+$/.test(text);
}

/** Reads the value of `--cors`. */
export function readCorsOrigin(text: string): string {
  if (isCorsOrigin(text)) return text;
  throw new UsageError(
    `The value ${quoted(text)} of --cors is not an origin; write https://example.org, or no value for "*"`,
  );
}

/**
 * Reads a value of `--header`, `Name: value` (RFC 9110 §5.1, §5.5).
 *
 * SECURITY: no control character passes, so no value can start a line of its own (response splitting).
 */
export function readHeader(text: string): Field {
  const [, name, value] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(
      `The value ${quoted(text)} of --header is not a field; write --header 'Name: value'`,
    );
  }
  if (RESERVED_FIELDS.has(name.toLowerCase())) {
    throw new UsageError(`The field ${quoted(name)} is the server's own and can't be set with --header`);
  }
  return [name, value.trimEnd()];
}

function choiceMessage(flag: string, text: string, choices: readonly string[]): string {
  const meant = findNearestWord(text, choices);
  const hint = meant === undefined ? `write ${joinWithOr(choices)}` : `did you mean ${quoted(meant)}?`;
  return `The value ${quoted(text)} of ${flag} is not known; ${hint}`;
}

/** `refuse, replace or rename`. */
function joinWithOr(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

function quoted(text: string): string {
  return `"${printable(text)}"`;
}
