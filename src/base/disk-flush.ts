/**
 * Brings what is written to a file onto the disk. With a large one it begins while the bytes still come, so that little is
 * left to wait for at their end, when the system would otherwise hold gigabytes.
 */
import { closeSync, constants, fdatasync, fsync, openSync } from "node:fs";
import { errorCode } from "./failure.ts";

// What a file system says that has no fsync for folders.
const NO_FOLDER_SYNC: ReadonlySet<string> = new Set([
  "EINVAL",
  "EBADF",
  "ENOTSUP",
  "EOPNOTSUPP",
  "EROFS",
  "EPERM",
]);

/** After each of so many new bytes the disk begins with them, unless it is still busy with those before. */
const STEP_BYTES = 32 * 1024 * 1024;

export class DiskFlush {
  readonly #descriptor: number;
  #newBytes = 0;
  /** Calls at work on the descriptor, in threads. */
  #workers = 0;
  /** A disk tells of an error once, to whoever asks first. */
  #failure: Error | undefined;
  readonly #onIdle: (() => void)[] = [];

  /** @param descriptor of a file that is open for writing. Whoever has it closes it when this is idle, see {@link whenIdle}. */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Takes note that so many bytes have been written. */
  noteWritten(bytes: number): void {
    this.#newBytes += bytes;
    if (this.#newBytes < STEP_BYTES || this.#workers > 0) return;
    this.#newBytes = 0;
    this.#workers += 1;
    fdatasync(this.#descriptor, (error) => this.#done(error ?? undefined));
  }

  /** Waits until all that has been written is on the disk, and is idle then. Rejects with the system's error, an earlier one as well. */
  async finish(): Promise<void> {
    this.#workers += 1;
    try {
      await syncDescriptor(this.#descriptor);
      this.#done(undefined);
    } catch (error) {
      this.#done(error instanceof Error ? error : new Error(String(error)));
    }
    await new Promise<void>((resolve) => this.whenIdle(resolve));
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Calls `then` once no thread works on the descriptor any more, at once if none does.
   * SECURITY: before, it may not be closed: its number could be another file's by the time the thread uses it.
   */
  whenIdle(then: () => void): void {
    if (this.#workers > 0) this.#onIdle.push(then);
    else then();
  }

  #done(failure: Error | undefined): void {
    this.#workers -= 1;
    this.#failure ??= failure;
    if (this.#workers > 0) return;
    for (const then of this.#onIdle.splice(0)) then();
  }
}

/** Waits until all that has been written to `descriptor`, of a file or a folder, is on the disk. Rejects with the system's error. */
export function syncDescriptor(descriptor: number): Promise<void> {
  // By hand: `promisify` brings node:util with it, which takes as long to load as a third of this program.
  return new Promise((resolve, reject) => {
    fsync(descriptor, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** By the folder's path: the calls at work, and those that begin after them, for whoever has given a name meanwhile. */
const folderSyncs = new Map<string, Promise<void>>();
const nextFolderSyncs = new Map<string, Promise<void>>();

/**
 * Makes the names that are in a folder now durable, where the system can. Many who ask while the disk is busy with the folder are
 * served by one call. Rejects with the system's error.
 *
 * @param path must lead to the same folder until the promise settles: one of a descriptor (`/proc/self/fd/7`) is kept open so long.
 */
export function syncFolder(path: string): Promise<void> {
  const current = folderSyncs.get(path);
  if (current === undefined) return beginFolderSync(path);
  const known = nextFolderSyncs.get(path);
  if (known !== undefined) return known;
  const begin = (): Promise<void> => beginFolderSync(path);
  // A failure of the present one is told to those who wait for that.
  const next = current.then(begin, begin);
  nextFolderSyncs.set(path, next);
  return next;
}

function beginFolderSync(path: string): Promise<void> {
  nextFolderSyncs.delete(path);
  const sync = syncNames(path).finally(() => {
    if (folderSyncs.get(path) === sync) folderSyncs.delete(path);
  });
  folderSyncs.set(path, sync);
  return sync;
}

async function syncNames(path: string): Promise<void> {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0));
  } catch {
    // Windows opens no folders, and some folders may be written but not read: then the system's own pace must do.
    return;
  }
  try {
    await syncDescriptor(descriptor);
  } catch (error) {
    if (!NO_FOLDER_SYNC.has(errorCode(error) ?? "")) throw error;
  } finally {
    closeSync(descriptor);
  }
}
