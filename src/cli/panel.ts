/**
 * A connection's parameters for people: one line on the server's side, a panel on the client's.
 */
import { printable } from "../base/printable.ts";
import { formatDurationMs } from "../base/units.ts";
import type { Answer } from "../client/download.ts";
import type { Phases, RttSummary } from "../client/report.ts";
import { formatHostPort, SOCKET_PROTOCOL, SOCKET_TYPE } from "../net/endpoint.ts";
import type { ConnectionRecord } from "../server/observer.ts";
import type { Colors } from "./terminal.ts";

/** `RTT 45 µs`, or `n/a` where the platform has no figure. */
export function formatRtt(rttUs: number | undefined): string {
  return rttUs === undefined ? "n/a" : `${Math.round(rttUs)} µs`;
}

/**
 * Formats a new connection on the server's side:
 * `#12 127.0.0.1:51234 localhost · IPv4 · stream (SOCK_STREAM) · TCP · timeout 19 s · RTT 45 µs`.
 *
 * @param peerName the peer's name, `undefined` when it is unknown.
 */
export function formatConnectionLine(
  record: ConnectionRecord,
  peerName: string | undefined,
  colors: Colors,
): string {
  const { peerAddress, peerPort, family } = record.endpoint;
  const name = peerName === undefined ? "" : ` ${printable(peerName)}`;
  const peer = `#${record.id} ${printable(formatHostPort(peerAddress, peerPort))}${name}`;
  const timeout = `timeout ${formatDurationMs(record.timeoutMs)}`;
  const facts = [family, SOCKET_TYPE, SOCKET_PROTOCOL, timeout, `RTT ${formatRtt(record.rttUs)}`];
  return colors.dim([peer, ...facts].join(" · "));
}

/** Formats the server's parameters as the client sees them, with the answer's status; several lines, a break at the end. */
export function formatPanel(answer: Answer, colors: Colors): string {
  const { connection } = answer;
  const { endpoint } = connection;
  const rows: readonly (readonly [string, string])[] = [
    ["server", `${connection.hostName} (${formatHostPort(endpoint.peerAddress, endpoint.peerPort)})`],
    ["from", formatHostPort(endpoint.localAddress, endpoint.localPort)],
    ["family", endpoint.family],
    ["type", SOCKET_TYPE],
    ["protocol", SOCKET_PROTOCOL],
    ["timeout", connection.timeoutMs === undefined ? "n/a" : formatDurationMs(connection.timeoutMs)],
    ["RTT", formatRtt(connection.rttUs)],
    ["software", connection.software ?? "n/a"],
    ["status", formatStatus(answer.status, answer.reason, colors)],
  ];
  const lines = rows.map(([name, value]) => `  ${colors.dim(name.padEnd(9))} ${showValue(value, name)}`);
  return `${lines.join("\n")}\n`;
}

/** `200 OK`, in the colour of its class. */
export function formatStatus(status: number, reason: string, colors: Colors): string {
  const text = reason === "" ? String(status) : `${status} ${printable(reason)}`;
  return statusColor(status, colors)(text);
}

/** Green, cyan, yellow, red for 2xx, 3xx, 4xx, 5xx. */
export function statusColor(status: number, colors: Colors): (text: string) => string {
  if (status >= 500) return colors.red;
  if (status >= 400) return colors.yellow;
  return status >= 300 ? colors.cyan : colors.green;
}

/** `resolve 0.2 ms · connect 0.3 ms · first byte 1.2 ms · transfer 12 ms`, and `· save 8 ms` where something was saved. */
export function formatPhases(phases: Phases): string {
  return [
    `resolve ${formatDurationMs(phases.resolveMs)}`,
    `connect ${formatDurationMs(phases.connectMs)}`,
    `first byte ${formatDurationMs(phases.firstByteMs)}`,
    `transfer ${formatDurationMs(phases.transferMs)}`,
    ...(phases.saveMs === undefined ? [] : [`save ${formatDurationMs(phases.saveMs)}`]),
  ].join(" · ");
}

/** `RTT min 40 µs · mean 52 µs · max 90 µs (12 samples)`. */
export function formatRttSummary(rtt: RttSummary | undefined): string {
  if (rtt === undefined) return "RTT n/a";
  const { minUs, meanUs, maxUs, samples } = rtt;
  const count = samples === 1 ? "1 sample" : `${samples} samples`;
  return `RTT min ${minUs} µs · mean ${meanUs} µs · max ${maxUs} µs (${count})`;
}

/** The status is ours and coloured already; all else may hold the peer's words. */
function showValue(value: string, name: string): string {
  return name === "status" ? value : printable(value);
}
