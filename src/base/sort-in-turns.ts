/**
 * Sorting many things while others are served in between.
 */
import type { Portions } from "./portions.ts";

export type SortRules<T> = {
  /** So many are sorted in one turn. */
  readonly runLength: number;
  /** Sorts them, as `compare` would. */
  readonly sort: (run: T[]) => readonly T[];
  readonly compare: (a: T, b: T) => number;
  /** Of the job that the sorting is part of. */
  readonly portions: Portions;
};

/** So many are merged in one turn: 2 to 7 ms. */
const MERGED_LENGTH = 50_000;

/** A stable merge sort, from below; each run is a portion. @throws {GivenUpError} as {@link Portions.next}. */
export async function sortInTurns<T>(items: readonly T[], rules: SortRules<T>): Promise<readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += rules.runLength) {
    if (start > 0) await rules.portions.next();
    runs.push(rules.sort(items.slice(start, start + rules.runLength)));
  }
  while (runs.length > 1) {
    const merged: (readonly T[])[] = [];
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(await mergeInTurns(runs[index] ?? [], runs[index + 1] ?? [], rules));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeInTurns<T>(
  left: readonly T[],
  right: readonly T[],
  { compare, portions }: SortRules<T>,
): Promise<readonly T[]> {
  const merged: T[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const a = left[l];
    const b = right[r];
    const takesLeft = b === undefined || (a !== undefined && compare(a, b) <= 0);
    const taken = takesLeft ? a : b;
    if (taken !== undefined) merged.push(taken);
    if (takesLeft) l += 1;
    else r += 1;
    if (merged.length % MERGED_LENGTH === 0) await portions.next();
  }
  return merged;
}
