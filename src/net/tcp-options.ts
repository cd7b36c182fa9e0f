/**
 * Options of TCP sockets that the runtime does not offer (Linux; nothing is changed elsewhere).
 */
import { libc } from "../base/libc.ts";

// Linux: <netinet/in.h>, <linux/tcp.h>.
const IPPROTO_TCP = 6;
const TCP_NOTSENT_LOWAT = 25;

/** Connections that wait to be accepted; the system may allow fewer (net.core.somaxconn). */
const BACKLOG = 4096;
/** As much as a fast line takes in a few ms, which is longer than a turn of the event loop. */
const UNSENT_BYTES = 256 * 1024;

const unsent = Buffer.alloc(4);
unsent.writeUInt32LE(UNSENT_BYTES);

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
 * Keeps the kernel from taking megabytes that the peer's window has no room for: they would be held as long as a slow
 * reader likes, for each of its connections.
 */
export function limitUnsent(fd: number): void {
  if (fd >= 0) libc()?.setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent, unsent.length);
}
