/**
 * What may be read and saved, decided by names alone, before the disk is touched: a refusal says nothing about what
 * exists.
 */
import type { UrlPath } from "../wire/target.ts";
import type { SitePolicy } from "./policy.ts";

/**
 * What may be found at a path.
 * - `any`: a file or a folder.
 * - `folder-or-forbidden`: only a folder; the type of file is not served, whether there is one or not (403).
 * - `folder-or-missing`: only a folder; a file of that name looks absent (404).
 */
export type Admission = "any" | "folder-or-forbidden" | "folder-or-missing";

/** Names that some system takes for more than one name, or that end early; and what no listing could show. */
const NOT_PLAIN = /[/\\\u0000-\u001f\u007f-\u009f]|^[A-Za-z]:|^\.{0,2}$/;

/**
 * Decides what may be found at `path` by its last name.
 *
 * SECURITY: with a trailing slash the same, so that `/secret.exe/` tells no more than `/secret.exe` (GHSA-964w-f6gj-5236).
 */
export function admit(path: UrlPath, policy: SitePolicy): Admission {
  const name = path.names.at(-1);
  if (name === undefined || allowsFile(name, policy)) return "any";
  return extensionOf(name) === "" ? "folder-or-missing" : "folder-or-forbidden";
}

/** Whether files of this name may be read and saved, by their extension. */
export function allowsFile(name: string, policy: SitePolicy): boolean {
  return policy.allow === "all" || policy.allow.has(extensionOf(name));
}

/** What follows the last dot of `name`, in lower case; empty when there is none, or only one at the beginning or the end. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot + 1).toLowerCase();
}

/** Whether a name is hidden: it begins with a dot, as `.`, `..` and our own temporary files do. */
export function isHiddenName(name: string): boolean {
  return name.startsWith(".");
}

/**
 * Whether a file that comes with a form may be called `fileName`: one plain name, nothing of a path.
 *
 * SECURITY: refused rather than cut to its last part, since two systems would cut it differently (GHSA-wg2q-39h6-66x9).
 */
export function isPlainFileName(fileName: string): boolean {
  return !NOT_PLAIN.test(fileName);
}
