/**
 * Options of TCP sockets that the runtime does not offer (Linux; nothing is changed elsewhere).
 */
import { libc } from "../base/libc.ts";

// Linux: <netinet/in.h>, <linux/tcp.h>.
const IPPROTO_TCP = 6;
const TCP_CORK = 3;
const TCP_NOTSENT_LOWAT = 25;

/** Connections that wait to be accepted; the system may allow fewer (net.core.somaxconn). */
const BACKLOG = 4096;

// One for every call: it is read before the next call can be made.
const value = Buffer.alloc(4);

/**
 * Makes room for a crowd that comes at once: the runtime's queue of 512 overflows, and who is dropped from it tries
 * again only after a second.
 *
 * @param fd of a listening socket.
 */
export function raiseBacklog(fd: number): void {
  if (fd >= 0) libc()?.listen(fd, BACKLOG);
}

/**
 * Keeps the kernel from taking more than `mostBytes` that the peer's window has no room for yet. It tells of room again when
 * less than half of that is left.
 *
 * @param fd of a socket; what a listening one accepts is limited as well.
 */
export function limitUnsent(fd: number, mostBytes: number): void {
  setTcpOption(fd, TCP_NOTSENT_LOWAT, mostBytes);
}

/** From now on only full segments leave, until {@link uncork}; a part of one waits for 0.2 s at most. */
export function cork(fd: number): void {
  setTcpOption(fd, TCP_CORK, 1);
}

/** Sends what {@link cork} has kept, and keeps nothing any more. */
export function uncork(fd: number): void {
  setTcpOption(fd, TCP_CORK, 0);
}

function setTcpOption(fd: number, option: number, setting: number): void {
  if (fd < 0) return;
  value.writeUInt32LE(setting);
  libc()?.setsockopt(fd, IPPROTO_TCP, option, value, value.length);
}
