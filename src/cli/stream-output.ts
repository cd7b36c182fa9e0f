/**
 * Places for content that are no files: a device as `/dev/null`, a pipe with a name, a descriptor as `/dev/stdout`. Content is
 * written to them as it comes, as to standard output; no file takes their place.
 */
import {
  constants,
  fstatSync,
  lstatSync,
  open,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";

import { cannotSave } from "../client/disk-error.ts";
import { DescriptorOutput, isTerminalDescriptor, PLAIN, type Output } from "./terminal.ts";

/**
 * Opens `path` for writing if it leads to such a place; `out` where that is the process's own standard output.
 * @returns `undefined` when it leads to a file, a folder, or to nothing yet.
 * @throws {TransferError} phase `save` when it may not be written.
 */
export async function openStream(path: string, out: Output): Promise<Output | undefined> {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isDirectory()) return undefined;
    if (!found.isFIFO() && !found.isCharacterDevice() && !isDescriptor(path)) return undefined;
    if (!found.isCharacterDevice() && isOwnOutput(found)) return out;
    const fd = await openForWriting(path);
    return new DescriptorOutput(fd, { isTerminal: isTerminalDescriptor(fd), colors: PLAIN });
  } catch (error) {
    throw cannotSave(path, error);
  }
}

/** In a thread: a pipe waits for its reader. (A FileHandle would be closed as soon as it is garbage.) */
function openForWriting(path: string): Promise<number> {
  return new Promise((done, fail) => {
    open(path, constants.O_WRONLY, (error, fd) => (error === null ? done(fd) : fail(error)));
  });
}

function isOwnOutput({ dev, ino }: Stats): boolean {
  const own = fstatSync(1);
  return own.dev === dev && own.ino === ino;
}

/** Whether it is `/dev/stdout` or the like, or a link to one: with the output in a file, they lead to that. */
function isDescriptor(path: string): boolean {
  if (isSystemFolder(dirname(path))) return true;
  if (!lstatSync(path).isSymbolicLink()) return false;
  return isSystemFolder(dirname(resolve(dirname(path), readlinkSync(path))));
}

/** Not what is below /dev: /dev/shm holds files. */
function isSystemFolder(folder: string): boolean {
  const real = realpathSync(folder);
  return real === "/dev" || real.startsWith("/proc/");
}
