/**
 * Uploads on the disk that outlive their request: the bytes are kept beside the destination, under a name of their own, and
 * are given its name only when all of them are there, as every other upload.
 */
import { closeSync, constants, lstatSync, openSync, unlinkSync } from "node:fs";
import { errorCode } from "../base/failure.ts";
import type { UrlPath } from "../wire/target.ts";
import { O_PART, requireNames, requireSpace } from "./disk-upload.ts";
import { lookBeforeUpload, type Naming } from "./give-name.ts";
import { measureName, measureOpen } from "./file-calls.ts";
import { KnownRecords } from "./known-records.ts";
import { isRegular, isSameFile } from "./measurement.ts";
import { describeThisProcess } from "./part-name.ts";
import type { HeldFolder, Reach } from "./reach.ts";
import type { UnfinishedUpload, UnfinishedUploads, UploadNote, UploadOptions } from "./store.ts";
import { StoreError } from "./store-error.ts";
import { toStoreError } from "./system-error.ts";
import { OpenUnfinished, type UnfinishedParts } from "./open-unfinished.ts";
import {
  dataName,
  DEFAULT_UNFINISHED,
  idOfToken,
  isNewRecordName,
  makeToken,
  parseRecordName,
  readRecord,
  type UnfinishedLimits,
  type UnfinishedRecord,
  writeRecord,
} from "./unfinished-record.ts";
import { UploadPlace } from "./upload-place.ts";

/** What could never be used is removed when it is so old. */
const LEFTOVER_MS = 3_600_000;

