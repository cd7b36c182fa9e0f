/**
 * What is told of one transfer when it has ended: the confirmation line, the JSON object, and the line of the client's log.
 */
import { relative, sep } from "node:path";

import { printable } from "../base/printable.ts";
import { formatBytes, formatDurationMs, formatRate } from "../base/units.ts";
import type { Answer, Proof } from "../client/download.ts";
import { formatRemoteUrl } from "../client/origin.ts";
import type { RemoteUrl } from "../client/origin.ts";
import type { Phases, RttSummary } from "../client/report.ts";
import { TransferError } from "../client/transfer-error.ts";
import { SOCKET_PROTOCOL, SOCKET_TYPE } from "../net/endpoint.ts";
import type { Failure } from "./exit.ts";
import { formatRtt } from "./panel.ts";
import { showPath } from "./shown-path.ts";

/** One request of the client, as far as it went. */
export type Transfer = {
  readonly command: "get" | "put" | "post";
  readonly url: RemoteUrl;
  readonly answer: Answer | undefined;
  /** Present when it ended well. */
  readonly done: TransferDone | undefined;
  /** Present when it did not. */
  readonly failure: (Failure & { readonly error: unknown }) | undefined;
};

export type TransferDone = {
  readonly bodyBytes: number;
  readonly phases: Phases;
  /** A local path, or a path on the server as it was received; `undefined` for content that was printed. */
  readonly savedAs: string | undefined;
  /** What shows that a download is whole; an upload is the server's to check. */
  readonly proof?: Proof;
  readonly provenBy?: "server" | "user" | undefined;
  readonly attempts?: number;
  /** So much of it an earlier run had fetched, or sent. */
  readonly resumedBytes?: number;
  readonly receivedBytes?: number;
  readonly connections?: number;
  /** The file was there already, and nothing was fetched. */
  readonly isUnchanged?: boolean;
  readonly rtt?: RttSummary | undefined;
};

/** Bytes per second while content moved; sending counts from the request on. */
export function rateOf({ command, done }: Pick<Transfer, "command" | "done">): number {
  if (done === undefined) return 0;
  return movedBytesOf(done) / (Math.max(durationOf({ command, done }), 0.001) / 1000);
}

/** How many bytes of content this run has moved: what an earlier one had does not count. */
export function movedBytesOf({ bodyBytes, receivedBytes, resumedBytes }: TransferDone): number {
  return receivedBytes ?? bodyBytes - (resumedBytes ?? 0);
}

function durationOf({
  command,
  done,
}: {
  readonly command: Transfer["command"];
  readonly done: TransferDone;
}): number {
  const { firstByteMs, transferMs } = done.phases;
  return command === "get" ? transferMs : firstByteMs + transferMs;
}

/**
 * Formats `Saved photo.jpg — 1.2 MB in 12 ms (98 MB/s), length only`, or `Sent notes.txt — …` for an upload. What proving and
 * saving took is told if it is long: `in 33 s (151 MB/s), 10 s more until it was on the disk`.
 *
 * @param name what was transferred, as the person called it.
 */
export function formatConfirmation(
  transfer: Transfer & { readonly done: TransferDone },
  name: string,
): string {
  const { command, done } = transfer;
  const size = formatBytes(done.bodyBytes);
  const figures = `${size} in ${formatDurationMs(durationOf(transfer))} (${formatRate(rateOf(transfer))})`;
  const resumed = (done.resumedBytes ?? 0) > 0 ? `, ${formatBytes(done.resumedBytes ?? 0)} of it before` : "";
  if (command !== "get")
    return `Sent ${printable(name)} — ${figures}${resumed}, saved as ${showPath(done.savedAs ?? "?")}`;
  const check = formatProof(done);
  if (done.isUnchanged === true) {
    return `Already there: ${printable(shortPath(done.savedAs ?? name))} — ${size}, unchanged, ${check}`;
  }
  const what =
    done.savedAs === undefined
      ? `Received ${printable(name)}`
      : `Saved ${printable(shortPath(done.savedAs))}`;
  return `${what} — ${figures}${resumed}${formatSaving(done)}, ${check}`;
}

/** From so long on a person has waited for it. */
const LONG_SAVE_MS = 1000;

function formatSaving({ phases: { saveMs = 0 } }: TransferDone): string {
  return saveMs < LONG_SAVE_MS ? "" : `, ${formatDurationMs(saveMs)} more until it was on the disk`;
}

