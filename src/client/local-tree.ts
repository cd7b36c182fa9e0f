/**
 * A folder of this machine and what is below it, reached by names only. Nothing outside of it is touched, and no symbolic
 * link below it is followed.
 *
 * Every folder on the way is looked at right before it is used. Another user of this machine who may write to the tree could
 * still exchange one in between; a server can't.
 */
import { lstatSync, mkdirSync, readdirSync, realpathSync, rmdirSync, unlinkSync, type Stats } from "node:fs";
import { join, resolve } from "node:path";
import { decodeLatin1, decodeUtf8 } from "../base/bytes.ts";
import { errorCode } from "../base/failure.ts";
import { cannotRead, cannotSave } from "./disk-error.ts";
import { whyNotHeld } from "./held-name.ts";

/** Names from the tree's root on; none for the root itself. */
export type Names = readonly string[];

export type LocalEntry = {
  /** `other`: a symbolic link, a device, a pipe. */
  readonly kind: "file" | "folder" | "other";
  readonly sizeBytes: number;
  readonly modifiedMs: number;
};

/** What is in a folder. */
export type ListedNames = {
  /** Sorted. */
  readonly names: readonly string[];
  /** Those that are not UTF-8, which nothing here can name: each with `\xNN` for what is not ASCII. Sorted. */
  readonly unusable: readonly string[];
};

/** What the runtime puts in the place of bytes that are not UTF-8. */
const REPLACED = "\ufffd";

export class LocalTree {
  /** Absolute; links in the way to the root are the user's own and resolved. */
  readonly root: string;
  readonly #exists: boolean;

  /**
   * @param options.make whether the root is made if it is missing. Otherwise a missing root is an empty one.
   * @throws {TransferError} phase `save` when it is no folder, or can't be made.
   */
  constructor(path: string, options: { readonly make: boolean }) {
    if (path === "" || path.includes("\0")) throw cannotSave(path, "that is no path; give a folder");
    try {
      if (options.make) mkdirSync(path, { recursive: true });
      const found = lookAt(realpath(path) ?? resolve(path));
      if (found !== undefined && !found.isDirectory())
        throw cannotSave(path, "what is there is not a folder");
      this.#exists = found !== undefined;
      this.root = realpath(path) ?? resolve(path);
    } catch (error) {
      throw errorCode(error) === undefined ? error : cannotSave(path, error);
    }
  }

  /**
   * The path of `names`.
   * @throws {TransferError} phase `save` when one of them is no name.
   */
  pathOf(names: Names): string {
    for (const name of names) {
      const reason = whyNotHeld(name);
      // SECURITY: whatever was checked before, nothing that isn't a plain name becomes part of a path (CVE-2014-4877).
      if (reason !== undefined) throw cannotSave(names.join("/"), reason);
    }
    return join(this.root, ...names);
  }

  /**
   * What is at `names`.
   * @returns `undefined` when there is nothing.
   * @throws {TransferError} phase `save` when what is on the way there is no folder, or a link.
   */
  look(names: Names): LocalEntry | undefined {
    if (!this.#exists) return undefined;
    for (let depth = 1; depth < names.length; depth += 1) {
      const folder = this.#lookAt(names.slice(0, depth));
      if (folder === undefined) return undefined;
      if (!folder.isDirectory()) throw cannotSave(this.pathOf(names), notAFolder(names, depth));
    }
    const found = this.#lookAt(names);
    if (found === undefined) return undefined;
    const kind = found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
    return { kind, sizeBytes: found.size, modifiedMs: found.mtimeMs };
  }

  /**
   * Makes the folder `names`, and those on the way there, as far as they are missing.
   * @throws {TransferError} phase `save`; also when one of them is something else.
   */
  makeFolder(names: Names): void {
    for (let depth = 1; depth <= names.length; depth += 1) {
      const part = names.slice(0, depth);
      const found = this.#lookAt(part);
      if (found?.isDirectory() === true) continue;
      if (found !== undefined) throw cannotSave(this.pathOf(part), "what is there is not a folder");
      this.#change(part, (path) => mkdirSync(path));
    }
  }

  /**
   * The names in the folder `names`.
   * @throws {TransferError} phase `read`.
   */
  list(names: Names): ListedNames {
    if (!this.#exists) return { names: [], unusable: [] };
    const path = this.pathOf(names);
    try {
      const found = readdirSync(path).sort();
      if (!found.some((name) => name.includes(REPLACED))) return { names: found, unusable: [] };
      return sortOut(readdirSync(path, { encoding: "buffer" }));
    } catch (error) {
      throw cannotRead(path, error);
    }
  }

  /** Removes a file, or a link and not what it leads to. @throws {TransferError} phase `save`. */
  removeFile(names: Names): void {
    if (this.look(names) !== undefined) this.#change(names, (path) => unlinkSync(path));
  }

  /**
   * Removes a folder if it is empty.
   * @returns whether it is gone.
   * @throws {TransferError} phase `save`.
   */
  removeFolder(names: Names): boolean {
    if (names.length === 0 || this.look(names)?.kind !== "folder") return false;
    const inside = this.list(names);
    if (inside.names.length > 0 || inside.unusable.length > 0) return false;
    this.#change(names, (path) => rmdirSync(path));
    return true;
  }

  #change(names: Names, change: (path: string) => void): void {
    const path = this.pathOf(names);
    try {
      change(path);
    } catch (error) {
      throw cannotSave(path, error);
    }
  }

  #lookAt(names: Names): Stats | undefined {
    const path = this.pathOf(names);
    try {
      return lookAt(path);
    } catch (error) {
      throw cannotSave(path, error);
    }
  }
}

function sortOut(found: readonly Uint8Array[]): ListedNames {
  const names: string[] = [];
  const unusable: string[] = [];
  for (const bytes of found) {
    const name = decodeUtf8(bytes);
    if (name === undefined) unusable.push(decodeLatin1(bytes).replace(/[\x80-\xff]/g, escapeByte));
    else names.push(name);
  }
  return { names: names.sort(), unusable: unusable.sort() };
}

function escapeByte(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16)}`;
}

function notAFolder(names: Names, depth: number): string {
  return `"${names.slice(0, depth).join("/")}" is not a folder`;
}

/** Links are never followed: what a link leads to isn't part of the tree. */
function lookAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
