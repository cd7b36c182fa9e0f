/**
 * Which parts of a file are on the disk: byte ranges that grow together. Ends are exclusive here, unlike a
 * {@link ByteSpan}'s, since what is written so far may be nothing.
 */

/** Bytes `[start, end)`. */
export type Extent = { readonly start: number; readonly end: number };

export class WrittenSpans {
  /** In order, never touching one another, none empty. */
  #extents: Extent[] = [];

  constructor(extents: readonly Extent[] = []) {
    for (const extent of extents) this.add(extent.start, extent.end);
  }

  get extents(): readonly Extent[] {
    return this.#extents;
  }

  get totalBytes(): number {
    return this.#extents.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /** How much is there from the beginning on without a gap. */
  get prefixEnd(): number {
    const [first] = this.#extents;
    return first?.start === 0 ? first.end : 0;
  }

  /** Notes that `[start, end)` is written; most often that is where the last note ended. */
  add(start: number, end: number): void {
    if (end <= start) return;
    const index = this.#extents.findLastIndex((extent) => extent.start <= start);
    const before = this.#extents[index];
    const after = this.#extents[index + 1];
    if (before?.end === start && (after === undefined || after.start > end)) {
      this.#extents[index] = { start: before.start, end };
      return;
    }
    this.#extents = merge([...this.#extents, { start, end }]);
  }

  /** Whether all of a file of `sizeBytes` is there. */
  covers(sizeBytes: number): boolean {
    return sizeBytes === 0 || this.prefixEnd >= sizeBytes;
  }

  /** What is missing of a file of `sizeBytes`, in order. */
  gaps(sizeBytes: number): readonly Extent[] {
    const gaps: Extent[] = [];
    let position = 0;
    for (const { start, end } of this.#extents) {
      if (start > position) gaps.push({ start: position, end: Math.min(start, sizeBytes) });
      position = end;
    }
    if (position < sizeBytes) gaps.push({ start: position, end: sizeBytes });
    return gaps.filter(({ start, end }) => start < end);
  }

  clear(): void {
    this.#extents = [];
  }
}

function merge(extents: Extent[]): Extent[] {
  const merged: Extent[] = [];
  for (const extent of extents.sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || extent.start > last.end) merged.push(extent);
    else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, extent.end) };
  }
  return merged;
}
