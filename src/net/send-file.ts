/**
 * `sendfile(2)`: bytes of a file go to a socket without passing through this process.
 */
import { type Pointer, ptr } from "bun:ffi";
import { libc } from "../base/libc.ts";

// Linux: <linux/socket.h>.
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_MORE = 0x8000;

// One for every call: it is read before the next call can be made. An address holds only for memory of its own.
const offset = new Uint32Array(new ArrayBuffer(8));
const offsetAddress = ptr(offset);
/** One more than the largest number that a half of the offset holds. */
const HALF_RANGE = 2 ** 32;

/**
 * Sends up to `length` bytes of the file open on `file`, from `position`, to the socket open on `socket`.
 *
 * @returns bytes that the kernel took; 0 at the end of the file; `undefined` when it took none: the socket is full or
 *   closed, or this file can't be sent so. An ordinary write tells which.
 */
export function sendFile(socket: number, file: number, position: number, length: number): number | undefined {
  const call = libc()?.sendfile;
  if (call === undefined) return undefined;
  setOffset(position);
  const sent = Number(call(socket, file, offsetAddress, length));
  return sent < 0 ? undefined : sent;
}

/** Little-endian, as every machine is for which there is such a call here. */
function setOffset(position: number): void {
  offset[0] = position % HALF_RANGE;
  offset[1] = Math.floor(position / HALF_RANGE);
}

/**
 * Sends the first `length` bytes at `address` to the socket open on `socket`, in one segment with what is sent next.
 *
 * @returns bytes that the kernel took, 0 when it took none: an ordinary write tells why.
 */
export function sendAhead(socket: number, address: Pointer, length: number): number {
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE;
  return Math.max(0, Number(libc()?.send(socket, address, length, flags) ?? 0));
}

/** Whether there is such a call here. */
export function canSendFiles(): boolean {
  return libc() !== undefined;
}
