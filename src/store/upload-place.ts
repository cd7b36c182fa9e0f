/**
 * The folder that a file is going to be saved in. Missing folders are made on the way there, and removed again when
 * nothing comes of the upload.
 */
import { lstatSync, mkdirSync, rmdirSync } from "node:fs";
import { sep } from "node:path";
import { syncFolder } from "../base/disk-flush.ts";
import { errorCode } from "../base/failure.ts";
import type { HeldFolder, Reach } from "./reach.ts";
import { StoreError } from "./store-error.ts";
import { toStoreError } from "./system-error.ts";

export class UploadPlace {
  readonly #reach: Reach;
  #folder: HeldFolder;
  /** The folder in which the first one was made, and the names of those that were made from there on. */
  #base: HeldFolder | undefined;
  #made: string[] = [];

  /** Begins at the root. Throws {@link StoreError}. */
  constructor(reach: Reach) {
    const root = reach.hold(reach.root.path);
    if (root === undefined) throw new StoreError("failed", "The folder that is served is gone");
    this.#reach = reach;
    this.#folder = root;
  }

  get folder(): HeldFolder {
    return this.#folder;
  }

  /**
   * Goes into the folder `name`, which is made if it is missing (mode by umask).
   *
   * @throws {StoreError} `denied` (also for a link that leaves the root), `conflict` (it is a file), `bad-name`, `full`, `busy`,
   *   `failed`.
   */
  enter(name: string): void {
    const existing = enterFolder(this.#reach, this.#folder, name);
    if (existing !== undefined) {
      this.#forgetMade();
      return this.#moveTo(existing);
    }
    if (makeFolder(this.#folder, name)) {
      this.#base ??= this.#folder;
      this.#made.push(name);
    } else {
      this.#forgetMade();
    }
    const made = enterFolder(this.#reach, this.#folder, name);
    if (made === undefined)
      throw new StoreError("conflict", `The folder "${name}" can't be entered once it is made`);
    this.#moveTo(made);
  }

  /**
   * Goes into the folder `name`, which an earlier request may have made (`wasMade`); makes nothing.
   *
   * @returns false when it is gone. @throws {StoreError} as {@link enter}.
   */
  enterAgain(name: string, options: { readonly wasMade: boolean }): boolean {
    const existing = enterFolder(this.#reach, this.#folder, name);
    if (existing === undefined) return false;
    if (options.wasMade) {
      this.#base ??= this.#folder;
      this.#made.push(name);
    }
    this.#moveTo(existing);
    return true;
  }

  /** How many of the innermost folders were made on the way. */
  get madeCount(): number {
    return this.#made.length;
  }

  /** Makes the names in the folder durable, and those of the folders that were made. Throws the system's error. */
  async sync(): Promise<void> {
    let path: string = this.#folder.path;
    await syncFolder(path);
    for (let depth = this.#made.length; depth > 0; depth -= 1) {
      path += `${sep}..`;
      await syncFolder(path);
    }
  }

  /** Removes the folders that were made, as far as they are empty. Never throws. */
  removeMade(): void {
    if (this.#base !== undefined) removeFolders(this.#reach, this.#base, this.#made);
    this.#made = [];
  }

  close(): void {
    this.#folder.close();
    this.#base?.close();
  }

  #moveTo(next: HeldFolder): void {
    const left = this.#folder;
    this.#folder = next;
    if (left !== this.#base) left.close();
  }

  /** When somebody else makes one inside ours at the same moment: ours can't go before theirs, so they stay. */
  #forgetMade(): void {
    this.#base?.close();
    this.#base = undefined;
    this.#made = [];
  }
}

/** The folder `name` in `folder`; `undefined` when there is nothing of that name. */
function enterFolder(reach: Reach, folder: HeldFolder, name: string): HeldFolder | undefined {
  const path = folder.at(name);
  const next = reach.hold(path);
  if (next !== undefined) return next;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink())
    throw new StoreError("denied", `The link "${name}" leads to no folder inside the root`);
  throw new StoreError("conflict", `"${name}" is not a folder`);
}

/** Returns whether it was this call that made it. */
function makeFolder(folder: HeldFolder, name: string): boolean {
  if (!folder.isInPlace()) throw new StoreError("conflict", "The folder was moved away");
  try {
    mkdirSync(folder.at(name));
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw toStoreError(error);
  }
}

/** Removes `names`, each in the one before, innermost first; stops at the first that isn't empty. */
function removeFolders(reach: Reach, folder: HeldFolder, [name, ...inner]: readonly string[]): void {
  if (name === undefined) return;
  try {
    const next = inner.length === 0 ? undefined : reach.hold(folder.at(name));
    if (next !== undefined) removeFolders(reach, next, inner);
    next?.close();
    if (folder.isInPlace()) rmdirSync(folder.at(name));
  } catch {
    // Best effort: not empty any more, or gone.
  }
}
