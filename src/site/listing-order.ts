/**
 * The names of a folder in the order in which they are listed unless another is asked for: folders first, then as people look
 * for names.
 */
import { sortInTurns } from "../base/sort-in-turns.ts";
import { nextTurn } from "../base/turn.ts";
import type { EntryName, Folder } from "../store/store.ts";
import { allowsFile } from "./access.ts";
import type { SitePolicy } from "./policy.ts";

/** The folders stand before the files. */
export type OrderedNames = { readonly folders: readonly string[]; readonly files: readonly string[] };

/** So many names are looked at in one turn: about 2 ms. */
const NAME_BATCH = 8_000;
/** A link is followed and measured: that takes as long as to look at so many names. */
const LINK_COST = 16;
/** So many names are sorted in one turn: about 7 ms. */
const SORT_BATCH = 12_000;
/** Between what a name is sorted by and the name. No name has it in it. */
const KEY_END = "\0";

/** The names in `folder` that `policy` allows to see, in order; a folder of 100,000 names takes many short turns. */
export async function orderNames(folder: Folder, policy: SitePolicy): Promise<OrderedNames> {
  const { folders, files } = await selectVisible(folder, await folder.names(), policy);
  return { folders: await sortNames(folders), files: await sortNames(files) };
}

/** What a link is, is known only when it has been followed. */
async function selectVisible(
  folder: Folder,
  names: readonly EntryName[],
  policy: SitePolicy,
): Promise<OrderedNames> {
  const [folders, files]: [string[], string[]] = [[], []];
  let turnCost = 0;
  for (const { kind, name } of names) {
    turnCost += kind === "link" ? LINK_COST : 1;
    if (turnCost >= NAME_BATCH) {
      turnCost = 0;
      await nextTurn();
    }
    const found = kind === "link" ? folder.measure(name)?.kind : kind;
    if (found === "folder") folders.push(name);
    else if (found === "file" && allowsFile(name, policy)) files.push(name);
  }
  return { folders, files };
}

/**
 * Sorts names as people look for them: numbers by their value (`2` before `10`), letters without regard to case and accents;
 * names that are equal but for that by their UTF-16 units.
 */
export async function sortNames(names: readonly string[]): Promise<readonly string[]> {
  // Keys with their names: the runtime's own sort, without a function of ours, is five times as fast.
  const keyed = await sortInTurns(names, { runLength: SORT_BATCH, sort: sortByKey, compare: compareUnits });
  return keyed.map((each) => each.slice(each.indexOf(KEY_END) + 1));
}

function sortByKey(run: readonly string[]): readonly string[] {
  return run.map((name) => sortKey(name) + KEY_END + name).sort();
}

const NUMBER = /0*([0-9]+)/g;
const NOT_ASCII = /[^\u0000-\u007f]/;
const MARKS = /\p{M}+/gu;

/** What `name` is sorted by: in lower case, without accents, and each number behind how long it is. */
function sortKey(name: string): string {
  const plain = NOT_ASCII.test(name) ? name.normalize("NFKD").replace(MARKS, "") : name;
  return plain.toLowerCase().replace(NUMBER, numberKey);
}

/** Begins with a digit, so that a number stands where digits stand among other characters. */
function numberKey(_: string, digits: string): string {
  return `0${String.fromCharCode(digits.length)}${digits}`;
}

/** The order of the runtime's own sort. */
function compareUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
