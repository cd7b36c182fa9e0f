/**
 * Reads large content from a socket past the runtime (Linux): that gives each chunk memory of its own, which costs more
 * than the copying. When bytes are there, the runtime still tells, and brings the first of them.
 */
import { libc } from "./libc.ts";

// Linux: <asm-generic/ioctls.h>, <linux/socket.h>.
const FIONREAD = 0x541b;
const MSG_DONTWAIT = 0x40;

/** Memory for reading into: as much as stays in the cache of a processor until it is written. */
export const DIRECT_BYTES = 512 * 1024;

// One for every call: it is read before the next call can be made.
const waiting = new Int32Array(1);

export class DirectReader {
  readonly #scratch: () => Uint8Array;
  readonly #turnBytes: number;
  #leftBytes = 0;

  /**
   * @param scratch gives the memory that is read into, always the same.
   * @param turnBytes so many are read before others have their turn; about 1 ms for each MiB.
   */
  constructor(scratch: () => Uint8Array, turnBytes: number) {
    this.#scratch = scratch;
    this.#turnBytes = turnBytes;
  }

  /** Begins a turn: the runtime has brought bytes, and will again when this turn's share is used up. */
  beginTurn(): void {
    this.#leftBytes = this.#turnBytes;
  }

  /**
   * Reads bytes that wait in the socket open on `fd`.
   *
   * The end of the stream and errors are left to the runtime: only what is known to be there is read, since a read that
   * failed would take the error away, and a connection that was broken would look like one that was closed.
   *
   * @param mostBytes no more than this.
   * @returns a view of the scratch memory, good until the next call; `undefined` when nothing waits, the turn's share is
   *   used up, the socket is closed, or there is no such call here.
   */
  read(fd: number, mostBytes: number): Uint8Array | undefined {
    if (this.#leftBytes <= 0 || mostBytes <= 0 || fd < 0) return undefined;
    const calls = libc();
    if (calls === undefined || calls.ioctl(fd, FIONREAD, waiting) !== 0) return undefined;
    if ((waiting[0] ?? 0) <= 0) return undefined;
    const scratch = this.#scratch();
    const count = Number(calls.recv(fd, scratch, Math.min(scratch.length, mostBytes), MSG_DONTWAIT));
    if (count <= 0) return undefined;
    this.#leftBytes -= count;
    return scratch.subarray(0, count);
  }
}
