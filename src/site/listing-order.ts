/**
 * The names of a folder in the order in which they are listed: folders first, then by code point.
 */
import type { Entry, EntryName, Folder } from "../store/store.ts";
import { allowsFile } from "./access.ts";
import type { SitePolicy } from "./policy.ts";
import { nextTurn } from "./turn.ts";

export type ListedName = { readonly kind: Entry["kind"]; readonly name: string };

/** So many links are measured in one turn. */
const LINK_BATCH = 500;
/** So many names are sorted or merged in one turn: about 3 ms. */
const SORT_BATCH = 8_000;

/** The names in `folder` that `policy` allows to see, in order; a folder of 100,000 names takes many short turns. */
export async function orderNames(folder: Folder, policy: SitePolicy): Promise<readonly ListedName[]> {
  const names = await folder.names();
  return sortInTurns(await selectVisible(folder, names, policy));
}

/** What a link is, is known only when it has been followed. */
async function selectVisible(
  folder: Folder,
  names: readonly EntryName[],
  policy: SitePolicy,
): Promise<ListedName[]> {
  const visible: ListedName[] = [];
  let linkCount = 0;
  for (const { kind, name } of names) {
    if (kind === "link") {
      linkCount += 1;
      if (linkCount % LINK_BATCH === 0) await nextTurn();
    }
    const found = kind === "link" ? folder.measure(name)?.kind : kind;
    if (found === "folder" || (found === "file" && allowsFile(name, policy))) {
      visible.push({ kind: found, name });
    }
  }
  return visible;
}

/** A merge sort from below, with a break after every {@link SORT_BATCH} names. */
export async function sortInTurns(names: readonly ListedName[]): Promise<readonly ListedName[]> {
  if (names.length <= SORT_BATCH) return names.toSorted(compareListed);
  let runs: (readonly ListedName[])[] = [];
  for (let start = 0; start < names.length; start += SORT_BATCH) {
    await nextTurn();
    runs.push(names.slice(start, start + SORT_BATCH).sort(compareListed));
  }
  while (runs.length > 1) {
    const merged: (readonly ListedName[])[] = [];
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(await mergeInTurns(runs[index] ?? [], runs[index + 1] ?? []));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeInTurns(
  left: readonly ListedName[],
  right: readonly ListedName[],
): Promise<readonly ListedName[]> {
  const merged: ListedName[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const a = left[l];
    const b = right[r];
    const takesLeft = b === undefined || (a !== undefined && compareListed(a, b) <= 0);
    const taken = takesLeft ? a : b;
    if (taken !== undefined) merged.push(taken);
    if (takesLeft) l += 1;
    else r += 1;
    if (merged.length % SORT_BATCH === 0) await nextTurn();
  }
  return merged;
}

function compareListed(a: ListedName, b: ListedName): number {
  if (a.kind !== b.kind) return a.kind === "folder" ? -1 : 1;
  return compareCodePoints(a.name, b.name);
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
