/**
 * What the kernel knows of a TCP connection (Linux `TCP_INFO`), by `getsockopt` through FFI.
 */
import { libc } from "../base/libc.ts";

export type TcpInfo = {
  /** The least round-trip time so far, in µs. */
  readonly minRttUs: number;
  /** Bytes that the peer's system has acknowledged. */
  readonly ackedBytes: number;
  /** Packets of the peer's that came ahead of others; 0 before Linux 5.4, which doesn't count them. */
  readonly outOfOrder: number;
};

// Linux: <netinet/in.h>, <linux/tcp.h>. Offsets in bytes within struct tcp_info, stable since Linux 4.9.
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const INFO_BYTES = 256;
const OFFSET = {
  unacked: 24,
  rtt: 68,
  acked: 120,
  notSent: 144,
  minRtt: 148,
  outOfOrder: 224,
};
const NEEDED_BYTES = OFFSET.minRtt + 4;

// One buffer for every call: it is read before the next call can be made.
const info = Buffer.alloc(INFO_BYTES);
const infoLength = Buffer.alloc(4);

/**
 * Reads the figures of the connection on descriptor `fd`; about 1 µs.
 * @returns `undefined` where the platform has none (not Linux, no FFI) or the socket is closed (fd < 0).
 */
export function readTcpInfo(fd: number): TcpInfo | undefined {
  if (!fillInfo(fd)) return undefined;
  return {
    minRttUs: info.readUInt32LE(OFFSET.minRtt),
    ackedBytes: Number(info.readBigUInt64LE(OFFSET.acked)),
    outOfOrder: infoLength.readUInt32LE() < OFFSET.outOfOrder + 4 ? 0 : info.readUInt32LE(OFFSET.outOfOrder),
  };
}

/** The smoothed round-trip time, in µs; `undefined` as in {@link readTcpInfo}. */
export function readRttUs(fd: number): number | undefined {
  return fillInfo(fd) ? info.readUInt32LE(OFFSET.rtt) : undefined;
}

/**
 * Whether this system still holds bytes for the peer that the peer's system has not acknowledged, or a FIN; `false`
 * where that can't be known.
 */
export function holdsUnread(fd: number): boolean {
  return fillInfo(fd) && (info.readUInt32LE(OFFSET.unacked) > 0 || info.readUInt32LE(OFFSET.notSent) > 0);
}

function fillInfo(fd: number): boolean {
  const getSockOpt = libc()?.getsockopt;
  if (getSockOpt === undefined || fd < 0) return false;
  infoLength.writeUInt32LE(INFO_BYTES);
  const result = getSockOpt(fd, IPPROTO_TCP, TCP_INFO, info, infoLength);
  return result === 0 && infoLength.readUInt32LE() >= NEEDED_BYTES;
}
