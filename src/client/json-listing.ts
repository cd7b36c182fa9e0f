/**
 * Reads a folder's listing as JSON: netfile's own, Caddy's, and that of nginx with `autoindex_format json`. An entry whose
 * name is none is left out and told, so that the others can still be used.
 */
import { isJsonObject } from "../base/json-object.ts";
import { parseHttpDate } from "../semantics/http-date.ts";
import { isPlainName } from "./destination.ts";
import type { RemoteUrl } from "./origin.ts";
import { noListing, parseEntry, type RemoteEntry } from "./remote-entry.ts";

export type ListedEntries = {
  readonly entries: readonly RemoteEntry[];
  /** Names that are none, as they came; not printable yet. */
  readonly unusable: readonly string[];
};

type Value = Readonly<Record<string, unknown>>;

/**
 * Reads the listing of the folder at `url`.
 * @param nowMs the present, for dates with two-digit years.
 * @throws {TransferError} phase `answer` when it is none that is known here.
 */
export function parseJsonListing(text: string, url: RemoteUrl, nowMs: number): ListedEntries {
  const values = listedValues(parseJson(text, url), nowMs);
  if (values === undefined) throw noListing(url, "what the server sent is no listing");
  const entries: RemoteEntry[] = [];
  const unusable: string[] = [];
  for (const value of values) {
    const name = value["name"];
    // SECURITY: a name with a directory in it would be saved somewhere else (CVE-2025-27142, CVE-2014-4877).
    if (typeof name === "string" && !(isPlainName(name) && name.isWellFormed())) unusable.push(name);
    else entries.push(parseEntry(value, url));
  }
  return { entries, unusable };
}

function parseJson(text: string, url: RemoteUrl): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw noListing(url, "what the server sent is not JSON");
  }
}

/** The entries as netfile would have written them; `undefined` when there is no list of objects. */
function listedValues(listing: unknown, nowMs: number): readonly Value[] | undefined {
  const list = isJsonObject(listing) ? listing["entries"] : listing;
  if (!Array.isArray(list)) return undefined;
  const values: readonly unknown[] = list;
  if (!values.every(isJsonObject)) return undefined;
  if (isJsonObject(listing)) return values;
  return values.filter(isFileOrFolder).map((value) => translate(value, nowMs));
}

/** nginx lists sockets and pipes, too, as what they are not. */
function isFileOrFolder({ type }: Value): boolean {
  return type !== "other";
}

function translate(value: Value, nowMs: number): Value {
  return "is_dir" in value ? translateCaddy(value) : translateNginx(value, nowMs);
}

/** `{"name":"sub/","size":4096,"mod_time":"2026-…Z","is_dir":true,…}` */
function translateCaddy({ name, size, mod_time, is_dir }: Value): Value {
  const isFolder = is_dir === true;
  const modified = toInstant(typeof mod_time === "string" ? Date.parse(mod_time) : Number.NaN);
  const plain = isFolder && typeof name === "string" ? name.replace(/\/$/, "") : name;
  return { name: plain, kind: isFolder ? "folder" : "file", size: isFolder ? undefined : size, modified };
}

/** `{"name":"a.txt","type":"file","mtime":"Sat, 21 Nov 2026 05:04:16 GMT","size":3}` */
function translateNginx({ name, type, mtime, size }: Value, nowMs: number): Value {
  const modified = toInstant(typeof mtime === "string" ? parseHttpDate(mtime, nowMs) : undefined);
  return { name, kind: type === "directory" ? "folder" : type, size, modified };
}

/** A date that can't be read is one that isn't known: the file is asked for its own. */
function toInstant(ms: number | undefined): string | undefined {
  return ms === undefined || Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
