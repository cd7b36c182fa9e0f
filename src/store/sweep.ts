/**
 * Clears away what servers left behind that were killed in the middle of an upload.
 */
import { type Dirent, lstatSync, unlinkSync } from "node:fs";
import { type Clock, systemClock } from "../base/clock.ts";
import { asyncFiles } from "../base/late-modules.ts";
import { nextTurn } from "../base/turn.ts";
import { confineNames, isServableName } from "./confine.ts";
import { type DiskOptions, openReach } from "./open-reach.ts";
import { describeThisProcess, isAbandoned, parsePartName, type PartOwner } from "./part-name.ts";
import type { HeldFolder } from "./reach.ts";
import { DEFAULT_UNFINISHED, isDataName } from "./unfinished-record.ts";

export type SweepOptions = DiskOptions & {
  /** How many folders are looked into at most, those near the root first; 10,000 by default. */
  readonly maxFolders?: number;
};

/** Names looked at before others are served. */
const BATCH = 5_000;

/** Bytes of unfinished uploads go with their record; without one (their folder was moved) they are given up when so old. */
const ORPHAN_AGE_MS = 2 * DEFAULT_UNFINISHED.lifeMs;

type Sweeper = { readonly here: PartOwner; readonly clock: Clock };

/**
 * Removes the temporary files below `root` whose process is dead, and those of other machines and boots to which
 * nothing was written for an hour. Follows no links, enters no hidden folders, and lets others be served all the
 * while: it may run beside a server, several servers may share a folder, and uploads that are going on are left
 * alone.
 *
 * @returns how many were removed. Never rejects: what can't be read or removed is passed over.
 */
export async function sweepAbandonedUploads(root: string, options: SweepOptions = {}): Promise<number> {
  const sweeper: Sweeper = { here: describeThisProcess(), clock: options.clock ?? systemClock };
  let removed = 0;
  try {
    const reach = openReach(root, options);
    const folders: (readonly string[])[] = [[]];
    const maxFolders = options.maxFolders ?? 10_000;
    // Grows while it is gone through: the folders inside come after all those that are known.
    for (const names of folders) {
      const path = confineNames(reach.root, names);
      const folder = path === undefined ? undefined : reach.hold(path);
      if (folder === undefined) continue;
      const swept = await sweepFolder(folder, sweeper);
      removed += swept.removed;
      for (const name of swept.folders) {
        if (folders.length < maxFolders) folders.push([...names, name]);
      }
    }
  } catch {
    // The root is gone, or there are no descriptors left: the next start tries again.
  }
  return removed;
}

async function sweepFolder(
  folder: HeldFolder,
  sweeper: Sweeper,
): Promise<{ removed: number; folders: string[] }> {
  const folders: string[] = [];
  let removed = 0;
  try {
    const dirents: readonly Dirent[] = await asyncFiles().readdir(folder.path, { withFileTypes: true });
    for (const [index, dirent] of dirents.entries()) {
      if (index % BATCH === BATCH - 1) await nextTurn();
      if (dirent.isDirectory() && isServableName(dirent.name)) folders.push(dirent.name);
      if (!dirent.isDirectory() && removeIfAbandoned(folder, dirent.name, sweeper)) removed += 1;
    }
  } catch {
    // Not readable, or moved away.
  } finally {
    folder.close();
  }
  return { removed, folders };
}

function removeIfAbandoned(folder: HeldFolder, name: string, { here, clock }: Sweeper): boolean {
  const owner = parsePartName(name);
  const isData = isDataName(name);
  if (owner === undefined && !isData) return false;
  try {
    const path = folder.at(name);
    const stats = lstatSync(path);
    const idleMs = clock.nowMs() - stats.mtimeMs;
    const isLeft = owner === undefined ? idleMs > ORPHAN_AGE_MS : isAbandoned(owner, here, idleMs);
    if (!stats.isFile() || !isLeft) return false;
    if (!folder.isInPlace()) return false;
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
