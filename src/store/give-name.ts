/**
 * The last step of an upload: the temporary file gets its name.
 *
 * All of it runs in one turn of the event loop, from the look at what is there to the rename. So two uploads of this
 * process can't come between each other, and `mayReplace` needs no lock. Between processes, `refuse` and `rename`
 * hold too, since `link` itself refuses an existing name; but another process can change a file after `mayReplace`
 * has seen it.
 */
import { close, constants, openSync, renameSync } from "node:fs";
import { assertNever } from "../base/assert-never.ts";
import { rightsIn, takeOverRights } from "../base/file-rights.ts";
import { takeName } from "../base/take-name.ts";
import { MAX_NAME_BYTES } from "./confine.ts";
import { diskChanges } from "./changes.ts";
import { LARGE_BYTES } from "./disk-file.ts";
import { measureName } from "./file-calls.ts";
import { isFolder, isLink, isRegular, type Measurement } from "./measurement.ts";
import type { HeldFolder, Reach } from "./reach.ts";
import type { UploadOptions } from "./store.ts";
import { StoreError } from "./store-error.ts";

/** How many names `rename` tries: `name-1.ext` to `name-10000.ext`. */
export const MAX_NUMBERED_NAMES = 10_000;

const O_HOLD = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const DEFAULT_MODE = 0o666;

export type Naming = {
  readonly reach: Reach;
  readonly folder: HeldFolder;
  /** Name of the temporary file in the folder. */
  readonly part: string;
  /** The name that is wanted. */
  readonly name: string;
  readonly options: UploadOptions;
};

export type Given = { readonly name: string; readonly isNew: boolean };

/**
 * Looks whether the name could be given now, to refuse before a body is sent.
 *
 * @returns the mode to make the temporary file with (the umask still applies): no wider than that of the file it may replace.
 * @throws {StoreError} `exists`, `conflict`, `denied`, `bad-name`.
 */
export function lookBeforeUpload(naming: Naming): number {
  const existing = measureName(naming.folder.at(naming.name));
  if (existing === undefined || naming.options.onExist === "rename") return DEFAULT_MODE;
  if (naming.options.onExist === "refuse") throw refusal(naming, existing);
  requireReplaceable(naming, existing);
  return isRegular(existing) ? rightsIn(existing.mode) & DEFAULT_MODE : DEFAULT_MODE;
}

/**
 * Gives the temporary file its name, or another one with `rename`. Throws {@link StoreError} or the system's error;
 * the temporary file is then still there.
 */
export function giveName(naming: Naming): Given {
  if (!naming.folder.isInPlace()) throw new StoreError("conflict", "The folder was moved away");
  askMayReplace(naming);
  try {
    return nameAsAsked(naming);
  } finally {
    // Who saves a file reads it back at once.
    diskChanges.note();
  }
}

function nameAsAsked(naming: Naming): Given {
  switch (naming.options.onExist) {
    case "refuse":
      return nameOnce(naming);
    case "replace":
      return replaceName(naming);
    case "rename":
      return nameFreely(naming);
    default:
      return assertNever(naming.options.onExist);
  }
}

function askMayReplace({ reach, folder, name, options }: Naming): void {
  if (options.mayReplace === undefined) return;
  const found = reach.find(folder.at(name), "file or folder");
  const current = found?.kind === "file" ? found.file : undefined;
  try {
    if (!options.mayReplace(current))
      throw new StoreError("changed", `"${name}" is not what was to be replaced`);
  } finally {
    current?.close();
  }
}

function nameOnce(naming: Naming): Given {
  if (takePartName(naming, naming.name)) return { name: naming.name, isNew: true };
  throw refusal(naming, measureName(naming.folder.at(naming.name)));
}

function nameFreely(naming: Naming): Given {
  for (let number = 0; number <= MAX_NUMBERED_NAMES; number += 1) {
    const name = number === 0 ? naming.name : numberName(naming.name, number);
    // Looking costs less than an error for each name that is taken; `link` decides.
    if (measureName(naming.folder.at(name)) === undefined && takePartName(naming, name))
      return { name, isNew: true };
  }
  throw new StoreError("exists", `"${naming.name}" exists, and so do ${MAX_NUMBERED_NAMES} numbered names`);
}

function replaceName(naming: Naming): Given {
  const { folder, part, name } = naming;
  const existing = measureName(folder.at(name));
  const isNew = existing === undefined || !requireReplaceable(naming, existing);
  const replaced = existing !== undefined && isRegular(existing) ? existing : undefined;
  if (replaced !== undefined) takeOverRights(folder.at(part), replaced.mode);
  const delay =
    replaced !== undefined && replaced.sizeBytes >= LARGE_BYTES ? delayRemoval(folder, name) : undefined;
  try {
    // SECURITY: replaces a link under that name and never follows it.
    renameSync(folder.at(part), folder.at(name));
  } finally {
    delay?.();
  }
  return { name, isNew };
}

/**
 * Keeps a file open over its removal; what is returned closes it in a thread, where its blocks are then given back.
 */
function delayRemoval(folder: HeldFolder, name: string): (() => void) | undefined {
  try {
    const descriptor = openSync(folder.at(name), O_HOLD);
    return () => close(descriptor, () => undefined);
  } catch {
    return undefined;
  }
}

/** Returns whether a peer sees a file there; throws when what is there may not be replaced by a file. */
function requireReplaceable({ reach, folder, name }: Naming, existing: Measurement): boolean {
  const seen = isLink(existing) ? reach.look(folder.at(name)) : existing;
  if (seen === undefined) return false;
  if (isFolder(seen)) throw new StoreError("conflict", `"${name}" is a folder`);
  if (!isRegular(seen)) throw new StoreError("denied", `"${name}" is not a regular file`);
  return true;
}

function refusal({ name }: Naming, existing: Measurement | undefined): StoreError {
  if (existing !== undefined && isFolder(existing))
    return new StoreError("conflict", `"${name}" is a folder`);
  return new StoreError("exists", `"${name}" exists`);
}

/** Returns false when the name is taken. */
function takePartName({ folder, part }: Naming, name: string): boolean {
  return takeName(folder.at(part), folder.at(name));
}

/** `photo.jpg` → `photo-1.jpg`; the stem is cut where the name would grow too long. */
export function numberName(name: string, number: number): string {
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot) : "";
  const suffix = `-${number}${extension}`;
  let stem = dot > 0 ? name.slice(0, dot) : name;
  const room = MAX_NAME_BYTES - Buffer.byteLength(suffix);
  if (Buffer.byteLength(stem) > room) stem = cutToBytes(stem, room);
  if (stem === "") throw new StoreError("bad-name", "The name is too long to be numbered");
  return stem + suffix;
}

/** The longest beginning of `text` that takes at most `room` bytes, cut between characters. */
function cutToBytes(text: string, room: number): string {
  let cut = "";
  let size = 0;
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > room) break;
    cut += character;
  }
  return cut;
}
