/**
 * How a path becomes an open file: symbolic links are followed, and it is made sure that they did not leave the root.
 * There are two ways to do that; which one a system allows is found out once, when a store is opened.
 */
import type { Clock } from "../base/clock.ts";
import type { DiskPath, DiskRoot } from "./confine.ts";
import type { DiskFile } from "./disk-file.ts";
import type { Measurement } from "./measurement.ts";

export interface Reach {
  readonly root: DiskRoot;
  readonly clock: Clock;
  /**
   * Opens a regular file for reading, or says that there is a folder. Anything else, and whatever is outside, is
   * absent.
   */
  find(path: DiskPath, wanted: Wanted): Reached | undefined;
  /** Measures a regular file or a folder without opening it; absent as in {@link find}. */
  look(path: DiskPath): Measurement | undefined;
  /** Takes hold of a folder; absent as in {@link find}, or when it is not a folder. */
  hold(path: DiskPath): HeldFolder | undefined;
}

export type Wanted = "file or folder" | "folder";

export type Reached = { readonly kind: "file"; readonly file: DiskFile } | { readonly kind: "folder" };

/** A folder inside the root, held so that its names can be used whatever happens to the path that led there. */
export interface HeldFolder {
  /** Leads to this very folder as long as it is held. */
  readonly path: DiskPath;
  /** By which it is held; `undefined` where its path is all there is. It can't be read, only looked into. */
  readonly descriptor: number | undefined;
  /** The path of one of its names. */
  at(name: string): DiskPath;
  /** Whether {@link path} still leads here: always true where a descriptor holds the folder. */
  isInPlace(): boolean;
  /** A second call does nothing. */
  close(): void;
}
