/**
 * The entries of a folder, in order, measured in batches; others are served between them.
 */
import { nextTurn } from "../base/turn.ts";
import type { Entry, Folder } from "../store/store.ts";
import { type OrderedNames, orderNames } from "./listing-order.ts";
import { type ListingSort, sortEntries } from "./listing-sort.ts";
import type { SitePolicy } from "./policy.ts";

/** So many entries are measured in one turn: 2 to 3 ms. */
const BATCH = 1_000;

export interface OrderedEntries {
  readonly folderCount: number;
  readonly fileCount: number;
  /** Those from `start` to `end` (exclusive), in batches; those that are gone meanwhile are left out. */
  window(start: number, end: number): AsyncIterable<readonly Entry[]>;
}

/** What `policy` allows to see of `folder`. In the order of names, only what is looked at is measured. */
export async function orderEntries(
  folder: Folder,
  policy: SitePolicy,
  sort: ListingSort,
): Promise<OrderedEntries> {
  const names = await orderNames(folder, policy);
  if (sort.key === "name") return new NamedEntries(folder, sort.isDescending ? reverse(names) : names);
  const folders = await measureAll(folder, "folder", names.folders);
  const files = await measureAll(folder, "file", names.files);
  return new MeasuredEntries(await sortEntries(folders, sort), await sortEntries(files, sort));
}

function reverse({ folders, files }: OrderedNames): OrderedNames {
  return { folders: folders.toReversed(), files: files.toReversed() };
}

class NamedEntries implements OrderedEntries {
  readonly #folder: Folder;
  readonly #names: OrderedNames;

  constructor(folder: Folder, names: OrderedNames) {
    this.#folder = folder;
    this.#names = names;
  }

  get folderCount(): number {
    return this.#names.folders.length;
  }

  get fileCount(): number {
    return this.#names.files.length;
  }

  async *window(start: number, end: number): AsyncGenerator<readonly Entry[], void> {
    const { folders, files } = this.#names;
    yield* measure(this.#folder, "folder", folders.slice(start, end));
    yield* measure(this.#folder, "file", windowBehind(folders, files, start, end));
  }
}

class MeasuredEntries implements OrderedEntries {
  readonly #folders: readonly Entry[];
  readonly #files: readonly Entry[];

  constructor(folders: readonly Entry[], files: readonly Entry[]) {
    this.#folders = folders;
    this.#files = files;
  }

  get folderCount(): number {
    return this.#folders.length;
  }

  get fileCount(): number {
    return this.#files.length;
  }

  async *window(start: number, end: number): AsyncGenerator<readonly Entry[], void> {
    const folders = this.#folders.slice(start, end);
    const files = windowBehind(this.#folders, this.#files, start, end);
    for (const entries of [folders, files]) {
      for (let from = 0; from < entries.length; from += BATCH) {
        yield entries.slice(from, from + BATCH);
        await nextTurn();
      }
    }
  }
}

/** Those of `items` that are in the window, when `others` stand before them. */
function windowBehind<T>(others: readonly unknown[], items: readonly T[], start: number, end: number) {
  return items.slice(Math.max(0, start - others.length), Math.max(0, end - others.length));
}

async function measureAll(
  folder: Folder,
  kind: Entry["kind"],
  names: readonly string[],
): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for await (const entries of measure(folder, kind, names)) for (const entry of entries) all.push(entry);
  return all;
}

/** Measures `names` in order, batch by batch. */
async function* measure(
  folder: Folder,
  kind: Entry["kind"],
  names: readonly string[],
): AsyncGenerator<readonly Entry[], void> {
  for (let start = 0; start < names.length; start += BATCH) {
    yield measureBatch(folder, kind, names.slice(start, start + BATCH));
    await nextTurn();
  }
}

function measureBatch(folder: Folder, kind: Entry["kind"], names: readonly string[]): readonly Entry[] {
  const entries: Entry[] = [];
  for (const name of names) {
    const entry = folder.measure(name);
    if (entry?.kind === kind) entries.push(entry);
  }
  return entries;
}
