/** What a socket's options are set to (Linux: <linux/tcp.h>). */
import { libc } from "../../src/base/libc.ts";

const IPPROTO_TCP = 6;
export const TCP_CORK = 3;
export const TCP_NOTSENT_LOWAT = 25;

/** The value of `option` of the socket on descriptor `fd`; `undefined` where it can't be asked for. */
export function readTcpOption(fd: number, option: number): number | undefined {
  const value = Buffer.alloc(4);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  return libc()?.getsockopt(fd, IPPROTO_TCP, option, value, length) === 0 ? value.readUInt32LE() : undefined;
}
