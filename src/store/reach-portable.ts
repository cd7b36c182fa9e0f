/**
 * The way for systems that can't tell where a descriptor is: resolve the path, check it, open what is there, then
 * make sure that the path still leads to what was opened.
 *
 * SECURITY: this leaves a race. Somebody who may rename folders inside the root, and who swaps one for a link several
 * times at exactly the right moments of one look-up, can have a file outside of it read. A peer can't do that:
 * uploads make no links. Linux goes the other way, `reach-descriptor`, where there is no such moment.
 */
import { closeSync, constants, openSync, realpathSync } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { confineRealPath, type DiskPath, type DiskRoot, pathInFolder } from "./confine.ts";
import { DiskFile } from "./disk-file.ts";
import { measureName, measureOpen } from "./file-calls.ts";
import { isFolder, isRegular, isSameFile, type Measurement } from "./measurement.ts";
import type { HeldFolder, Reach, Reached, Wanted } from "./reach.ts";
import { absentOrThrow, isAbsence } from "./system-error.ts";

// Windows has none of the last three. O_NONBLOCK: a FIFO that takes a file's place must not stop the server.
const O_READ =
  constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NOCTTY ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Where something really is, and what it was when that was asked. */
type Place = { readonly path: DiskPath; readonly measured: Measurement };

export class PortableReach implements Reach {
  readonly root: DiskRoot;
  readonly clock: Clock;

  constructor(root: DiskRoot, clock: Clock) {
    this.root = root;
    this.clock = clock;
  }

  find(path: DiskPath, wanted: Wanted): Reached | undefined {
    const place = this.#locate(path);
    if (place === undefined) return undefined;
    if (isFolder(place.measured)) return { kind: "folder" };
    return wanted === "folder" ? undefined : this.#open(path, place);
  }

  look(path: DiskPath): Measurement | undefined {
    return this.#locate(path)?.measured;
  }

  hold(path: DiskPath): HeldFolder | undefined {
    const place = this.#locate(path);
    return place !== undefined && isFolder(place.measured) ? new PortableFolder(place) : undefined;
  }

  #locate(path: DiskPath): Place | undefined {
    try {
      const real = confineRealPath(this.root, realpathSync.native(path));
      if (real === undefined) return undefined;
      const measured = measureName(real);
      if (measured === undefined || !(isFolder(measured) || isRegular(measured))) return undefined;
      return { path: real, measured };
    } catch (error) {
      return absentOrThrow(error);
    }
  }

  #open(path: DiskPath, place: Place): Reached | undefined {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(place.path, O_READ);
      const measured = measureOpen(descriptor);
      if (isSameFile(measured, place.measured) && isStillAt(place)) {
        return {
          kind: "file",
          file: new DiskFile(path, descriptor, {
            measured,
            nowMs: this.clock.nowMs(),
            root: this.root,
            hasNoLinks: place.path === path,
          }),
        };
      }
      closeSync(descriptor);
      return undefined;
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      return absentOrThrow(error);
    }
  }
}

class PortableFolder implements HeldFolder {
  readonly path: DiskPath;
  readonly descriptor = undefined;
  readonly #place: Place;
  #isHeld = true;

  constructor(place: Place) {
    this.path = place.path;
    this.#place = place;
  }

  at(name: string): DiskPath {
    return pathInFolder(this.path, name);
  }

  isInPlace(): boolean {
    return this.#isHeld && isStillAt(this.#place);
  }

  close(): void {
    this.#isHeld = false;
  }
}

/**
 * Whether the path leads to the same thing as before, without a link on the way. Asked twice over, in turns: whoever
 * swaps folders has to hit the gap between each two of these calls.
 */
function isStillAt(place: Place): boolean {
  try {
    return isOnceAt(place) && isOnceAt(place);
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  }
}

function isOnceAt({ path, measured }: Place): boolean {
  if (realpathSync.native(path) !== path) return false;
  const seen = measureName(path);
  return seen !== undefined && isSameFile(seen, measured);
}
