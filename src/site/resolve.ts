/**
 * What a path comes to: a file, a folder to list, the way to a folder's own address, or nothing.
 *
 * A folder's own index.html stands for it, except for programs: who prefers JSON to HTML gets the listing (RFC 9110 §12.1).
 */
import { chooseMediaType } from "../semantics/negotiation.ts";
import type { Folder, OpenFile } from "../store/store.ts";
import { formatUrlPath, parseUrlPath, type UrlPath } from "../wire/target.ts";
import { admit, type Admission, allowsFile } from "./access.ts";
import { isFavicon } from "./favicon.ts";
import type { Site, Visit } from "./site.ts";

/** A file that was found; whoever takes it closes it. */
export type FoundFile = {
  readonly file: OpenFile;
  /** Where it was found, as the path of a URL in wire form. */
  readonly rawPath: string;
  readonly name: string;
  /** The file's own address, where it isn't the one that was asked for (RFC 9110 §8.7). */
  readonly contentLocation: string | undefined;
  /** Whether another Accept could have found something else (RFC 9110 §12.5.5). */
  readonly variesByAccept: boolean;
};

export type Resolved =
  | ({ readonly kind: "file" } & FoundFile)
  /** A folder to list; whoever takes it closes it. */
  | { readonly kind: "folder"; readonly path: UrlPath; readonly folder: Folder }
  /** A folder that was asked for without the slash at its end (308). */
  | { readonly kind: "elsewhere"; readonly location: string }
  | { readonly kind: "forbidden" }
  | { readonly kind: "missing" };

/** What a folder can be shown as, in the order of preference. */
export const LISTING_TYPES = ["text/html", "application/json", "text/plain"] as const;

const INDEX_NAME = "index.html";
const MISSING_NAME = "404.html";
const VISIBLE_ASCII = /^[\x21-\x7e]*$/;

/**
 * Finds what is at `path`: an `index.html` stands for its folder, and with `--spa` the root's for every page that is missing.
 *
 * @throws {StoreError} as {@link Store.find}.
 */
export function resolve(visit: Visit, path: UrlPath): Resolved {
  const { policy } = visit.site;
  const admission = admit(path, policy);
  const found = path.isFolder ? resolveFolder(visit, path, admission) : resolveName(visit, path, admission);
  if (found.kind !== "missing" || !policy.spa || isFavicon(path) || !acceptsHtml(visit)) return found;
  return findRootIndex(visit.site) ?? found;
}

/** Whether a page is welcome as an answer; a browser and `*\/*` say yes. */
export function acceptsHtml({ lookup }: Visit): boolean {
  return chooseMediaType(lookup("accept"), LISTING_TYPES) === "text/html";
}

/** Whether JSON is what is wanted, more than HTML: a program wants to know what is in a folder, not to show its page. */
function prefersJson({ lookup }: Visit): boolean {
  return chooseMediaType(lookup("accept"), LISTING_TYPES) === "application/json";
}

/** The root's own index page; `undefined` when it has none, or the whitelist hides it. */
export function findRootIndex(site: Site): Extract<Resolved, { kind: "file" }> | undefined {
  return findPage(site, "/", INDEX_NAME);
}

/** What people are shown in the place of what isn't there: the root's own 404.html or else its index page; `undefined` as above. */
export function findMissingPage(site: Site): Extract<Resolved, { kind: "file" }> | undefined {
  return findPage(site, "/", MISSING_NAME) ?? findRootIndex(site);
}

function resolveName(visit: Visit, path: UrlPath, admission: Admission): Resolved {
  const found = visit.site.store.find(path);
  if (found === undefined) return refusedAs(admission);
  if (found.kind === "folder") return { kind: "elsewhere", location: folderLocation(visit, path) };
  const name = path.names.at(-1) ?? "";
  if (admission === "any") {
    visit.subject = found.file;
    return {
      kind: "file",
      file: found.file,
      rawPath: visit.rawPath,
      name,
      contentLocation: undefined,
      variesByAccept: false,
    };
  }
  found.file.close();
  return refusedAs(admission);
}

function resolveFolder(visit: Visit, path: UrlPath, admission: Admission): Resolved {
  const { site, rawPath } = visit;
  const index = prefersJson(visit) ? undefined : findPage(site, rawPath, INDEX_NAME);
  if (index !== undefined) {
    visit.subject = index.file;
    return { ...index, contentLocation: indexLocation(path) };
  }
  const folder = site.store.folder(path);
  return folder === undefined ? refusedAs(admission) : { kind: "folder", path, folder };
}

function refusedAs(admission: Admission): Resolved {
  return admission === "folder-or-forbidden" ? { kind: "forbidden" } : { kind: "missing" };
}

/** @param rawPath of the folder, ending with a slash. */
function findPage(
  site: Site,
  rawPath: string,
  name: string,
): Extract<Resolved, { kind: "file" }> | undefined {
  if (!allowsFile(name, site.policy)) return undefined;
  const pagePath = rawPath + name;
  const path = parseUrlPath(pagePath);
  const found = path === undefined ? undefined : site.store.find(path);
  if (found?.kind !== "file") return undefined;
  return {
    kind: "file",
    file: found.file,
    rawPath: pagePath,
    name,
    contentLocation: `/${name}`,
    variesByAccept: true,
  };
}

function indexLocation({ names }: UrlPath): string {
  return formatUrlPath([...names, INDEX_NAME], { isFolder: false });
}

/**
 * The folder's address with its slash, and the query as it came.
 * SECURITY: written anew from the decoded names, so that it is always a path on this server (CVE-2021-28861).
 */
function folderLocation({ query }: Visit, path: UrlPath): string {
  const location = formatUrlPath(path.names, { isFolder: true });
  return query !== undefined && VISIBLE_ASCII.test(query) ? `${location}?${query}` : location;
}
