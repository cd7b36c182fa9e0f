/**
 * The code of a {@link HashThread}: an entry of its own, which the build names beside main.ts. It takes bytes from the shared
 * ring, or reads the file back, in pieces that stay in a processor's cache, as far as it is told that they are there.
 */
import { readSync } from "node:fs";
import { type DigestAlgorithm, hasherName } from "../semantics/digest.ts";
import { type HashOrder, type HashOutcome, PROGRESS_BYTES } from "./hash-thread.ts";

declare const self: Worker;

const PIECE_BYTES = 256 * 1024;

const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
const hashers = new Map<DigestAlgorithm, Bun.CryptoHasher>();
let descriptor = -1;
let ring: Uint8Array = new Uint8Array(0);
let progress: Int32Array = new Int32Array(1);
let position = 0;

self.addEventListener("message", ({ data }: MessageEvent<HashOrder>) => {
  if (data.kind === "begin") return begin(data);
  const isThere = hashFile(data.sharedFrom) && hashShared(data.end);
  if (data.kind === "finish") tell(isThere ? takeDigests() : undefined);
});

function begin({ fd, algorithms, shared }: Extract<HashOrder, { kind: "begin" }>): void {
  descriptor = fd;
  ring = new Uint8Array(shared.ring);
  progress = new Int32Array(shared.progress);
  for (const algorithm of algorithms) hashers.set(algorithm, new Bun.CryptoHasher(hasherName(algorithm)));
}

/** Whether the file is so long. */
function hashFile(end: number): boolean {
  while (position < end) {
    const count = readSync(descriptor, piece, 0, Math.min(piece.length, end - position), position);
    if (count === 0) return false;
    hash(piece.subarray(0, count));
  }
  return true;
}

function hashShared(end: number): true {
  while (position < end) {
    const at = position % ring.length;
    hash(ring.subarray(at, at + Math.min(PIECE_BYTES, end - position, ring.length - at)));
  }
  return true;
}

function hash(bytes: Uint8Array): void {
  for (const hasher of hashers.values()) hasher.update(bytes);
  position += bytes.length;
  Atomics.store(progress, 0, Math.floor(position / PROGRESS_BYTES));
}

function takeDigests(): HashOutcome {
  return new Map([...hashers].map(([algorithm, hasher]) => [algorithm, Uint8Array.from(hasher.digest())]));
}

function tell(outcome: HashOutcome): void {
  self.postMessage(outcome, []);
}
