/**
 * Rounds in which subjects take turns, so that what the machine does beside falls on all of them.
 */
import { rotate, Samples } from "./results.ts";

export type Subject = { readonly name: string };

export type RoundsOptions<T extends Subject> = {
  readonly row: string;
  readonly subjects: readonly T[];
  readonly rounds: number;
  readonly tell: (text: string) => void;
  readonly measure: (subject: T) => Promise<Record<string, number>>;
};

/** A subject that has taken so long is not measured again in its row: one round of a slow one tells enough. */
const BUDGET_MS = 4000;

/** Measures each subject once per round, in another order each time. */
export async function measureInRounds<T extends Subject>(options: RoundsOptions<T>): Promise<Samples> {
  const { row, subjects, rounds, tell, measure } = options;
  const samples = new Samples();
  const spentMs = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    for (const subject of rotate(subjects, round)) {
      const spent = spentMs.get(subject.name) ?? 0;
      // What others take as well is no slowness: the budget grows with the rounds.
      if (spent > BUDGET_MS * Math.max(1, round)) continue;
      tell(`${row}, round ${round + 1} of ${rounds}: ${subject.name}`);
      const startMs = performance.now();
      samples.add(subject.name, await measure(subject));
      spentMs.set(subject.name, spent + performance.now() - startMs);
    }
  }
  return samples;
}
