/**
 * Memory as a file: the kernel sends what is in it without that passing through this process. What it has taken stays as it
 * was, even when the place is given to something else before the peer has read it (Linux, memfd_create(2)).
 */
import { closeSync, existsSync, readdirSync, readFileSync, readSync } from "node:fs";
import { encodeUtf8 } from "./bytes.ts";
import { errorCode } from "./failure.ts";
import { libc } from "./libc.ts";
import { once } from "./once.ts";
import type { FileSlice, ReadableFile } from "./piece.ts";
import { writePiece } from "./write-piece.ts";

// Linux: <linux/memfd.h>, <linux/falloc.h>.
const MFD_CLOEXEC = 1;
const FALLOC_FL_KEEP_SIZE_AND_PUNCH_HOLE = 3;

/** Shown in lists of open files. */
const NAME = encodeUtf8("netfile\0");

export class MemoryFile implements ReadableFile {
  readonly fd: number;
  /** A page has one user: only whole ones can be given back. */
  readonly #pageBytes: number;
  /** Places that were given back, by their lengths. */
  readonly #free = new Map<number, number[]>();
  #endPosition = 0;
  #heldBytes = 0;

  private constructor(fd: number, pageBytes: number) {
    this.fd = fd;
    this.#pageBytes = pageBytes;
  }

  /** `undefined` where there is no such thing, or it could not be relied on. */
  static open(): MemoryFile | undefined {
    const calls = mayUseHugePages() ? undefined : libc();
    const fd = calls?.memfd_create(NAME, MFD_CLOEXEC) ?? -1;
    return calls === undefined || fd < 0 ? undefined : new MemoryFile(fd, calls.getpagesize());
  }

  /** Memory that is taken, in bytes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** What `length` bytes take of memory. */
  roomFor(length: number): number {
    return Math.ceil(length / this.#pageBytes) * this.#pageBytes;
  }

  /** Keeps a copy of `bytes`. @returns where it is; `undefined` when the system has no memory for it. */
  keep(bytes: Uint8Array): FileSlice | undefined {
    const roomBytes = this.roomFor(bytes.length);
    const slice = this.#place(bytes.length, roomBytes);
    this.#heldBytes += roomBytes;
    try {
      for (let at = 0; at < bytes.length;) at += writePiece(this.fd, bytes, at, slice.position + at);
      return slice;
    } catch {
      this.release(slice);
      return undefined;
    }
  }

  /** Gives back the memory of `slice`, which {@link keep} has given: once, when nobody will read it any more. */
  release({ position, length }: FileSlice): void {
    const roomBytes = this.roomFor(length);
    this.#heldBytes -= roomBytes;
    // What is on its way to a peer are the pages themselves: a hole leaves them to it, and new ones come in their place.
    const isHole = libc()?.fallocate(
      this.fd,
      FALLOC_FL_KEEP_SIZE_AND_PUNCH_HOLE,
      BigInt(position),
      BigInt(roomBytes),
    );
    if (isHole !== 0) return;
    const free = this.#free.get(roomBytes);
    if (free === undefined) this.#free.set(roomBytes, [position]);
    else free.push(position);
  }

  read(target: Uint8Array, position: number): number {
    return readSync(this.fd, target, 0, target.length, position);
  }

  /** Gives back everything. */
  close(): void {
    closeSync(this.fd);
  }

  #place(length: number, roomBytes: number): FileSlice {
    let position = this.#free.get(roomBytes)?.pop();
    if (position === undefined) {
      position = this.#endPosition;
      this.#endPosition += roomBytes;
    }
    return { kind: "slice", file: this, position, length };
  }
}

const HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage";

/**
 * SECURITY: a hole in a huge page only empties it, and what comes to the place next would be seen by who still reads what was there.
 * Systems use small ones for such memory, unless they are told otherwise.
 */
const mayUseHugePages = once((): boolean => {
  try {
    const settings = readdirSync(HUGE_PAGES)
      .filter((name) => name.startsWith("hugepages-"))
      .map((name) => `${HUGE_PAGES}/${name}/shmem_enabled`);
    return [`${HUGE_PAGES}/shmem_enabled`, ...settings.filter((path) => existsSync(path))].some((path) =>
      /\[(?:always|within_size|force)\]/.test(readFileSync(path, "latin1")),
    );
  } catch (error) {
    // A kernel without huge pages has no settings for them.
    return errorCode(error) !== "ENOENT" || !existsSync("/sys/kernel/mm");
  }
});
