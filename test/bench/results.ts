/**
 * What was measured, as numbers: medians over rounds, and ratios to one subject.
 */

/** A quantity of a row. */
export type Metric = {
  readonly key: string;
  readonly title: string;
  readonly format: (value: number) => string;
};

/** Who was measured, and the median of each quantity; a missing one could not be measured. */
export type Result = { readonly subject: string; readonly values: Readonly<Record<string, number>> };

export type RowResult = {
  readonly name: string;
  readonly title: string;
  /** The subject that others are compared with, by the first metric. */
  readonly reference: string;
  /** The first one is compared; less is better. */
  readonly metrics: readonly Metric[];
  readonly results: readonly Result[];
};

/** Measurements of one row as they come in. */
export class Samples {
  readonly #samples = new Map<string, Record<string, number>[]>();

  add(subject: string, values: Record<string, number>): void {
    const list = this.#samples.get(subject) ?? [];
    list.push(values);
    this.#samples.set(subject, list);
  }

  /** The median of each quantity, subjects in the order in which they came first. */
  medians(): readonly Result[] {
    return [...this.#samples].map(([subject, list]) => {
      const keys = [...new Set(list.flatMap((values) => Object.keys(values)))];
      const values = keys.map((key) => [key, median(list.flatMap((sample) => sample[key] ?? []))] as const);
      return { subject, values: Object.fromEntries(values) };
    });
  }
}

/** The middle one; of an even number the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/** How `subject` compares with the row's reference by the first metric; `undefined` when either is unknown. */
export function ratioOf({ metrics, results, reference }: RowResult, subject: string): number | undefined {
  const key = metrics[0]?.key ?? "";
  const [own, other] = [subject, reference].map(
    (name) => results.find((result) => result.subject === name)?.values[key],
  );
  return own === undefined || other === undefined || !(other > 0) ? undefined : own / other;
}

/** `items` beginning with a different one each round: nobody is always first, or always after the same one. */
export function rotate<T>(items: readonly T[], by: number): readonly T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

/** Formats with three significant digits, without exponents: `0.123`, `12.3`, `1234`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}

/** A metric whose unit stands behind the number. */
export function metric(key: string, title: string, unit: string): Metric {
  return { key, title, format: (value) => `${formatNumber(value)} ${unit}`.trimEnd() };
}
