/**
 * The code of a {@link HashThread}: an entry of its own, which the build names beside main.ts. It reads the file back in
 * pieces that stay in a processor's cache, as far as it is told that the file is there.
 */
import { readSync } from "node:fs";
import { type DigestAlgorithm, hasherName } from "../semantics/digest.ts";
import type { HashOrder, HashOutcome } from "./hash-thread.ts";

declare const self: Worker;

const PIECE_BYTES = 256 * 1024;

const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
const hashers = new Map<DigestAlgorithm, Bun.CryptoHasher>();
let descriptor = -1;
let position = 0;

self.addEventListener("message", ({ data }: MessageEvent<HashOrder>) => {
  if (data.kind === "begin") {
    descriptor = data.fd;
    for (const algorithm of data.algorithms) {
      hashers.set(algorithm, new Bun.CryptoHasher(hasherName(algorithm)));
    }
    return;
  }
  const isThere = hashUpTo(data.end);
  if (data.kind === "finish") tell(isThere ? takeDigests() : undefined);
});

/** Whether the file is so long. What can't be read now may be there later: the last order decides. */
function hashUpTo(end: number): boolean {
  while (position < end) {
    const count = readSync(descriptor, piece, 0, Math.min(piece.length, end - position), position);
    if (count === 0) return false;
    const bytes = piece.subarray(0, count);
    for (const hasher of hashers.values()) hasher.update(bytes);
    position += count;
  }
  return true;
}

function takeDigests(): HashOutcome {
  return new Map([...hashers].map(([algorithm, hasher]) => [algorithm, Uint8Array.from(hasher.digest())]));
}

function tell(outcome: HashOutcome): void {
  self.postMessage(outcome, []);
}
