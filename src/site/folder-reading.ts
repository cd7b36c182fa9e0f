/**
 * One client's reading of a folder: it joins an {@link Ordering}, and takes its entries batch by batch.
 */
import { type Asker, GivenUpError, Portions } from "../base/portions.ts";
import type { Entry } from "../store/store.ts";
import { BATCH_ENTRIES, type OrderedEntries } from "./listing-entries.ts";
import { Ordering, type OrderingTask } from "./ordering.ts";

export class FolderReading implements Asker {
  readonly isSilent = false;
  readonly #portions = new Portions(this);
  readonly #task: OrderingTask;
  #ordering: Ordering | undefined;
  #hasBegun = false;
  #isClosed = false;

  /** Takes over the folder of `task`. */
  constructor(task: OrderingTask) {
    this.#task = task;
  }

  get isGone(): boolean {
    return this.#isClosed;
  }

  /**
   * Waits until the folder is in order; called once.
   * @throws {GivenUpError} once it is closed. @throws {StoreError} as {@link Ordering.made}.
   */
  async begin(): Promise<Pick<OrderedEntries, "folderCount" | "fileCount">> {
    if (this.#isClosed) throw new GivenUpError();
    this.#hasBegun = true;
    this.#ordering = Ordering.join(this.#task);
    const entries = await this.#ordering.made;
    if (entries === undefined) throw new GivenUpError();
    return entries;
  }

  /**
   * Those from `start` to `end` (exclusive), in batches; those that are gone meanwhile are left out. Nothing is held any more when
   * the last one is given.
   * @throws {GivenUpError} once it is closed. @throws {Error} as {@link Ordering.batch}.
   */
  async *batches(start: number, end: number): AsyncGenerator<readonly Entry[], void> {
    for (let at = start; at < end; at += BATCH_ENTRIES) {
      await this.#portions.next();
      const stop = Math.min(at + BATCH_ENTRIES, end);
      const entries = this.#ordering?.batch(at, stop) ?? [];
      if (stop === end) this.#leave();
      yield entries;
    }
  }

  /** Gives back what it holds; a second call does nothing. */
  close(): void {
    this.#isClosed = true;
    if (!this.#hasBegun) this.#task.folder.close();
    this.#leave();
  }

  #leave(): void {
    this.#ordering?.leave();
    this.#ordering = undefined;
  }
}
