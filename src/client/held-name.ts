/**
 * Whether this machine's file systems can hold a name that a server has.
 */
import { isPlainName, windowsName } from "./destination.ts";

const MAX_NAME_BYTES = 255;

/**
 * Why `name` can't be a file's name here, as a sentence's end; `undefined` when it can.
 *
 * SECURITY: a name that leads out of its folder is none on any system (CVE-2014-4877, CVE-2025-27142).
 */
export function whyNotHeld(name: string, platform: string = process.platform): string | undefined {
  if (/^\.{0,2}$|[/\0]/.test(name)) return "the name would lead out of the folder";
  if (!isPlainName(name)) return "other systems read the name as a path";
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `the name is longer than ${MAX_NAME_BYTES} bytes`;
  if (!name.isWellFormed()) return "the name is not valid Unicode";
  if (platform === "win32" && windowsName(name) !== name) return "Windows can't hold this name";
  return undefined;
}

/** Why what a listing has, encoded perhaps, is no name of an entry, as a sentence's end. */
export function whyNotListed(listed: string): string {
  const name = decoded(listed).replace(/^\.\/(?=.)|(?<=.)\/$/g, "");
  return whyNotHeld(name) ?? "the name is not valid UTF-8";
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * What two names have in common that are one to the file system: on Windows and macOS, capitals and ways to write an
 * accent make no difference.
 */
export function foldName(name: string, platform: string = process.platform): string {
  return platform === "win32" || platform === "darwin" ? name.normalize("NFC").toLowerCase() : name;
}

/** Whether a name is hidden, as `.git` is: such names are neither mirrored nor deleted. */
export function isHiddenName(name: string): boolean {
  return name.startsWith(".");
}
