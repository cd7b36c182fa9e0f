/**
 * The names of a folder in the order in which they are listed unless another is asked for: folders first, then by code point.
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
const SORT_BATCH = 50_000;
/** The same where the runtime's own order won't do. */
const SLOW_SORT_BATCH = 8_000;

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

/** Sorts by code point. */
export function sortNames(names: readonly string[]): Promise<readonly string[]> {
  // Without a function of ours the runtime is five times as fast.
  return names.some((name) => BEYOND_SIMPLE.test(name))
    ? sortInTurns(names, { runLength: SLOW_SORT_BATCH, sort: sortSlowly, compare: compareCodePoints })
    : sortInTurns(names, { runLength: SORT_BATCH, sort: (run) => run.sort(), compare: compareUnits });
}

function sortSlowly(run: string[]): readonly string[] {
  return run.sort(compareCodePoints);
}

// Only for surrogates and what is above them do the order of code points and that of UTF-16 differ.
const BEYOND_SIMPLE = /[\ud800-\uffff]/;

/** The order of UTF-16, which is that of the runtime's own sort. */
function compareUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Compares by code point: what UTF-8 sorts by, and what `<` does except for characters beyond U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others, though their own numbers are below U+E000. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
