/**
 * The access log: one line for each answer, in the combined format that log analysers read, or as JSON. It has a
 * descriptor of its own, opened for appending, so that several servers and logrotate can share a file.
 */
import { closeSync, constants, fstatSync, openSync, type Stats, statSync, writeSync } from "node:fs";
import { decodeFieldText, encodeLatin1 } from "../base/bytes.ts";
import { fileReason } from "../base/failure.ts";
import { formatJsonLine } from "../base/json-line.ts";
import type { AnswerRecord } from "./observer.ts";

export type AccessLogFormat = "combined" | "json";

export type AccessLogOptions = {
  readonly path: string;
  readonly format: AccessLogFormat;
  /** Told once when lines are lost, until they can be written again. */
  readonly onFailure: (text: string) => void;
};

/** Lines wait this long for others, so that a busy server writes a few times a second. */
const FLUSH_MS = 150;
/** So much is written at once. */
const FLUSH_BYTES = 256 * 1024;
/** Readable by the group, as logs use to be; not by everyone, since it says who asked for what. */
const LOG_MODE = 0o640;

/** Standard output and standard error. */
const OWN_OUTPUTS: readonly number[] = [1, 2];

/** So much is written to a pipe in one piece, on Linux; POSIX promises 512. */
const PIPE_BUF = 4096;
const LINE_BREAK = 0x0a;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

export class AccessLog {
  readonly #options: AccessLogOptions;
  /** Whether its lines tell the round-trip time. */
  readonly tellsRtt: boolean;
  readonly #format: (record: AnswerRecord) => string;
  /** Lines that wait: the first {@link #waitingBytes} of it. */
  readonly #waiting = Buffer.allocUnsafeSlow(FLUSH_BYTES);
  #waitingBytes = 0;
  #fd: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isFailing = false;

  /** Opens the file, making it when there is none. Throws the system's error. */
  constructor(options: AccessLogOptions) {
    this.#options = options;
    this.tellsRtt = options.format === "json";
    this.#format = options.format === "json" ? formatJson : formatCombined;
    this.#fd = openForAppending(options.path);
  }

