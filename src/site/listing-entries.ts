/**
 * The entries of a folder in order, measured in batches.
 */
import type { Entry, Folder } from "../store/store.ts";
import { type OrderingJob, orderNames } from "./listing-order.ts";
import { type ListingSort, sortEntries } from "./listing-sort.ts";
import type { SitePolicy } from "./policy.ts";

/** So many entries are measured in one portion, and written in one piece: 0.6 ms, and some 25 KB. */
export const BATCH_ENTRIES = 250;

/** The entries of a folder: the folders before the files. */
export interface OrderedEntries {
  readonly folderCount: number;
  readonly fileCount: number;
  /** Those from `start` to `end` (exclusive); those that are gone meanwhile are left out. */
  batch(start: number, end: number): readonly Entry[];
}

/**
 * What `policy` allows to see of `folder`, which is measured until the last batch is taken. In the order of names, only what is
 * looked at is measured.
 * @throws {GivenUpError} as {@link Portions.next}.
 */
export async function orderEntries(
  folder: Folder,
  policy: SitePolicy,
  sort: ListingSort,
  job: OrderingJob,
): Promise<OrderedEntries> {
  const { folders, files } = await orderNames(folder, policy, job);
  const isReversed = sort.key === "name" && sort.isDescending;
  const named = new NamedEntries(
    folder,
    isReversed ? folders.toReversed() : folders,
    isReversed ? files.toReversed() : files,
  );
  return sort.key === "name" ? named : sortMeasured(await measureAll(named, job), sort, job);
}

/** Names, measured when they are looked at. */
class NamedEntries implements OrderedEntries {
  readonly #folder: Folder;
  readonly #names: readonly string[];
  readonly folderCount: number;

  constructor(folder: Folder, folders: readonly string[], files: readonly string[]) {
    this.#folder = folder;
    this.#names = [...folders, ...files];
    this.folderCount = folders.length;
  }

  get fileCount(): number {
    return this.#names.length - this.folderCount;
  }

  batch(start: number, end: number): readonly Entry[] {
    const entries: Entry[] = [];
    for (const [index, name] of this.#names.slice(start, end).entries()) {
      const entry = this.#folder.measure(name);
      if (entry?.kind === (start + index < this.folderCount ? "folder" : "file")) entries.push(entry);
    }
    return entries;
  }
}

async function measureAll(named: NamedEntries, { portions }: OrderingJob): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  const count = named.folderCount + named.fileCount;
  for (let start = 0; start < count; start += BATCH_ENTRIES) {
    await portions.next();
    entries.push(...named.batch(start, start + BATCH_ENTRIES));
  }
  return entries;
}

async function sortMeasured(
  measured: readonly Entry[],
  sort: ListingSort,
  { portions }: OrderingJob,
): Promise<OrderedEntries> {
  const folders = measured.filter(({ kind }) => kind === "folder");
  const files = measured.filter(({ kind }) => kind === "file");
  const sorted = [
    ...(await sortEntries(folders, sort, portions)),
    ...(await sortEntries(files, sort, portions)),
  ];
  return {
    folderCount: folders.length,
    fileCount: files.length,
    batch: (start, end) => sorted.slice(start, end),
  };
}
