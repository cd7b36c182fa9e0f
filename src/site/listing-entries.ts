/**
 * The entries of a folder, in order, measured in batches; others are served between them.
 */
import { nextTurn } from "../base/turn.ts";
import type { Entry, Folder } from "../store/store.ts";
import { orderNames } from "./listing-order.ts";
import { type ListingSort, sortEntries } from "./listing-sort.ts";
import type { SitePolicy } from "./policy.ts";

/** So many entries are measured in one turn: 2 to 3 ms. */
const BATCH = 1_000;

/** What `policy` allows to see of `folder`. In the order of names, only what is looked at is measured. */
export async function orderEntries(
  folder: Folder,
  policy: SitePolicy,
  sort: ListingSort,
): Promise<OrderedEntries> {
  const { folders, files } = await orderNames(folder, policy);
  const isReversed = sort.key === "name" && sort.isDescending;
  const named = new BatchedEntries<string>(
    isReversed ? folders.toReversed() : folders,
    isReversed ? files.toReversed() : files,
    (kind, names) => measureBatch(folder, kind, names),
  );
  if (sort.key === "name") return named;
  const all = await Array.fromAsync(named.window(0, Number.POSITIVE_INFINITY));
  const [sortedFolders, sortedFiles] = partition(all.flat());
  return new BatchedEntries(
    await sortEntries(sortedFolders, sort),
    await sortEntries(sortedFiles, sort),
    (_kind, entries) => entries,
  );
}

export type OrderedEntries = Pick<BatchedEntries<unknown>, "folderCount" | "fileCount" | "window">;

/** Folders, then files, each known by a `T` that an entry is made of when it is looked at. */
class BatchedEntries<T> {
  readonly #folders: readonly T[];
  readonly #files: readonly T[];
  readonly #toEntries: (kind: Entry["kind"], items: readonly T[]) => readonly Entry[];

  constructor(
    folders: readonly T[],
    files: readonly T[],
    toEntries: (kind: Entry["kind"], items: readonly T[]) => readonly Entry[],
  ) {
    this.#folders = folders;
    this.#files = files;
    this.#toEntries = toEntries;
  }

  get folderCount(): number {
    return this.#folders.length;
  }

  get fileCount(): number {
    return this.#files.length;
  }

  /** Those from `start` to `end` (exclusive), in batches; those that are gone meanwhile are left out. */
  async *window(start: number, end: number): AsyncGenerator<readonly Entry[], void> {
    yield* this.#inBatches("folder", this.#folders.slice(start, end));
    const before = this.folderCount;
    yield* this.#inBatches("file", this.#files.slice(Math.max(0, start - before), Math.max(0, end - before)));
  }

  async *#inBatches(kind: Entry["kind"], items: readonly T[]): AsyncGenerator<readonly Entry[], void> {
    for (let start = 0; start < items.length; start += BATCH) {
      yield this.#toEntries(kind, items.slice(start, start + BATCH));
      await nextTurn();
    }
  }
}

/** The folders and the files among `entries`. */
function partition(entries: readonly Entry[]): readonly [folders: readonly Entry[], files: readonly Entry[]] {
  return [entries.filter(({ kind }) => kind === "folder"), entries.filter(({ kind }) => kind === "file")];
}

function measureBatch(folder: Folder, kind: Entry["kind"], names: readonly string[]): readonly Entry[] {
  const entries: Entry[] = [];
  for (const name of names) {
    const entry = folder.measure(name);
    if (entry?.kind === kind) entries.push(entry);
  }
  return entries;
}