  /** Takes one answer; it is in the file after at most 150 ms. Never throws. */
  append(record: AnswerRecord): void {
    const line = this.#format(record);
    if (this.#waitingBytes + line.length + 1 > FLUSH_BYTES) this.flush();
    if (line.length + 1 > FLUSH_BYTES) return this.#write(encodeLatin1(`${line}\n`));
    this.#waitingBytes += this.#waiting.write(line, this.#waitingBytes, "latin1");
    this.#waiting[this.#waitingBytes] = LINE_BREAK;
    this.#waitingBytes += 1;
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Writes what waits. Lines that can't be written are lost and told of: a full disk must not fill the memory too. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waitingBytes === 0) return;
    const lines = this.#waiting.subarray(0, this.#waitingBytes);
    this.#waitingBytes = 0;
    this.#write(lines);
  }

  #write(lines: Uint8Array): void {
    try {
      writeLines(this.#fd, lines);
      this.#isFailing = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Opens the path anew (SIGHUP), after logrotate has renamed the file. The old file is kept when that fails. */
  reopen(): void {
    this.flush();
    try {
      const fd = openForAppending(this.#options.path);
      closeOpened(this.#fd);
      this.#fd = fd;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Writes what waits and closes the file. */
  close(): void {
    this.flush();
    closeOpened(this.#fd);
  }

  #fail(error: unknown): void {
    if (!this.#isFailing)
      this.#options.onFailure(`Cannot write the log file: ${fileReason(error)}; lines are lost`);
    this.#isFailing = true;
  }
}

/**
 * Formats a line of Apache's and nginx's combined format:
 * `host - - [date] "request" status bytes "referer" "agent"`, all ASCII, without the line break.
 */
export function formatCombined(record: AnswerRecord): string {
  const { peerAddress, startMs, status, bodyBytes, referer = "-", userAgent = "-" } = record;
  // One template: what is put together in steps is copied in steps.
  return `${escapeField(peerAddress)} - - [${formatLogDate(startMs)}] "${formatRequest(record)}" ${status} ${bodyBytes} "${escapeField(referer)}" "${escapeField(userAgent)}"`;
}

function formatRequest({ method, target, version }: AnswerRecord): string {
  return method === "-" ? "-" : `${escapeField(method)} ${escapeField(target)} HTTP/${escapeField(version)}`;
}

/**
 * Formats everything that is known of an answer as one line of JSON, all ASCII, without the line break. What is not known
 * is left out: method, target and version of a request that could not be read, for instance.
 */
export function formatJson(record: AnswerRecord): string {
  const isReadable = record.method !== "-";
  return formatJsonLine({
    time: new Date(record.startMs).toISOString(),
    connection: record.connectionId,
    address: record.peerAddress,
    port: record.peerPort,
    method: isReadable ? record.method : undefined,
    target: isReadable ? record.target : undefined,
    version: isReadable ? record.version : undefined,
    status: record.status,
    bytes: record.bodyBytes,
    receivedBytes: record.receivedBytes,
    durationMs: Math.round(record.durationMs * 1000) / 1000,
    rttUs: record.rttUs,
    referer: readText(record.referer),
    userAgent: readText(record.userAgent),
    isWhole: record.isWhole,
  });
}

function readText(value: string | undefined): string | undefined {
  return value === undefined ? undefined : decodeFieldText(value);
}

/**
 * Escapes as Apache does: `"` and `\` by a backslash, everything but printable ASCII as `\xNN`.
 *
 * SECURITY: without it a peer writes lines of its own into the log, and steers the terminal that shows it
 * (CVE-2009-4487 and its kin).
 */
function escapeField(text: string): string {
  // Nearly all are as they should be, and looking costs a third of replacing nothing.
  return UNFIT.test(text) ? text.replace(UNFITS, escapeUnit) : text;
}

/** All but printable ASCII, and of that `"` and `\`. */
const UNFIT = /[^ !#-[\]-~]/;
const UNFITS = new RegExp(UNFIT, "g");

function escapeUnit(unit: string): string {
  if (unit === '"' || unit === "\\") return `\\${unit}`;
  const code = unit.charCodeAt(0);
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  // Field values are Latin-1; should anything else come, it is still kept without loss.
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

let written = { second: Number.NaN, date: "" };

/** As {@link formatDate}; many lines have the same second. */
function formatLogDate(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (written.second !== second) written = { second, date: formatDate(new Date(ms)) };
  return written.date;
}

/** `10/Oct/2000:13:55:36 +0000`, in UTC. */
function formatDate(date: Date): string {
  const day = `${twoDigits(date.getUTCDate())}/${MONTHS[date.getUTCMonth()] ?? ""}/${date.getUTCFullYear()}`;
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(twoDigits).join(":");
  return `${day}:${time} +0000`;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/**
 * A file or a socket that this process writes to anyway is not opened again: lines would overwrite each other, and a socket can't be.
 * A pipe may be opened before anybody reads it, and is never waited for: a reader that stalls must not stop the server.
 */
function openForAppending(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === true || found?.isSocket() === true) {
    const own = OWN_OUTPUTS.find((fd) => isSameFile(fstatSync(fd), found));
    if (own !== undefined) return own;
  }
  const access = found?.isFIFO() === true ? constants.O_RDWR : constants.O_WRONLY;
  const flags = access | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
  return openSync(path, flags, LOG_MODE);
}

function isSameFile(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

function closeOpened(fd: number): void {
  if (!OWN_OUTPUTS.includes(fd)) closeSync(fd);
}

/**
 * Writes whole lines in ways that other processes that append to the same file can't cut: to a file at once, which Linux
 * does as one piece; to a pipe in pieces of at most PIPE_BUF, which POSIX does so.
 */
function writeLines(fd: number, lines: Uint8Array): void {
  if (fstatSync(fd).isFile()) return writeWhole(fd, lines);
  for (let start = 0; start < lines.length;) {
    const lineEnd = lines.subarray(0, start + PIPE_BUF).lastIndexOf(LINE_BREAK) + 1;
    // A longer line can't be helped.
    const end = lineEnd > start ? lineEnd : lines.indexOf(LINE_BREAK, start) + 1;
    writeWhole(fd, lines.subarray(start, end));
    start = end;
  }
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  let position = 0;
  while (position < bytes.length) position += writeSync(fd, bytes, position, bytes.length - position);
}
