/**
 * `sendfile(2)`: bytes of a file go to a socket without passing through this process.
 */
import { libc } from "../base/libc.ts";

// One for every call: it is read before the next call can be made.
const offset = new BigInt64Array(1);

/**
 * Sends up to `length` bytes of the file open on `file`, from `position`, to the socket open on `socket`.
 *
 * @returns bytes that the kernel took; 0 at the end of the file; `undefined` when it took none: the socket is full or
 *   closed, or this file can't be sent so. An ordinary write tells which.
 */
export function sendFile(socket: number, file: number, position: number, length: number): number | undefined {
  const call = libc()?.sendfile;
  if (call === undefined) return undefined;
  offset[0] = BigInt(position);
  const sent = Number(call(socket, file, offset, length));
  return sent < 0 ? undefined : sent;
}

/** Whether there is such a call here. */
export function canSendFiles(): boolean {
  return libc() !== undefined;
}
