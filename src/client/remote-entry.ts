/**
 * An entry of a folder on a server, as its listing tells. Every value is checked: the names end up in requests and on disks.
 */
import { isJsonObject } from "../base/json-object.ts";
import { isPlainName } from "./destination.ts";
import { formatRemoteUrl, type RemoteUrl } from "./origin.ts";
import { TransferError } from "./transfer-error.ts";

export type RemoteEntry = {
  /** A plain name: no separator, not `..`. It is still the server's word, to be made printable before it is shown. */
  readonly name: string;
  readonly kind: "file" | "folder";
  readonly sizeBytes: number | undefined;
  readonly modifiedMs: number | undefined;
};

const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/u;

/**
 * Reads one entry of a listing.
 * @throws {TransferError} phase `answer` when it is none.
 */
export function parseEntry(value: unknown, url: RemoteUrl): RemoteEntry {
  if (!isJsonObject(value)) throw noListing(url, "an entry of the listing is malformed");
  const { name, kind, size, modified } = value;
  // SECURITY: a name with a directory in it would be asked for, and saved, somewhere else (CVE-2025-27142).
  if (typeof name !== "string" || !isPlainName(name) || !name.isWellFormed()) {
    throw noListing(url, "the listing holds a name that is none");
  }
  if (kind !== "file" && kind !== "folder")
    throw noListing(url, "the listing holds an entry of unknown kind");
  if (size !== undefined && !isSize(size)) throw noListing(url, "the listing holds a size that is none");
  return { name, kind, sizeBytes: size, modifiedMs: parseInstant(modified, url) };
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function parseInstant(value: unknown, url: RemoteUrl): number | undefined {
  if (value === undefined) return undefined;
  const instantMs = typeof value === "string" && ISO_INSTANT.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(instantMs)) throw noListing(url, "the listing holds a date that is none");
  return instantMs;
}

/** The error for a folder that can't be listed, and why. */
export function noListing(url: RemoteUrl, reason: string): TransferError {
  return new TransferError("answer", `Cannot list ${formatRemoteUrl(url)}: ${reason}`);
}
