/**
 * The names of a folder in the order in which they are listed unless another is asked for: folders first, then as people look
 * for names.
 */
import type { Portions } from "../base/portions.ts";
import { sortInTurns } from "../base/sort-in-turns.ts";
import type { EntryName, Folder } from "../store/store.ts";
import { allowsFile } from "./access.ts";
import type { SitePolicy } from "./policy.ts";

/** The folders stand before the files. */
export type OrderedNames = { readonly folders: readonly string[]; readonly files: readonly string[] };

/** The job that putting a folder in order is. */
export type OrderingJob = {
  readonly portions: Portions;
  /** Waits until so many names as this folder has may be held; called once, when it is known that they are many. */
  readonly becomeLong: () => Promise<void>;
};

/** So many names are read in one portion: about 2 ms. */
const NAME_BATCH = 2_000;
/** A link is followed and measured: that takes as long as to read so many names. */
const LINK_COST = 8;
/** A folder with more names is a long one. */
const LONG_NAMES = 8_000;
/** Of so many names it is found out in one portion what they are sorted by: about 3 ms. */
const KEY_BATCH = 16_000;
/** So many names are sorted in one portion: about 10 ms. */
const SORT_BATCH = 50_000;
/** Between what a name is sorted by and the name. No name has it in it. */
const KEY_END = "\0";

/**
 * The names in `folder` that `policy` allows to see, in order; a folder of 100,000 names takes many short portions.
 * @throws {GivenUpError} as {@link Portions.next}.
 */
export async function orderNames(
  folder: Folder,
  policy: SitePolicy,
  job: OrderingJob,
): Promise<OrderedNames> {
  const { folders, files } = await readVisible(folder, policy, job);
  return { folders: await sortNames(folders, job.portions), files: await sortNames(files, job.portions) };
}

async function readVisible(
  folder: Folder,
  policy: SitePolicy,
  { portions, becomeLong }: OrderingJob,
): Promise<OrderedNames> {
  const visible = new VisibleNames(folder, policy);
  let isLong = false;
  for await (const names of folder.names()) {
    for (let done = visible.take(names, 0); done < names.length; done = visible.take(names, done)) {
      await portions.next();
    }
    if (isLong || visible.count <= LONG_NAMES) continue;
    isLong = true;
    await becomeLong();
  }
  return visible;
}

/** What is to be seen of a folder's names. Not done where there are turns to wait for: such functions are compiled less well. */
class VisibleNames implements OrderedNames {
  readonly folders: string[] = [];
  readonly files: string[] = [];
  readonly #folder: Folder;
  readonly #policy: SitePolicy;
  #cost = 0;

  constructor(folder: Folder, policy: SitePolicy) {
    this.#folder = folder;
    this.#policy = policy;
  }

  get count(): number {
    return this.folders.length + this.files.length;
  }

  /** Takes those of `names` from `start` on that fit into the present portion. @returns where the next portion begins. */
  take(names: readonly EntryName[], start: number): number {
    for (let index = start; index < names.length; index += 1) {
      const entry = names[index];
      if (entry === undefined) break;
      this.#cost += entry.kind === "link" ? LINK_COST : 1;
      if (this.#cost > NAME_BATCH) {
        this.#cost = 0;
        return index;
      }
      this.#take(entry);
    }
    return names.length;
  }

  /** What a link is, is known only when it has been followed. */
  #take({ kind, name }: EntryName): void {
    const found = kind === "link" ? this.#folder.measure(name)?.kind : kind;
    if (found === "folder") this.folders.push(name);
    else if (found === "file" && allowsFile(name, this.#policy)) this.files.push(name);
  }
}

/**
 * Sorts names as people look for them: numbers by their value (`2` before `10`), letters without regard to case and accents;
 * names that are equal but for that by their UTF-16 units.
 */
export async function sortNames(names: readonly string[], portions: Portions): Promise<readonly string[]> {
  const keyed: string[] = [];
  for (let start = 0; start < names.length; start += KEY_BATCH) {
    if (start > 0) await portions.next();
    for (const name of names.slice(start, start + KEY_BATCH)) keyed.push(sortKey(name) + KEY_END + name);
  }
  // Keys with their names: the runtime's own sort, without a function of ours, is five times as fast.
  const sorted = await sortInTurns(keyed, {
    runLength: SORT_BATCH,
    sort: (run) => run.sort(),
    compare: compareUnits,
    portions,
  });
  return sorted.map((each) => each.slice(each.indexOf(KEY_END) + 1));
}

const NOT_ASCII = /[^\u0000-\u007f]/;
const MARKS = /\p{M}+/gu;

/** What `name` is sorted by: in lower case, without accents, and each number behind how long it is. */
function sortKey(name: string): string {
  const plain = NOT_ASCII.test(name) ? name.normalize("NFKD").replace(MARKS, "") : name;
  return withLengths(plain.toLowerCase());
}

/**
 * Puts its length before each number, without zeros at its beginning. It still begins with a digit, so that it stands where digits
 * stand among other characters. (By hand: a regular expression with a function takes three times as long.)
 */
function withLengths(text: string): string {
  let key = "";
  let copied = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (!isDigit(text, at)) continue;
    let start = at;
    while (text.charCodeAt(start) === ZERO && isDigit(text, start + 1)) start += 1;
    let end = start + 1;
    while (isDigit(text, end)) end += 1;
    key += `${text.slice(copied, at)}0${String.fromCharCode(end - start)}${text.slice(start, end)}`;
    copied = end;
    at = end;
  }
  return copied === 0 ? text : key + text.slice(copied);
}

const ZERO = 0x30;
const NINE = 0x39;

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= ZERO && code <= NINE;
}

/** The order of the runtime's own sort. */
function compareUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