// Readable too: at the end the whole file is compared with its digest.
const O_CREATE = (O_PART & ~constants.O_WRONLY) | constants.O_RDWR | constants.O_APPEND;
// SECURITY: never through a link that somebody put there.
const O_REOPEN =
  constants.O_RDWR | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export class DiskUnfinishedUploads implements UnfinishedUploads {
  readonly #reach: Reach;
  readonly #limits: UnfinishedLimits;
  readonly #records = new KnownRecords();
  #machine: string | undefined;

  constructor(reach: Reach, limits: Partial<UnfinishedLimits> = {}) {
    this.#reach = reach;
    this.#limits = { ...DEFAULT_UNFINISHED, ...limits };
  }

  create(path: UrlPath, options: UploadOptions, note: UploadNote): UnfinishedUpload {
    const { parents, name } = requireNames(path, this.#reach.root);
    const token = makeToken();
    const id = idOfToken(token) ?? "";
    const { root, place } = holdFolders(this.#reach);
    try {
      if (this.#records.count(root) >= this.#limits.count) {
        throw new StoreError("busy", "There are too many unfinished uploads");
      }
      for (const parent of parents) place.enter(parent);
      const naming: Naming = { reach: this.#reach, folder: place.folder, part: dataName(id), name, options };
      const mode = lookBeforeUpload(naming);
      if (options.sizeBytes !== undefined) requireSpace(place.folder, options.sizeBytes);
      const record: UnfinishedRecord = {
        names: path.names,
        madeCount: place.madeCount,
        machine: this.#here(),
        syncedBytes: 0,
        note,
      };
      // First the record: a file that it doesn't tell of would stay for ever.
      writeRecord(root, id, record);
      this.#records.add(id);
      const descriptor = openSync(place.folder.at(dataName(id)), O_CREATE, mode);
      const totalBytes = options.sizeBytes ?? 0;
      return this.#makeOpen({ root, place, descriptor, token, id, record, totalBytes });
    } catch (error) {
      this.#records.remove(root, id);
      place.removeMade();
      place.close();
      root.close();
      throw toStoreError(error);
    }
  }

  find(token: string): UnfinishedUpload | undefined {
    const id = idOfToken(token);
    const found = id === undefined ? undefined : this.#open(id, token);
    if (found === undefined || found.expiresMs > this.#reach.clock.nowMs()) return found;
    found.discard();
    return undefined;
  }

  async sweep(): Promise<number> {
    let count = 0;
    try {
      const root = holdRoot(this.#reach);
      try {
        for (const name of await this.#records.read(root)) {
          const id = parseRecordName(name);
          if (id !== undefined && this.#sweepOne(root, id)) count += 1;
          if (isNewRecordName(name)) removeLeftover(root, name, this.#reach.clock.nowMs());
        }
      } finally {
        root.close();
      }
    } catch {
      // The root can't be read now: the next time.
    }
    return count;
  }

  #sweepOne(root: HeldFolder, id: string): boolean {
    try {
      const found = this.#open(id, "");
      if (found === undefined) {
        this.#records.remove(root, id);
        return true;
      }
      const isExpired = found.expiresMs <= this.#reach.clock.nowMs();
      if (isExpired) found.discard();
      else found.close();
      return isExpired;
    } catch {
      return false;
    }
  }

  #open(id: string, token: string): OpenUnfinished | undefined {
    const { root, place } = holdFolders(this.#reach);
    let open: OpenUnfinished | undefined;
    try {
      const record = readRecord(root, id);
      if (record === undefined || !enterParents(place, record, this.#reach)) return undefined;
      const descriptor = openData(place.folder, dataName(id));
      if (descriptor === undefined) return undefined;
      open = this.#makeOpen({ root, place, descriptor, token, id, record, totalBytes: 0 });
      if (record.machine === this.#here() || open.distrust(this.#here())) return open;
      open.discard();
      return undefined;
    } catch (error) {
      open?.close();
      throw toStoreError(error);
    } finally {
      if (open === undefined) {
        place.close();
        root.close();
      }
    }
  }

  #makeOpen(parts: Omit<UnfinishedParts, "reach" | "records" | "lifeMs">): OpenUnfinished {
    const { lifeMs } = this.#limits;
    return new OpenUnfinished({ ...parts, reach: this.#reach, records: this.#records, lifeMs });
  }

  #here(): string {
    return (this.#machine ??= describeThisProcess().machine);
  }
}

function holdRoot(reach: Reach): HeldFolder {
  const root = reach.hold(reach.root.path);
  if (root === undefined) throw new StoreError("failed", "The folder that is served is gone");
  return root;
}

/** Where the records are, and where the way to a destination begins: both or, when it throws, neither. */
function holdFolders(reach: Reach): { readonly root: HeldFolder; readonly place: UploadPlace } {
  const root = holdRoot(reach);
  try {
    return { root, place: new UploadPlace(reach) };
  } catch (error) {
    root.close();
    throw error;
  }
}

/** SECURITY: the names of a record pass the same checks as those of a request. */
function enterParents(place: UploadPlace, record: UnfinishedRecord, reach: Reach): boolean {
  try {
    const { parents } = requireNames({ names: record.names, isFolder: false }, reach.root);
    const firstMade = parents.length - record.madeCount;
    return parents.every((name, index) => place.enterAgain(name, { wasMade: index >= firstMade }));
  } catch (error) {
    // Something else is there by now: the upload has lost its place.
    if (error instanceof StoreError && ["bad-name", "conflict", "denied"].includes(error.kind)) return false;
    throw error;
  }
}

/** @returns `undefined` when there is no such file, or something else. */
function openData(folder: HeldFolder, name: string): number | undefined {
  try {
    // SECURITY: a second name of another file could stand there.
    const measured = measureName(folder.at(name));
    if (measured === undefined || !isRegular(measured) || measured.nameCount !== 1) return undefined;
    const descriptor = openSync(folder.at(name), O_REOPEN);
    if (isSameFile(measureOpen(descriptor), measured)) return descriptor;
    closeSync(descriptor);
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ELOOP") return undefined;
    throw error;
  }
}

function removeLeftover(root: HeldFolder, name: string, nowMs: number): void {
  try {
    if (nowMs - lstatSync(root.at(name)).mtimeMs > LEFTOVER_MS) unlinkSync(root.at(name));
  } catch {
    // Gone already.
  }
}
