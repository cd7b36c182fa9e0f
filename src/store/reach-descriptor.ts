/**
 * The way of Linux, without a race: take hold of the target with `O_PATH`, ask the kernel where that descriptor
 * really is, and only then open the descriptor itself. What is checked is what is opened, however links are swapped
 * meanwhile.
 *
 * `O_PATH` opens nothing: no FIFO waits for its writer and no device notices. Where there is no link on the path, as on nearly
 * all, the kernel need not be asked: such a path leads nowhere but below the root (`file-calls`).
 */
import { closeSync, constants, openSync, readlinkSync } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { type DiskPath, type DiskRoot, isInside, pathInFolder, pathOfDescriptor } from "./confine.ts";
import { DiskFile } from "./disk-file.ts";
import { holdWithoutLinks, measureOpen, O_PATH } from "./file-calls.ts";
import { isFolder, isRegular, type Measurement } from "./measurement.ts";
import type { HeldFolder, Reach, Reached, Wanted } from "./reach.ts";
import { StoreError } from "./store-error.ts";
import { absentOrThrow } from "./system-error.ts";

// O_CLOEXEC is added by the runtime.
const O_PATH_FOLDER = O_PATH | constants.O_DIRECTORY;
const O_READ = constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK;

/**
 * Finds the folder in which the kernel shows this process's descriptors, and tries it on the root.
 *
 * @returns its path with a slash at the end, or `undefined` where there is none: not Linux, no `/proc`, a root of which the
 *   kernel can't tell the path.
 */
export function findDescriptorPrefix(root: DiskRoot): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    // The number behind `self` saves the kernel a link at each look-up (1.5 µs against 2 to 3 µs).
    const prefix = `/proc/${readlinkSync("/proc/self")}/fd/`;
    const descriptor = openSync(root.path, O_PATH_FOLDER);
    try {
      return readlinkSync(prefix + descriptor) === root.path ? prefix : undefined;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

export type DescriptorReachOptions = {
  readonly clock: Clock;
  /** From {@link findDescriptorPrefix}. */
  readonly prefix: string;
  /** Descriptor numbers from here on are for others. */
  readonly ceiling?: number | undefined;
};

export class DescriptorReach implements Reach {
  readonly root: DiskRoot;
  readonly clock: Clock;
  readonly #prefix: string;
  readonly #ceiling: number;
  /** By descriptor; they are few and come again and again. */
  readonly #paths: DiskPath[] = [];

  constructor(root: DiskRoot, { clock, prefix, ceiling }: DescriptorReachOptions) {
    this.root = root;
    this.clock = clock;
    this.#prefix = prefix;
    this.#ceiling = ceiling ?? Number.POSITIVE_INFINITY;
  }

  find(path: DiskPath, wanted: Wanted): Reached | undefined {
    const held = this.#take(path, wanted === "folder" ? constants.O_DIRECTORY : 0);
    if (held === undefined) return undefined;
    try {
      const measured = measureOpen(held.descriptor);
      if (isFolder(measured)) return { kind: "folder" };
      if (!isRegular(measured)) return undefined;
      // The same inode by way of its descriptor: no name is looked up again, so one look is enough.
      const descriptor = openSync(this.#pathOf(held.descriptor), O_READ);
      const { hasNoLinks } = held;
      const found = { measured, nowMs: this.clock.nowMs(), root: this.root, hasNoLinks };
      return { kind: "file", file: new DiskFile(path, descriptor, found) };
    } catch (error) {
      return absentOrThrow(error);
    } finally {
      closeSync(held.descriptor);
    }
  }

  look(path: DiskPath): Measurement | undefined {
    const held = this.#take(path, 0);
    if (held === undefined) return undefined;
    try {
      const measured = measureOpen(held.descriptor);
      return isFolder(measured) || isRegular(measured) ? measured : undefined;
    } catch (error) {
      return absentOrThrow(error);
    } finally {
      closeSync(held.descriptor);
    }
  }

  hold(path: DiskPath): HeldFolder | undefined {
    const held = this.#take(path, constants.O_DIRECTORY);
    return held === undefined
      ? undefined
      : new DescriptorFolder(held.descriptor, this.#pathOf(held.descriptor));
  }

  /** Takes hold of what is at `path`, wherever links led, if that is inside the root. */
  #take(path: DiskPath, flags: number): Held | undefined {
    let descriptor = holdWithoutLinks(path, flags);
    const hasNoLinks = descriptor !== undefined;
    try {
      descriptor ??= openSync(path, O_PATH | flags);
      // The system gives out the lowest free number, so this one tells how many there are.
      if (descriptor >= this.#ceiling) throw new StoreError("busy", "Too many files are open");
      if (hasNoLinks) return { descriptor, hasNoLinks };
      const realPath = readlinkSync(this.#pathOf(descriptor));
      // SECURITY: the check of all links, on the descriptor that is used from here on.
      if (isInside(this.root, realPath)) return { descriptor, hasNoLinks: realPath === path };
      closeSync(descriptor);
      return undefined;
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      return absentOrThrow(error);
    }
  }

  #pathOf(descriptor: number): DiskPath {
    return (this.#paths[descriptor] ??= pathOfDescriptor(this.#prefix, descriptor));
  }
}

/** What is held, and whether no part of the path to it is a link. */
type Held = { readonly descriptor: number; readonly hasNoLinks: boolean };

class DescriptorFolder implements HeldFolder {
  readonly path: DiskPath;
  #descriptor: number | undefined;

  constructor(descriptor: number, path: DiskPath) {
    this.#descriptor = descriptor;
    this.path = path;
  }

  get descriptor(): number | undefined {
    return this.#descriptor;
  }

  at(name: string): DiskPath {
    return pathInFolder(this.path, name);
  }

  isInPlace(): boolean {
    return this.#descriptor !== undefined;
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
