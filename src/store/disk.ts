/**
 * A folder of this system as a store.
 */
import { accessSync, constants } from "node:fs";
import type { UrlPath } from "../wire/target.ts";
import { diskChanges } from "./changes.ts";
import { confine } from "./confine.ts";
import { DiskFolder } from "./disk-folder.ts";
import { DiskUploads } from "./disk-upload.ts";
import { type DiskOptions, openReach } from "./open-reach.ts";
import { DiskUnfinishedUploads } from "./disk-unfinished.ts";
import type { HeldFolder, Reach } from "./reach.ts";
import type { Folder, Found, Store } from "./store.ts";
import { toStoreError } from "./system-error.ts";
import type { UnfinishedLimits } from "./unfinished-record.ts";

/**
 * Opens the folder `root`: it may be relative, a link, `/`, and end with a slash. It is resolved once; if it is
 * renamed or removed later, nothing is found any more, and if another folder takes its place, that one is served.
 *
 * @throws {StoreError} `failed` (there is no such folder), `conflict` (it is a file), `denied`, `bad-name` (not UTF-8). The
 *   message is for the operator.
 */
export function openDiskStore(root: string, options: DiskOptions = {}): Store {
  return new DiskStore(openReach(root, options), options.unfinished);
}

class DiskStore implements Store {
  readonly uploads: DiskUploads;
  readonly unfinished: DiskUnfinishedUploads;
  readonly #reach: Reach;

  constructor(reach: Reach, limits: Partial<UnfinishedLimits> = {}) {
    this.#reach = reach;
    this.uploads = new DiskUploads(reach);
    this.unfinished = new DiskUnfinishedUploads(reach, limits);
  }

  get quietMark(): number {
    return diskChanges.watchMark;
  }

  find(path: UrlPath): Found | undefined {
    const diskPath = confine(this.#reach.root, path);
    if (diskPath === undefined) return undefined;
    return this.#reach.find(diskPath, path.isFolder ? "folder" : "file or folder");
  }

  folder(path: UrlPath): Folder | undefined {
    const diskPath = confine(this.#reach.root, path);
    const held = diskPath === undefined ? undefined : this.#reach.hold(diskPath);
    if (held === undefined) return undefined;
    requireReadable(held);
    return new DiskFolder(this.#reach, held);
  }
}

/** Before anything is said of what is in the folder: half a listing can't be taken back. */
function requireReadable(held: HeldFolder): void {
  try {
    accessSync(held.path, constants.R_OK | constants.X_OK);
  } catch (error) {
    held.close();
    throw toStoreError(error);
  }
}
