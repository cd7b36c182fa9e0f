/**
 * Does many things, a few of them at a time.
 */

export type PoolOptions = {
  /** So many at once, at least 1. */
  readonly jobs: number;
  /** Asked before each item is begun; what is under way ends by itself. */
  readonly mayGoOn?: () => boolean;
};

/**
 * Calls `run` for each of `items`, in their order, at most `options.jobs` at once, and waits for all that were begun.
 *
 * The first error that `run` throws is thrown here; no item is begun after it.
 */
export async function runPool<T>(
  items: Iterable<T>,
  options: PoolOptions,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    while (failures.length === 0 && (options.mayGoOn?.() ?? true)) {
      const next = queue.next();
      if (next.done === true) return;
      try {
        await run(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  if (failures.length > 0) throw failures[0];
}
