/**
 * A long, lossy way between two network namespaces, in user space, for kernels without netem: a TUN device in each, and
 * this process between them, which keeps every packet for a while and drops some of them, by a seeded lot. Linux, as root:
 *
 *     bun lossy-forwarder.ts PID PID DELAY_MS LOSS SEED
 *
 * Each PID is of a process in one of the namespaces; LOSS is a share from 0 to 1. It says "ready" when both devices, named
 * link0, are there, and ends when it is killed.
 */
import { FFIType, ptr } from "bun:ffi";
import { openSync } from "node:fs";
import { loadCalls } from "../../src/base/libc.ts";

const calls = loadCalls({
  setns: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  open: { args: [FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  ppoll: { args: [FFIType.ptr, FFIType.u64, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
  read: { args: [FFIType.i32, FFIType.ptr, FFIType.u64], returns: FFIType.i64_fast },
  write: { args: [FFIType.i32, FFIType.ptr, FFIType.u64], returns: FFIType.i64_fast },
});

/** As many packets are on the way at most, in each direction, as in netem's queue. */
const QUEUE_PACKETS = 1000;
/** More than the largest packet of a device whose MTU is 1500. */
const SLOT_BYTES = 2048;

// <linux/sched.h>, <asm-generic/fcntl.h>, <linux/if_tun.h>, <poll.h>.
const CLONE_NEWNET = 0x40000000;
const O_RDWR_NONBLOCK = 0o4002;
const TUNSETIFF = 0x400454ca;
const IFF_TUN_NO_PI = 0x1001;
const POLLIN = 1;

function loaded(): NonNullable<typeof calls> {
  if (calls === undefined) throw new Error("The C library can't be called here");
  return calls;
}

/** Makes the device in the namespace of process `pid`. @returns its descriptor. */
function openDevice(pid: string): number {
  const { setns, open, ioctl } = loaded();
  if (setns(openSync(`/proc/${pid}/ns/net`, "r"), CLONE_NEWNET) !== 0) throw new Error("No way into it");
  const device = open(Buffer.from("/dev/net/tun\0"), O_RDWR_NONBLOCK);
  const request = Buffer.alloc(40);
  request.write("link0");
  request.writeUInt16LE(IFF_TUN_NO_PI, 16);
  if (device < 0 || ioctl(device, TUNSETIFF, request) !== 0) throw new Error("There is no TUN device");
  return device;
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function makeLot(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Line = { readonly delayMs: number; readonly loss: number; readonly draw: () => number };

/** One direction. */
class Direction {
  readonly #from: number;
  readonly #to: number;
  readonly #line: Line;
  // An ArrayBuffer of its own stays where it is, so that its address can be kept.
  readonly #slots = new Uint8Array(new ArrayBuffer((QUEUE_PACKETS + 1) * SLOT_BYTES));
  readonly #address = Number(ptr(this.#slots));
  readonly #dueMs = new Float64Array(QUEUE_PACKETS);
  readonly #sizes = new Int32Array(QUEUE_PACKETS);
  #head = 0;
  #count = 0;

  constructor(from: number, to: number, line: Line) {
    this.#from = from;
    this.#to = to;
    this.#line = line;
  }

  /** When the next packet is due. */
  get nextMs(): number {
    return this.#count === 0 ? Infinity : (this.#dueMs[this.#head] ?? 0);
  }

  /** Takes what has come. */
  take(nowMs: number): void {
    for (;;) {
      const isFull = this.#count === QUEUE_PACKETS;
      const slot = isFull ? QUEUE_PACKETS : (this.#head + this.#count) % QUEUE_PACKETS;
      const bytes = Number(loaded().read(this.#from, this.#at(slot), SLOT_BYTES));
      if (bytes <= 0) return;
      if (this.#line.draw() < this.#line.loss || isFull) continue;
      this.#dueMs[slot] = nowMs + this.#line.delayMs;
      this.#sizes[slot] = bytes;
      this.#count += 1;
    }
  }

  /** Passes on what is due. */
  give(nowMs: number): void {
    while (this.nextMs <= nowMs) {
      loaded().write(this.#to, this.#at(this.#head), this.#sizes[this.#head] ?? 0);
      this.#head = (this.#head + 1) % QUEUE_PACKETS;
      this.#count -= 1;
    }
  }

  #at(slot: number) {
    // An address is a number with a brand.
    return (this.#address + slot * SLOT_BYTES) as ReturnType<typeof ptr>;
  }
}

/** Blocks the process between packets: nothing else happens in it. */
function forward(devices: readonly [number, number], line: Line): never {
  const [one, other] = devices;
  const directions = [new Direction(one, other, line), new Direction(other, one, line)];
  const polled = Buffer.alloc(16);
  for (const [index, device] of devices.entries()) {
    polled.writeInt32LE(device, index * 8);
    polled.writeInt16LE(POLLIN, index * 8 + 4);
  }
  const timeout = new BigInt64Array(2);
  for (;;) {
    const waitMs = Math.min(...directions.map(({ nextMs }) => nextMs)) - performance.now();
    timeout[1] = BigInt(Math.round(Math.min(Math.max(waitMs, 0), 500) * 1e6));
    loaded().ppoll(polled, 2, timeout, null);
    const nowMs = performance.now();
    for (const direction of directions) {
      direction.take(nowMs);
      direction.give(nowMs);
    }
  }
}

if (import.meta.main) {
  const [one = "", other = "", delayMs, loss, seed] = process.argv.slice(2);
  const devices = [openDevice(one), openDevice(other)] as const;
  console.log("ready");
  forward(devices, { delayMs: Number(delayMs), loss: Number(loss), draw: makeLot(Number(seed)) });
}
