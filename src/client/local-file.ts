/**
 * A file of this machine that is being sent: measured when it is opened, and watched for changes while it is read.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from "node:fs";
import type { FileSlice, ReadableFile } from "../base/piece.ts";
import type { Content } from "./content.ts";
import { cannotRead } from "./disk-error.ts";

/** What tells one version of one file from every other: written to or replaced, it is another one. */
export type FileIdentity = {
  readonly device: string;
  readonly inode: string;
  readonly sizeBytes: number;
  readonly modifiedNs: string;
};

/** After each of these the file is looked at, and progress is counted. */
const SLICE_BYTES = 256 * 1024;

export class LocalFile implements ReadableFile, Content {
  readonly isRepeatable = true;
  readonly path: string;
  readonly sizeBytes: number;
  readonly identity: FileIdentity;
  readonly #modifiedNs: bigint;
  #fd: number;

  /**
   * Opens the regular file at `path`.
   * @throws {TransferError} phase `read`.
   */
  constructor(path: string) {
    this.path = path;
    this.#fd = openForReading(path);
    try {
      const stats = measure(path, this.#fd);
      refuseIrregular(path, stats);
      this.sizeBytes = Number(stats.size);
      this.#modifiedNs = stats.mtimeNs;
      this.identity = {
        device: String(stats.dev),
        inode: String(stats.ino),
        sizeBytes: this.sizeBytes,
        modifiedNs: String(stats.mtimeNs),
      };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The descriptor; `undefined` once the file is closed. */
  get fd(): number | undefined {
    return this.#fd < 0 ? undefined : this.#fd;
  }

  read(target: Uint8Array, position: number): number {
    return readSync(this.#fd, target, 0, target.length, position);
  }

  /**
   * @throws {TransferError} phase `read` when the file has been written to since it was opened: what would be sent is
   *   neither the old content nor the new; or when the disk doesn't tell.
   */
  throwIfChanged(): void {
    const stats = measure(this.path, this.#fd);
    if (Number(stats.size) === this.sizeBytes && stats.mtimeNs === this.#modifiedNs) return;
    throw cannotRead(this.path, "it changed while it was being read; nothing was saved there, try again");
  }

  next(position: number): FileSlice | "end" {
    if (position === this.sizeBytes) return "end";
    this.throwIfChanged();
    return { kind: "slice", file: this, position, length: Math.min(SLICE_BYTES, this.sizeBytes - position) };
  }

  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    closeSync(fd);
  }
}

function openForReading(path: string): number {
  try {
    // Without O_NONBLOCK, opening a pipe would wait for a writer, perhaps for ever. Windows has no such flag.
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw cannotRead(path, error);
  }
}

function measure(path: string, fd: number): BigIntStats {
  try {
    return fstatSync(fd, { bigint: true });
  } catch (error) {
    throw cannotRead(path, error);
  }
}

function refuseIrregular(path: string, stats: BigIntStats): void {
  if (stats.isFile()) return;
  throw cannotRead(
    path,
    stats.isDirectory() ? "it is a folder; send what is in it with -r" : "it is not a regular file",
  );
}
