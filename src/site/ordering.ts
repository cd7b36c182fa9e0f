/**
 * Putting folders in order, once for all who ask before it has begun: of one folder at most one ordering is being made, and one
 * waits for it. So a folder costs the same memory and time for a thousand clients as for one; those who come later get a later one,
 * since names that were saved before they asked may not be missing.
 */
import { LineUp, Place } from "../base/line-up.ts";
import { oncePer } from "../base/once.ts";
import { type Asker, GivenUpError, Portions } from "../base/portions.ts";
import { Slots } from "../base/slots.ts";
import type { Entry, Folder } from "../store/store.ts";
import type { UrlPath } from "../wire/target.ts";
import { type OrderedEntries, orderEntries } from "./listing-entries.ts";
import { formatSort, type ListingSort } from "./listing-sort.ts";
import type { SitePolicy } from "./policy.ts";
import type { Site } from "./site.ts";

/** So many folders with many names are put in order at the same time: they share one processor, so more would only take memory. */
const MOST_LONG = 2;
/**
 * So many entries are held for listings that are being read, at some 150 bytes each. SECURITY: a client may read as slowly as it
 * likes; beyond this the listing whose clients have taken nothing for longest is given up.
 */
export const MOST_HELD_ENTRIES = 1_000_000;

const longOrderings = new Slots(MOST_LONG);
/** Longest unused first. */
const held = new LineUp<Ordering>();
let heldEntries = 0;

/** Those that wait or are being made, the last one of each folder and order. */
const underWayIn = oncePer<Site, Map<string, Ordering>>(() => new Map());

/** What is to be put in order, and how. */
export type OrderingTask = {
  readonly site: Site;
  readonly path: UrlPath;
  /** The folder at `path`. */
  readonly folder: Folder;
  readonly sort: ListingSort;
};

/** The entries of one folder in one order, at the time when somebody asked. */
export class Ordering implements Asker {
  readonly isSilent = false;
  /** In order; `undefined` when everybody had gone. Rejects with a {@link StoreError} when the folder can't be read. */
  readonly made: Promise<OrderedEntries | undefined>;
  readonly #policy: SitePolicy;
  readonly #sort: ListingSort;
  readonly #place = new Place<Ordering>(this);
  #hasBegun = false;
  #userCount = 0;
  #folder: Folder | undefined;
  #entries: OrderedEntries | undefined;

  /** Joins the ordering that does `task` and begins next, and takes its folder over. Whoever has joined leaves once. */
  static join(task: OrderingTask): Ordering {
    const underWay = underWayIn(task.site);
    const key = `${task.path.names.join("/")}?${formatSort(task.sort)}`;
    const last = underWay.get(key);
    if (last !== undefined && !last.#hasBegun) return last.#admit(task.folder);
    const next = new Ordering(task, last);
    const forget = (): void => {
      if (underWay.get(key) === next) underWay.delete(key);
    };
    next.made.then(forget, forget);
    underWay.set(key, next);
    return next.#admit(task.folder);
  }

  private constructor({ site, sort }: OrderingTask, after: Ordering | undefined) {
    this.#policy = site.policy;
    this.#sort = sort;
    this.made = this.#make(after);
  }

  /** Of all who have joined the last one's folder is read: what the path led to when they asked, or later. */
  #admit(folder: Folder): this {
    this.#folder?.close();
    this.#folder = folder;
    this.#userCount += 1;
    return this;
  }

  /** Whether everybody has left. */
  get isGone(): boolean {
    return this.#userCount === 0;
  }

  /**
   * The entries from `start` to `end` (exclusive), once it is made.
   * @throws {Error} when it was given up: the client must see a cut, never a clean end.
   */
  batch(start: number, end: number): readonly Entry[] {
    if (this.#entries === undefined) throw new Error("A listing was read so slowly that it was given up");
    held.moveToEnd(this.#place);
    return this.#entries.batch(start, end);
  }

  leave(): void {
    this.#userCount -= 1;
    if (this.isGone) this.#release();
  }

  async #make(after: Ordering | undefined): Promise<OrderedEntries | undefined> {
    await after?.made.catch(() => undefined);
    let isLong = false;
    const becomeLong = async (): Promise<void> => {
      await longOrderings.take();
      isLong = true;
    };
    try {
      const portions = new Portions(this);
      await portions.next();
      this.#hasBegun = true;
      const folder = this.#folder;
      if (folder === undefined) return undefined;
      return this.#hold(await orderEntries(folder, this.#policy, this.#sort, { portions, becomeLong }));
    } catch (error) {
      this.#release();
      if (error instanceof GivenUpError) return undefined;
      throw error;
    } finally {
      this.#hasBegun = true;
      if (isLong) longOrderings.giveBack();
    }
  }

  #hold(entries: OrderedEntries): OrderedEntries {
    this.#entries = entries;
    held.moveToEnd(this.#place);
    heldEntries += countOf(entries);
    if (this.isGone) this.#release();
    for (const unused of held) {
      if (heldEntries <= MOST_HELD_ENTRIES || unused === this) break;
      unused.#release();
    }
    return entries;
  }

  /** Gives back what it holds; a second call does nothing. */
  #release(): void {
    this.#folder?.close();
    this.#folder = undefined;
    if (this.#entries === undefined) return;
    heldEntries -= countOf(this.#entries);
    this.#entries = undefined;
    held.leave(this.#place);
  }
}

function countOf({ folderCount, fileCount }: OrderedEntries): number {
  return folderCount + fileCount;
}
