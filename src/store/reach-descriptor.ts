/**
 * The way of Linux, without a race: take hold of the target with `O_PATH`, ask the kernel where that descriptor
 * really is, and only then open the descriptor itself. What is checked is what is opened, however links are swapped
 * meanwhile.
 *
 * `O_PATH` opens nothing: no FIFO waits for its writer and no device notices. A file on whose path there is no link, as of
 * nearly all, is opened in fewer steps (`file-calls`): such a path leads nowhere but below the root.
 */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readlinkSync } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { type DiskPath, type DiskRoot, isInside, pathInFolder, pathOfDescriptor } from "./confine.ts";
import { BIGINT, DiskFile, isFolderMode, isRegularMode } from "./disk-file.ts";
import { type OpenedFile, openUnlinked } from "./file-calls.ts";
import { measurementOf } from "./measurement.ts";
import type { HeldFolder, Reach, Reached, Wanted } from "./reach.ts";
import { StoreError } from "./store-error.ts";
import { absentOrThrow } from "./system-error.ts";

// Missing in node:fs; the same number on every architecture that Bun runs on. O_CLOEXEC is added by the runtime.
const O_PATH = 0o10000000;
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
    if (wanted === "folder") return this.#findLinked(path, O_PATH_FOLDER);
    const opened = openUnlinked(path);
    if (opened === undefined) return this.#findLinked(path, O_PATH);
    try {
      this.#requireRoom(opened.descriptor);
    } catch (error) {
      closeSync(opened.descriptor);
      throw error;
    }
    return this.#reached(path, opened, true);
  }

  /** As {@link find}, wherever links on the path lead. */
  #findLinked(path: DiskPath, flags: number): Reached | undefined {
    const held = this.#take(path, flags);
    if (held === undefined) return undefined;
    try {
      const stats = fstatSync(held, BIGINT);
      if (isFolderMode(stats)) return { kind: "folder" };
      if (!isRegularMode(stats)) return undefined;
      // The same inode by way of its descriptor: no name is looked up again, so one fstat is enough.
      const descriptor = openSync(this.#pathOf(held), O_READ);
      const isUnlinked = readlinkSync(this.#pathOf(held)) === path;
      return this.#reached(path, { descriptor, measured: measurementOf(stats) }, isUnlinked);
    } catch (error) {
      return absentOrThrow(error);
    } finally {
      closeSync(held);
    }
  }

  #reached(path: DiskPath, { descriptor, measured }: OpenedFile, isUnlinked: boolean): Reached {
    const found = { measured, nowMs: this.clock.nowMs(), root: this.root, isUnlinked };
    return { kind: "file", file: new DiskFile(path, descriptor, found) };
  }

  look(path: DiskPath): BigIntStats | undefined {
    const held = this.#take(path, O_PATH);
    if (held === undefined) return undefined;
    try {
      const stats = fstatSync(held, BIGINT);
      return isFolderMode(stats) || isRegularMode(stats) ? stats : undefined;
    } catch (error) {
      return absentOrThrow(error);
    } finally {
      closeSync(held);
    }
  }

  hold(path: DiskPath): HeldFolder | undefined {
    const held = this.#take(path, O_PATH_FOLDER);
    return held === undefined ? undefined : new DescriptorFolder(held, this.#pathOf(held));
  }

  /** A descriptor of what is at `path`, wherever links led, if that is inside the root. */
  #take(path: DiskPath, flags: number): number | undefined {
    let held: number | undefined;
    try {
      held = openSync(path, flags);
      this.#requireRoom(held);
      // SECURITY: the check of all links, on the descriptor that is used from here on.
      if (isInside(this.root, readlinkSync(this.#pathOf(held)))) return held;
      closeSync(held);
      return undefined;
    } catch (error) {
      if (held !== undefined) closeSync(held);
      return absentOrThrow(error);
    }
  }

  /** The system gives out the lowest free number, so that of what was opened last tells how many there are. */
  #requireRoom(descriptor: number): void {
    if (descriptor >= this.#ceiling) throw new StoreError("busy", "Too many files are open");
  }

  #pathOf(descriptor: number): DiskPath {
    return (this.#paths[descriptor] ??= pathOfDescriptor(this.#prefix, descriptor));
  }
}

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