/** What shows that a download is whole, and by whose word. */
function formatProof({ proof = "none", provenBy }: TransferDone): string {
  if (proof === "none") return "length not announced";
  if (proof === "length") return "length only";
  if (proof === "date") return "by its size and date";
  return `${proof} verified by ${provenBy === "user" ? "you" : "server"}`;
}

/** The object of `--json`. */
export function describeTransfer(transfer: Transfer): Readonly<Record<string, unknown>> {
  const { command, url, answer, done, failure } = transfer;
  return {
    command,
    url: formatRemoteUrl(answer?.url ?? url),
    status: answer?.status ?? failureStatus(transfer),
    reason: answer?.reason,
    mediaType: answer?.mediaType,
    announcedBytes: command === "get" ? answer?.totalBytes : undefined,
    bytes: done?.bodyBytes,
    rateBytesPerS: done === undefined ? undefined : Math.round(rateOf(transfer)),
    savedAs: done?.savedAs,
    verifiedBy: done?.proof,
    provenBy: done?.provenBy,
    isUnchanged: done?.isUnchanged,
    attempts: done?.attempts,
    resumedBytes: done?.resumedBytes,
    receivedBytes: done?.receivedBytes,
    connections: done?.connections,
    rtt: done?.rtt,
    ...(answer === undefined ? {} : describeConnection(answer)),
    phases: done === undefined ? undefined : roundPhases(done.phases),
    error: failure === undefined ? undefined : describeError(failure),
    exitCode: failure?.code ?? 0,
  };
}

/** To the µs: further digits are noise. */
function roundPhases(phases: Phases): Phases {
  return {
    resolveMs: roundToUs(phases.resolveMs),
    connectMs: roundToUs(phases.connectMs),
    firstByteMs: roundToUs(phases.firstByteMs),
    transferMs: roundToUs(phases.transferMs),
    ...(phases.saveMs === undefined ? {} : { saveMs: roundToUs(phases.saveMs) }),
  };
}

function roundToUs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function describeConnection({ connection }: Answer): Readonly<Record<string, unknown>> {
  const { endpoint } = connection;
  return {
    server: {
      name: connection.hostName,
      address: endpoint.peerAddress,
      port: endpoint.peerPort,
      family: endpoint.family,
      type: SOCKET_TYPE,
      protocol: SOCKET_PROTOCOL,
      timeoutMs: connection.timeoutMs,
      rttUs: connection.rttUs,
      software: connection.software,
      isReused: connection.isReused,
    },
    client: { address: endpoint.localAddress, port: endpoint.localPort },
  };
}

function describeError({ error, text }: NonNullable<Transfer["failure"]>): Readonly<Record<string, unknown>> {
  if (!(error instanceof TransferError)) return { message: text, phase: undefined };
  const keptBytes = error.keptBytes === 0 ? undefined : error.keptBytes;
  return { message: text, phase: error.phase, keptBytes };
}

function failureStatus({ failure }: Transfer): number | undefined {
  return failure?.error instanceof TransferError ? failure.error.status : undefined;
}

/** Formats the line of the client's log: time, request, status, bytes, duration, RTT, and how it ended. */
export function formatLogLine(transfer: Transfer, nowMs: number): string {
  const { command, url, answer, done, failure } = transfer;
  const { totalMs } = sumPhases(done?.phases);
  const facts = [
    new Date(nowMs).toISOString(),
    command.toUpperCase(),
    formatRemoteUrl(url),
    String(answer?.status ?? failureStatus(transfer) ?? "-"),
    done === undefined ? "-" : `${done.bodyBytes} bytes`,
    done === undefined ? "-" : formatDurationMs(totalMs),
    `RTT ${formatRtt(answer?.connection.rttUs)}`,
    failure === undefined ? savedText(done) : `failed (${failure.code}): ${printable(failure.text)}`,
  ];
  return facts.join(" ");
}

function savedText(done: TransferDone | undefined): string {
  return done?.savedAs === undefined ? "printed" : `saved as ${printable(done.savedAs)}`;
}

function sumPhases(phases: Phases | undefined): { readonly totalMs: number } {
  if (phases === undefined) return { totalMs: 0 };
  const { resolveMs, connectMs, firstByteMs, transferMs, saveMs = 0 } = phases;
  return { totalMs: resolveMs + connectMs + firstByteMs + transferMs + saveMs };
}

/** A path below the current folder is shown from there. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === "" || short.startsWith(`..${sep}`) || short === ".." ? path : short;
}
