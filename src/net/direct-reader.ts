/**
 * Reads large content from a socket past the runtime (Linux): that gives each chunk memory of its own, which costs more
 * than the copying. When bytes are there, the runtime still tells, and brings the first of them.
 */
import type { Clock } from "../base/clock.ts";
import { libc } from "../base/libc.ts";

// Linux: <asm-generic/ioctls.h>, <linux/socket.h>.
const FIONREAD = 0x541b;
const MSG_DONTWAIT = 0x40;

/** Memory for reading into: as much as stays in the cache of a processor until it is written. */
export const DIRECT_BYTES = 512 * 1024;

// One for every call: it is read before the next call can be made.
const waiting = new Int32Array(1);

export class DirectReader {
  readonly #scratch: () => Uint8Array;
  readonly #clock: Clock;
  readonly #turnMs: number;
  /** `undefined` before a turn's first reading. */
  #turnEndMs: number | undefined = -Infinity;

  /**
   * @param scratch gives the memory that is read into, always the same.
   * @param turnMs how long others wait for their turn; in 1 ms come about 1 MiB.
   */
  constructor(scratch: () => Uint8Array, clock: Clock, turnMs: number) {
    this.#scratch = scratch;
    this.#clock = clock;
    this.#turnMs = turnMs;
  }

  /** Begins a turn: the runtime has brought bytes, and will again when this turn's time is over. */
  beginTurn(): void {
    this.#turnEndMs = undefined;
  }

  /**
   * Reads bytes that wait in the socket open on `fd`.
   *
   * The end of the stream and errors are left to the runtime: only what is known to be there is read, since a read that
   * failed would take the error away, and a connection that was broken would look like one that was closed.
   *
   * @param mostBytes no more than this.
   * @returns a view of the scratch memory, good until the next call; `undefined` when nothing waits, the turn is
   *   over, the socket is closed, or there is no such call here.
   */
  read(fd: number, mostBytes: number): Uint8Array | undefined {
    if (mostBytes <= 0 || fd < 0 || this.#isTurnOver()) return undefined;
    const calls = libc();
    if (calls === undefined || calls.ioctl(fd, FIONREAD, waiting) !== 0) return undefined;
    if ((waiting[0] ?? 0) <= 0) return undefined;
    const scratch = this.#scratch();
    const count = Number(calls.recv(fd, scratch, Math.min(scratch.length, mostBytes), MSG_DONTWAIT));
    return count > 0 ? scratch.subarray(0, count) : undefined;
  }

  #isTurnOver(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#turnEndMs ??= nowMs + this.#turnMs;
    return nowMs >= this.#turnEndMs;
  }
}
