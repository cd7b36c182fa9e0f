/**
 * What is known of an unfinished download, kept beside its part file, so that the next run goes on where this one
 * ended: which version of which URL it is, and which bytes of it are there.
 *
 * It never claims bytes that aren't there: `synced` is what was on the disk before the journal was written, `written` what the
 * system had taken, which counts as long as the machine has not been started anew since.
 */
import { readFileSync } from "node:fs";
import { isJsonObject } from "../base/json-object.ts";
import { readBoot } from "../base/process-identity.ts";
import { decodeBase64, encodeBase64 } from "../semantics/base64.ts";
import type { Validator } from "./validator.ts";
import { removeWhole, writeWhole } from "./write-whole.ts";
import { type Extent, WrittenSpans } from "./written-spans.ts";

export type JournalEntry = {
  /** As the user gave it. */
  readonly url: string;
  readonly validator: Validator;
  /** `undefined` while the server has not told. */
  readonly totalBytes: number | undefined;
  /** SHA-256 that the server announced for the whole. */
  readonly sha256: Uint8Array | undefined;
  readonly written: readonly Extent[];
  readonly synced: readonly Extent[];
};

/** What a journal comes to. */
export type Kept = Omit<JournalEntry, "written" | "synced"> & { readonly extents: readonly Extent[] };

const VERSION = 1;
const MAX_EXTENTS = 4096;

/**
 * Writes the journal, whole or not at all.
 * @param durability `disk` waits for the disk; `system` survives the end of this process only.
 * @throws the system's error.
 */
export function writeJournal(path: string, entry: JournalEntry, durability: "disk" | "system"): void {
  const { sha256 } = entry;
  const text = JSON.stringify({
    version: VERSION,
    ...entry,
    sha256: sha256 === undefined ? undefined : encodeBase64(sha256),
    boot: readBoot(),
  });
  writeWhole(path, text, durability);
}

/** Removes a journal, if there is one. Never throws. */
export function removeJournal(path: string): void {
  removeWhole(path);
}

/**
 * Reads a journal that {@link writeJournal} wrote.
 * @returns `undefined` when there is none for `url`, or it can't be understood: the download begins anew then.
 */
export function readJournal(path: string, url: string): Kept | undefined {
  try {
    return checkJournal(JSON.parse(readFileSync(path, "utf8")), url);
  } catch {
    return undefined;
  }
}

function checkJournal(value: unknown, url: string): Kept | undefined {
  if (!isJsonObject(value) || value["version"] !== VERSION || value["url"] !== url) return undefined;
  const validator = checkValidator(value["validator"]);
  const totalBytes = value["totalBytes"];
  if (validator === undefined || (totalBytes !== undefined && !isCount(totalBytes))) return undefined;
  const boot = readBoot();
  const isSameBoot = boot !== "" && value["boot"] === boot;
  const extents = checkExtents(isSameBoot ? value["written"] : value["synced"], totalBytes);
  if (extents === undefined) return undefined;
  const digest = value["sha256"];
  const sha256 = typeof digest === "string" ? decodeBase64(digest) : undefined;
  return { url, validator, totalBytes, sha256: sha256?.length === 32 ? sha256 : undefined, extents };
}

function checkValidator(value: unknown): Validator | undefined {
  if (!isJsonObject(value)) return undefined;
  const { kind, value: text } = value;
  if ((kind !== "tag" && kind !== "date") || typeof text !== "string") return undefined;
  return { kind, value: text };
}

function checkExtents(value: unknown, totalBytes: number | undefined): readonly Extent[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_EXTENTS) return undefined;
  const extents: Extent[] = [];
  for (const item of value) {
    if (!isJsonObject(item)) return undefined;
    const { start, end } = item;
    if (!isCount(start) || !isCount(end) || start > end || end > (totalBytes ?? end)) return undefined;
    extents.push({ start, end });
  }
  return new WrittenSpans(extents).extents;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
