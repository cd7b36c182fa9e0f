/**
 * Makes new names survive a power failure, where folders can be synchronised. The files are saved in any case, and who has
 * lost a name fetches it again.
 */
import { syncFolder } from "../base/disk-flush.ts";

/** So many folders may wait: a tree is fetched folder by folder, and the next file is mostly in the same one. */
const MOST_WAITING = 8;

/** The folders of many files, each once, when no more names are expected in it: to wait for each name costs as much as its file. */
export class FolderSyncs {
  /** The one that a name came to last is the last. */
  readonly #waiting = new Set<string>();
  readonly #running = new Set<Promise<void>>();

  /** Takes note of a new name in `folder`, an absolute path. */
  add(folder: string): void {
    this.#waiting.delete(folder);
    this.#waiting.add(folder);
    const [oldest] = this.#waiting;
    if (oldest !== undefined && this.#waiting.size > MOST_WAITING) this.#begin(oldest);
  }

  /** Waits until all names are on the disk. Never rejects. */
  async finish(): Promise<void> {
    for (const folder of this.#waiting) this.#begin(folder);
    await Promise.all(this.#running);
  }

  #begin(folder: string): void {
    this.#waiting.delete(folder);
    const sync = keepNames(folder).finally(() => this.#running.delete(sync));
    this.#running.add(sync);
  }
}

/** Waits until the names in `folder` are on the disk. Never rejects: not every file system can, and they are there all the same. */
export async function keepNames(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  try {
    await syncFolder(folder);
  } catch {
    // See above.
  }
}
