/**
 * The code of a {@link HashThread}: an entry of its own, which the build names beside main.ts. It takes bytes from the shared
 * ring, or reads the file back, in pieces that stay in a processor's cache, as far as it is told that they are there.
 */
import { readSync } from "node:fs";
import { type DigestAlgorithm, hasherName } from "../semantics/digest.ts";
import {
  AWAITED,
  HASHED,
  type HashOrder,
  type HashOutcome,
  type HashReport,
  PROGRESS_BYTES,
} from "./hash-thread.ts";

declare const self: Worker;

const PIECE_BYTES = 256 * 1024;

const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
const hashers = new Map<DigestAlgorithm, Bun.CryptoHasher>();
let descriptor = -1;
let ring: Uint8Array = new Uint8Array(0);
let progress: Int32Array = new Int32Array(2);
let position = 0;

self.addEventListener("message", ({ data }: MessageEvent<HashOrder>) => {
  if (data.kind === "begin") return begin(data);
  const isThere = hashFile(data.sharedFrom) && hashShared(data.end);
  if (!isThere) tell({ kind: "outcome", digests: undefined });
  else if (data.kind === "finish") tell({ kind: "outcome", digests: takeDigests() });
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
  const hashed = Math.floor(position / PROGRESS_BYTES);
  Atomics.store(progress, HASHED, hashed);
  const awaited = Atomics.load(progress, AWAITED);
  if (awaited === 0 || hashed < awaited) return;
  Atomics.store(progress, AWAITED, 0);
  tell({ kind: "caught-up" });
}

function takeDigests(): HashOutcome {
  return new Map([...hashers].map(([algorithm, hasher]) => [algorithm, Uint8Array.from(hasher.digest())]));
}

function tell(report: HashReport): void {
  self.postMessage(report, []);
}
