/**
 * One line for each request that the server answered, for people.
 */
import { decodeFieldText } from "../base/bytes.ts";
import { printable } from "../base/printable.ts";
import { formatBytes, formatDurationMs } from "../base/units.ts";
import { formatHostPort } from "../net/endpoint.ts";
import type { AnswerRecord } from "../server/observer.ts";
import { formatRtt, statusColor } from "./panel.ts";
import type { Colors } from "./terminal.ts";

/** Longer targets are cut: the access log has them whole. */
const MAX_TARGET = 200;

/**
 * Formats `12:34:56 127.0.0.1:51234 GET /photo.jpg 200 1.2 MB 12 ms RTT 45 µs`; of an upload it tells what was received:
 * `PUT /photo.jpg 201 ↑ 1.2 MB`.
 *
 * @param isVerbose adds the connection's number, the bytes that went the other way, the referer and the client's software.
 */
export function formatRequestLine(
  record: AnswerRecord,
  colors: Colors,
  { isVerbose }: { readonly isVerbose: boolean },
): string {
  const status = statusColor(record.status, colors)(String(record.status));
  const facts = [
    colors.dim(formatTime(record.startMs)),
    printable(formatHostPort(record.peerAddress, record.peerPort)),
    formatRequest(record),
    status,
    formatMoved(record),
    formatDurationMs(record.durationMs),
    colors.dim(`RTT ${formatRtt(record.rttUs)}`),
  ];
  if (!record.isWhole) facts.push(colors.yellow("(cut short)"));
  if (isVerbose) facts.push(colors.dim(formatDetails(record)));
  return facts.join(" ");
}

/** What the request was about: the content sent, or that of an upload. */
function formatMoved(record: AnswerRecord): string {
  return isUpload(record) ? `↑ ${formatBytes(record.receivedBytes)}` : formatBytes(record.bodyBytes);
}

function isUpload({ method, receivedBytes }: AnswerRecord): boolean {
  return ["PUT", "POST", "PATCH"].includes(method) && receivedBytes > 0;
}

function formatRequest({ method, target }: AnswerRecord): string {
  if (method === "-") return "(unreadable)";
  const shown = target.length > MAX_TARGET ? `${target.slice(0, MAX_TARGET)}…` : target;
  return `${printable(method)} ${printable(shown)}`;
}

function formatDetails(record: AnswerRecord): string {
  const details = [`#${record.connectionId}`];
  if (record.version !== "-") details.push(`HTTP/${printable(record.version)}`);
  if (isUpload(record)) details.push(`sent ${formatBytes(record.bodyBytes)}`);
  else if (record.receivedBytes > 0) details.push(`received ${formatBytes(record.receivedBytes)}`);
  if (record.referer !== undefined) details.push(`from ${printable(decodeFieldText(record.referer))}`);
  if (record.userAgent !== undefined) details.push(`by ${printable(decodeFieldText(record.userAgent))}`);
  return details.join(" · ");
}

/** Local time of day. */
function formatTime(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
