/**
 * The "did you mean" of error messages.
 */

/**
 * Finds the word of `known` that `word` was probably meant to be.
 *
 * @returns the nearest by edits (one letter more, less, other, or two swapped), or the only one that begins with
 *   `word`; `undefined` when none is near.
 */
export function findNearestWord(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const limit = Math.min(2, Math.floor(lower.length / 2));
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(lower, candidate) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  if (best !== undefined) return best.candidate;
  const beginnings = lower.length < 2 ? [] : known.filter((candidate) => candidate.startsWith(lower));
  return beginnings.length === 1 ? beginnings[0] : undefined;
}

/** Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (isSame ? 0 : 1),
        isSwap ? at(beforeLast, j - 2) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
