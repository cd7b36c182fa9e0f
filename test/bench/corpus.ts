/**
 * The folder that every server serves: many small files, a few large ones, long listings.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** Sizes that a short run makes smaller. */
export type Sizes = {
  readonly largeBytes: number;
  /** One of the files for sixteen connections at once. */
  readonly mediumBytes: number;
  /** What is fetched over a lossy way. */
  readonly lossyBytes: number;
  readonly manyFiles: number;
  readonly listings: readonly number[];
  readonly idleConnections: number;
};

export const FULL_SIZES: Sizes = {
  largeBytes: 1024 * MIB,
  mediumBytes: 128 * MIB,
  lossyBytes: 20 * MIB,
  manyFiles: 10_000,
  listings: [10_000, 100_000],
  idleConnections: 10_000,
};

export const QUICK_SIZES: Sizes = {
  largeBytes: 512 * MIB,
  mediumBytes: 32 * MIB,
  lossyBytes: 4 * MIB,
  manyFiles: 10_000,
  listings: [10_000],
  idleConnections: 2_000,
};

/** Number of files that a cache of any size holds. */
export const FEW_FILES = 10;

/** Fills `root`. The folders `1k` and `16k` hold `0.txt`, `1.txt` …; `large.jpg` and `medium.jpg` are as their sizes say. */
export function makeCorpus(root: string, sizes: Sizes): void {
  makeSmallFiles(join(root, "1k"), sizes.manyFiles, KIB);
  makeSmallFiles(join(root, "16k"), sizes.manyFiles, 16 * KIB);
  makeLargeFile(join(root, "large.jpg"), sizes.largeBytes);
  makeLargeFile(join(root, "medium.jpg"), sizes.mediumBytes);
  for (const count of sizes.listings) makeSmallFiles(join(root, `listing-${count}`), count, 0);
}

function makeSmallFiles(folder: string, count: number, sizeBytes: number): void {
  mkdirSync(folder, { recursive: true });
  const content = Buffer.alloc(sizeBytes, "The quick brown fox jumps over the lazy dog. ");
  for (let index = 0; index < count; index++) writeFileSync(join(folder, `${index}.txt`), content);
}

/** Written, not merely announced: a hole in a file is read faster than its content. */
export function makeLargeFile(path: string, sizeBytes: number): void {
  const block = crypto.getRandomValues(new Uint8Array(64 * KIB));
  const content = Buffer.concat(Array.from({ length: 64 }, () => block));
  const fd = openSync(path, "w");
  for (let written = 0; written < sizeBytes;) {
    written += writeSync(fd, content, 0, Math.min(content.length, sizeBytes - written));
  }
  closeSync(fd);
}
