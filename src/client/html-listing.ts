/**
 * Reads the links out of a folder's page as nginx, Apache, Caddy, lighttpd and Python write it. This is no HTML parser: it
 * finds the `href` of `<a>` tags as the standard's tokenizer would (HTML §13.2.5), and passes over whatever it doesn't know.
 */
import { parseUrlPath } from "../wire/target.ts";
import { isPlainName } from "./destination.ts";
import { resolveLocation, UrlError, type RemoteUrl } from "./origin.ts";

/** A link to something right below the folder. */
export type ListedLink = { readonly name: string; readonly kind: "file" | "folder" };

export type ListedLinks = {
  readonly links: readonly ListedLink[];
  /** Links below the folder whose names are none, as they stood there; not printable yet. */
  readonly unusable: readonly string[];
};

/** Elements whose content is text, whatever it looks like. */
const RAW_TEXT = /^(?:script|style|textarea|title|xmp|iframe|noembed|noframes)$/;
const TAG_NAME = /[a-z][^\s/>]*/iy;
const ATTRIBUTE_NAME = /[\s/]*([^\s/>][^\s/>=]*)(\s*=\s*)?/y;
const UNQUOTED = /[^\s>]*/y;
const TAG_END = /[\s/]*>/y;

/** Stands where a listing was not UTF-8: what stood there can't be asked for. */
export const REPLACED = "\ufffd";

const LISTING_TITLES = /<title>\s*(?:index of|directory listing for)\s*\//i;
/** Caddy's page has the folder's name as its title, and these two. */
const CADDY_MARKS: readonly string[] = ['id="summary"', 'class="listing"'];

/**
 * Whether a page is the listing of a folder, by what the servers that write them put there. A page that somebody wrote
 * must not be taken for one: what it doesn't link to may be there all the same.
 */
export function isHtmlListing(html: string): boolean {
  return LISTING_TITLES.test(html) || CADDY_MARKS.every((mark) => html.includes(mark));
}

/**
 * The entries of the folder at `url` that its page links to, each once. Links to anywhere else (its parent, other folders,
 * other servers, the same page in another order) are no entries.
 *
 * SECURITY: a name is what the link leads to, decoded once, and never what stands between the tags. One that is no plain
 * name (`..%2f..%2fetc%2fpasswd`) is told as unusable.
 */
export function readHtmlListing(html: string, url: RemoteUrl): ListedLinks {
  const links = new Map<string, ListedLink>();
  const unusable = new Set<string>();
  for (const href of scanHrefs(html)) {
    const tail = tailBelow(href, url);
    if (tail === undefined) continue;
    const link = parseTail(tail);
    if (link === "unusable" || href.includes(REPLACED)) unusable.add(href);
    else if (link === "deeper") continue;
    else if (!links.has(link.name)) links.set(link.name, link);
  }
  return { links: [...links.values()], unusable: [...unusable] };
}

