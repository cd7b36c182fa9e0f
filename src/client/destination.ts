/**
 * Decides, before anything is asked, under which name a download will be saved. The name comes from the user: from the
 * path he gave, or from the URL he gave, never from the server.
 */
import { lstatSync, mkdirSync, statSync, type Stats } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { asBuffer, decodeUtf8, encodeLatin1 } from "../base/bytes.ts";
import { errorCode } from "../base/failure.ts";
import { printable } from "../base/printable.ts";
import { alreadyThere, cannotSave } from "./disk-error.ts";
import { formatRemoteUrl, pathOf, type RemoteUrl } from "./origin.ts";

/** A place for a file: an existing folder (absolute path), and a plain name in it. */
export type Place = { readonly folder: string; readonly name: string; readonly isForced: boolean };

const DEFAULT_NAME = "index.html";
const MAX_NAME_BYTES = 255;

/**
 * Finds the place for a download of `url` into `path`.
 *
 * @param path a folder, or the file's name in an existing folder; a `/` at its end means a folder, which is made if it is
 *   missing.
 * @param options.force whether a file there may be replaced.
 * @throws {TransferError} phase `exists` when something is there, `save` when it can't be made there.
 */
export function resolvePlace(path: string, url: RemoteUrl, options: { readonly force: boolean }): Place {
  if (path === "" || path.includes("\0"))
    throw cannotSave(path, "that is no path; give a folder or a file name");
  const found = lookAt(path);
  const isFolder = found?.end?.isDirectory() === true;
  const { force: isForced } = options;
  if (!isFolder && !endsWithSeparator(path)) {
    const place = { folder: parentOf(path), name: basename(path), isForced };
    refuseExisting(place, found);
    return place;
  }
  if (!isFolder) makeFolder(path);
  const place = { folder: resolve(path), name: nameFromUrl(url), isForced };
  refuseLongName(place.name);
  refuseExisting(place, lookAt(join(place.folder, place.name)));
  return place;
}

/**
 * The name that a URL suggests: the last segment of its path, decoded (`index.html` for a path that ends in `/`).
 * Characters that would steer a terminal become `_`.
 *
 * SECURITY: only ever call this with the URL that the user gave, not with one that a server redirected to
 * (CVE-2019-10751, CVE-2016-4971).
 *
 * @throws {TransferError} phase `save` when it is no plain name.
 */
export function nameFromUrl(url: RemoteUrl): string {
  const path = pathOf(url);
  const segment = path.slice(path.lastIndexOf("/") + 1);
  if (segment === "") return DEFAULT_NAME;
  const decoded = decodeSegment(segment);
  if (decoded === undefined || !isPlainName(decoded)) {
    throw cannotSave(formatRemoteUrl(url), "its last part is no file name; give a name to save it under");
  }
  const name = Array.from(decoded, underscoreUnprintable).join("");
  return process.platform === "win32" ? windowsName(name) : name;
}

/**
 * SECURITY: whether `name` stays in its folder on every system: no separator of any of them, no `.` or `..`, no drive
 * (CVE-2025-27142, GHSA-ppjh-xp5v-46wc).
 */
export function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\\\u0000]|^[A-Za-z]:/u.test(name);
}

/** What Windows forbids becomes `_`; a device's name (`nul.txt` is one too) gets a `_` in front. */
export function windowsName(name: string): string {
  const allowed = name.replaceAll(/[<>:"|?*]|[. ]+$/gu, "_");
  return /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/iu.test(allowed) ? `_${allowed}` : allowed;
}

function underscoreUnprintable(character: string): string {
  return printable(character) === character ? character : "_";
}

/** Decodes once: `%252e` is the three characters `%2e`. */
function decodeSegment(segment: string): string | undefined {
  const latin1 = segment.replaceAll(/%([0-9A-Fa-f]{2})/gu, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return decodeUtf8(asBuffer(encodeLatin1(latin1)));
}

/** What is at a path, and at the end of the link that it may be: nothing, if that leads nowhere. */
type Found = { readonly end: Stats | undefined };

function lookAt(path: string): Found | undefined {
  const found = statOrAbsent(path, lstatSync);
  if (found === undefined) return undefined;
  return { end: found.isSymbolicLink() ? statOrAbsent(path, statSync) : found };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw cannotSave(path, error);
  }
}

function endsWithSeparator(path: string): boolean {
  return path.endsWith("/") || (process.platform === "win32" && path.endsWith("\\"));
}

function parentOf(path: string): string {
  const folder = resolve(dirname(path));
  const found = statOrAbsent(folder, statSync);
  if (found === undefined) throw cannotSave(path, `there is no folder "${printable(folder)}"; make it first`);
  if (!found.isDirectory()) throw cannotSave(path, `"${printable(folder)}" is not a folder`);
  return folder;
}

function refuseLongName(name: string): void {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return;
  throw cannotSave(name.slice(0, 40), "the name is too long for a file; give another name to save it under");
}

/** Looked at once more, and without a race, when the file gets its name: see {@link FileSink.commit}. */
function refuseExisting(place: Place, found: Found | undefined): void {
  if (found === undefined) return;
  const path = join(place.folder, place.name);
  if (!place.isForced) throw alreadyThere(path);
  // A device or a pipe would be replaced by a file, which nobody wants of /dev/null; nor of a link to it.
  if (found.end?.isFile() === false) {
    throw cannotSave(path, "what is there is not a file; choose another name");
  }
}

function statOrAbsent(
  path: string,
  stat: (path: string, options: { throwIfNoEntry: false }) => Stats | undefined,
): Stats | undefined {
  try {
    return stat(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errorCode(error) === "ENOTDIR") return undefined;
    throw cannotSave(path, error);
  }
}
