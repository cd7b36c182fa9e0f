/**
 * What is written down about an unfinished upload, so that a later process can go on with it: a small file in the root,
 * `.netfile-upload-<id>.json`. Its bytes are beside the destination, in `.netfile-upload-<id>.data`. Both names are hidden,
 * and so neither found nor listed.
 */
import { closeSync, constants, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { randomHex } from "../base/bytes.ts";
import { syncDescriptor, syncFolder } from "../base/disk-flush.ts";
import { removeQuietly } from "../base/remove-quietly.ts";
import type { DiskPath } from "./confine.ts";
import type { HeldFolder } from "./reach.ts";
import type { UploadNote } from "./store.ts";

export type UnfinishedLimits = {
  /** From the last byte on, in ms. */
  readonly lifeMs: number;
  /** Further ones are refused. */
  readonly count: number;
};

/**
 * SECURITY: each unfinished upload takes space for as long as it lives, and a client that only begins them costs nothing to
 * run; so they are few, and end.
 */
export const DEFAULT_UNFINISHED: UnfinishedLimits = { lifeMs: 86_400_000, count: 256 };

export type UnfinishedRecord = {
  /** Of the destination, from the root. */
  readonly names: readonly string[];
  /** So many of the innermost folders were made for it. */
  readonly madeCount: number;
  /** Where it was written: machine and boot, as in the names of temporary files. */
  readonly machine: string;
  /** So many bytes survive a loss of power. */
  readonly syncedBytes: number;
  readonly note: UploadNote;
};

const TOKEN = /^[A-Za-z0-9_-]{22}$/;
const RECORD_NAME = /^\.netfile-upload-([0-9a-f]{32})\.json$/;
const DATA_NAME = /^\.netfile-upload-[0-9a-f]{32}\.data$/;
const NEW_NAME = /^\.netfile-upload-[0-9a-f]{32}\.json\.[0-9a-f]{8}\.new$/;

const O_NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** SECURITY: 128 bits of the system's random source: who doesn't know it can't find it. */
export function makeToken(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
}

/**
 * SECURITY: what stands on the disk is a digest of the token: who reads the names in a folder, or a backup, can't go on with
 * an upload; and how far a guess is right can't be told by the time that a look-up takes.
 * @returns `undefined` for what is no token.
 */
export function idOfToken(token: string): string | undefined {
  return TOKEN.test(token) ? Bun.SHA256.hash(token, "hex").slice(0, 32) : undefined;
}

/** Name of the record, in the root. */
export function recordName(id: string): string {
  return `.netfile-upload-${id}.json`;
}

/** Name of the file that holds the bytes, in the destination's folder. */
export function dataName(id: string): string {
  return `.netfile-upload-${id}.data`;
}

/** @returns the id, `undefined` for another file's name. */
export function parseRecordName(name: string): string | undefined {
  return RECORD_NAME.exec(name)?.[1];
}

/** Whether a file of this name holds the bytes of an unfinished upload. */
export function isDataName(name: string): boolean {
  return DATA_NAME.test(name);
}

/** Whether a file of this name is a record that was being written. */
export function isNewRecordName(name: string): boolean {
  return NEW_NAME.test(name);
}

/** Reads a record; `undefined` when it isn't there or isn't whole. Throws the system's other errors. */
export function readRecord(root: HeldFolder, id: string): UnfinishedRecord | undefined {
  let text: string;
  try {
    text = readFileSync(root.at(recordName(id)), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a record, in place of the one before as a whole. Throws the system's error, and leaves nothing then. */
export function writeRecord(root: HeldFolder, id: string, record: UnfinishedRecord): void {
  const path = root.at(newName(id));
  try {
    closeSync(writeNew(path, record));
    renameSync(path, root.at(recordName(id)));
  } catch (error) {
    removeQuietly(path);
    throw error;
  }
}

/** The same, and makes it durable. Rejects with the system's error. */
export async function writeRecordDurably(
  root: HeldFolder,
  id: string,
  record: UnfinishedRecord,
): Promise<void> {
  const path = root.at(newName(id));
  try {
    const descriptor = writeNew(path, record);
    await syncDescriptor(descriptor).finally(() => closeSync(descriptor));
    renameSync(path, root.at(recordName(id)));
  } catch (error) {
    removeQuietly(path);
    throw error;
  }
  await syncFolder(root.path);
}

/** @returns the descriptor by which it is open. */
function writeNew(path: DiskPath, record: UnfinishedRecord): number {
  const descriptor = openSync(path, O_NEW, 0o600);
  try {
    writeSync(descriptor, JSON.stringify(record));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Never throws: what stays, the sweep finds. */
export function removeRecord(root: HeldFolder, id: string): void {
  removeQuietly(root.at(recordName(id)));
}

function newName(id: string): string {
  return `${recordName(id)}.${randomHex(4)}.new`;
}

/** SECURITY: written by ourselves, but whoever writes in the folder can change it: nothing of it is taken on trust. */
function isRecord(value: unknown): value is UnfinishedRecord {
  if (typeof value !== "object" || value === null) return false;
  const { names, madeCount, machine, syncedBytes, note }: Partial<Record<keyof UnfinishedRecord, unknown>> =
    value;
  return (
    Array.isArray(names) &&
    names.every((name) => typeof name === "string") &&
    isCount(madeCount) &&
    madeCount < names.length &&
    typeof machine === "string" &&
    isCount(syncedBytes) &&
    typeof note === "object" &&
    note !== null &&
    Object.values(note).every((each) => typeof each === "string")
  );
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