/** What a link adds to the folder's path, encoded; `undefined` when it leads elsewhere. */
function tailBelow(href: string, url: RemoteUrl): string | undefined {
  // An order to sort in (`?C=N;O=D`), a place on the page, the page itself.
  if (href === "" || /[?#]/.test(href)) return undefined;
  const base = folderTarget(url);
  const target = targetOf(href, { origin: url.origin, target: base });
  if (target === undefined || !target.startsWith(base) || target === base) return undefined;
  return target.slice(base.length);
}

/** The path up to its last slash; a query isn't part of where entries are. */
function folderTarget({ target }: RemoteUrl): string {
  const [path = ""] = target.split("?", 1);
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function targetOf(href: string, base: RemoteUrl): string | undefined {
  try {
    // The reference comes as text here, and is taken as octets there.
    const { origin, target } = resolveLocation(base, Buffer.from(href, "utf8").toString("latin1"));
    return origin.host === base.origin.host && origin.port === base.origin.port ? target : undefined;
  } catch (error) {
    // A name such as "a:b" reads as a scheme, as browsers read it too; a listing writes "./a:b".
    if (error instanceof UrlError) return undefined;
    throw error;
  }
}

/** Something deeper down is no entry of this folder: it is one of the folder that it is in. */
function parseTail(tail: string): ListedLink | "deeper" | "unusable" {
  const path = parseUrlPath(`/${tail}`);
  if (path !== undefined && path.names.length > 1) return "deeper";
  const [name] = path?.names ?? [];
  if (path === undefined || name === undefined || !isPlainName(name)) return "unusable";
  return { name, kind: path.isFolder ? "folder" : "file" };
}

/** The `href` of each `<a>` in order, its character references decoded. */
export function scanHrefs(html: string): readonly string[] {
  const hrefs: string[] = [];
  let at = html.indexOf("<");
  while (at >= 0) {
    const tag = readTag(html, at);
    if (tag === "cut") break;
    if (tag === undefined) {
      at = html.indexOf("<", skipMarkup(html, at));
      continue;
    }
    if (tag.name === "a" && tag.href !== undefined) hrefs.push(decodeReferences(tag.href));
    const next = RAW_TEXT.test(tag.name) ? endOfRawText(html, tag) : tag.end;
    at = html.indexOf("<", next);
  }
  return hrefs;
}

type Tag = { readonly name: string; readonly href: string | undefined; readonly end: number };

/**
 * The start tag at `at`; `undefined` when there is none, `cut` when the page ends in it. There is no third way, so that
 * nothing is read twice.
 */
function readTag(html: string, at: number): Tag | "cut" | undefined {
  const name = matchAt(TAG_NAME, html, at + 1)?.[0];
  if (name === undefined) return undefined;
  let end = at + 1 + name.length;
  let href: string | undefined;
  for (;;) {
    const close = matchAt(TAG_END, html, end);
    if (close !== undefined) return { name: name.toLowerCase(), href, end: end + close[0].length };
    const attribute = readAttribute(html, end);
    if (attribute === undefined) return "cut";
    end = attribute.end;
    // The first one counts (HTML §13.2.5.33).
    if (attribute.name.toLowerCase() === "href") href ??= attribute.value;
  }
}

type Attribute = { readonly name: string; readonly value: string; readonly end: number };

/** @returns `undefined` when the page ends before the attribute does. */
function readAttribute(html: string, at: number): Attribute | undefined {
  const [whole, name, equals] = matchAt(ATTRIBUTE_NAME, html, at) ?? [];
  if (whole === undefined || name === undefined) return undefined;
  const start = at + whole.length;
  if (equals === undefined) return { name, value: "", end: start };
  const quote = html[start];
  if (quote !== '"' && quote !== "'") {
    const value = matchAt(UNQUOTED, html, start)?.[0] ?? "";
    return { name, value, end: start + value.length };
  }
  const close = html.indexOf(quote, start + 1);
  return close < 0 ? undefined : { name, value: html.slice(start + 1, close), end: close + 1 };
}

function matchAt(pattern: RegExp, text: string, index: number): RegExpExecArray | undefined {
  pattern.lastIndex = index;
  return pattern.exec(text) ?? undefined;
}

/** The end of a comment, a declaration or an end tag at `at`; of a lone `<`, the character after it. */
function skipMarkup(html: string, at: number): number {
  if (html.startsWith("<!--", at)) return endOf(html, "-->", at + 2);
  if (/[!?/]/.test(html[at + 1] ?? "")) return endOf(html, ">", at + 1);
  return at + 1;
}

/** In the page itself: in small letters a text may be longer (`İ`). */
function endOfRawText(html: string, tag: Tag): number {
  const endTag = new RegExp(`</${tag.name}`, "gi");
  return matchAt(endTag, html, tag.end)?.index ?? html.length;
}

function endOf(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found < 0 ? html.length : found + mark.length;
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Character references as listings use them: those of a number, and the five of XML. Others stay as they are. */
function decodeReferences(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (whole, ...groups) => {
    const [decimal, hex, name] = groups as (string | undefined)[];
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
    return code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff) ? whole : String.fromCodePoint(code);
  });
}
