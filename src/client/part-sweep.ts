/**
 * Removes what runs that were killed have left beside a destination, as far as no run can use it: a part file without its
 * journal, a journal without its part file, the lock of neither, and locks that were being made.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { removeQuietly } from "../base/remove-quietly.ts";
import { removeJournal } from "./journal.ts";
import { isDraftAbandoned, PartLock } from "./part-lock.ts";

/** Names of `PartStore` and `PartLock`, and no others: the server's temporary files have longer ones. */
const LEFTOVER = /^(\.netfile-[0-9a-f]{16})\.(?:part|journal|journal-next|lock)$/;
const DRAFT = /^\.netfile-[0-9a-f]{16}\.lock-\d+-[0-9a-f]{8}(?:-old)?$/;

/** Folders that this process has looked at. */
const swept = new Set<string>();

/** Sweeps `folder`, once for this process. What a running process holds, or the next run goes on with, stays. Never throws. */
export function sweepLeftovers(folder: string): void {
  if (swept.has(folder)) return;
  swept.add(folder);
  const bases = new Set<string>();
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    if (DRAFT.test(name) && isDraftAbandoned(path)) removeQuietly(path);
    const base = LEFTOVER.exec(name)?.[1];
    if (base !== undefined) bases.add(join(folder, base));
  }
  for (const base of bases) sweepOne(base);
}

function sweepOne(base: string): void {
  if (isUsable(base)) return;
  let lock: PartLock;
  try {
    // Whoever is about to begin with these names has the lock, or waits for it.
    lock = PartLock.take(`${base}.lock`, `${base}.part`, `${base}.part`);
  } catch {
    return;
  }
  if (!isUsable(base)) {
    removeJournal(`${base}.journal`);
    removeQuietly(`${base}.part`);
  }
  lock.release();
}

function isUsable(base: string): boolean {
  return existsSync(`${base}.part`) && existsSync(`${base}.journal`);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
