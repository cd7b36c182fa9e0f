/**
 * A folder as a page, in parts: what can be sent before its names are known, the rows, and the rest.
 */
import { once } from "../base/once.ts";
import { formatBytes, formatLimit } from "../base/units.ts";
import type { Entry } from "../store/store.ts";
import { formatUrlPath } from "../wire/target.ts";
import {
  formatSort,
  isByName,
  type ListingSort,
  SORT_KEYS,
  type SortKey,
  sortOfColumn,
} from "./listing-sort.ts";
import { listingTemplate, uploadFormTemplate } from "./pages.ts";
import { fillTemplate, markup, joinHtml, type SafeHtml, splitTemplate } from "./safe-html.ts";

/** What of a folder one page shows. */
export type PageWindow = {
  /** Counts from 1. */
  readonly page: number;
  readonly pageCount: number;
  readonly folderCount: number;
  readonly fileCount: number;
  readonly sort: ListingSort;
};

const NOTHING: SafeHtml = markup``;
const halves = once(() => splitTemplate(listingTemplate(), "rows"));

/**
 * The beginning of the page of the folder at `names`, up to its first row.
 *
 * @param maxUploadBytes the largest file that is taken; `undefined` for a site that takes none.
 */
export function listingTop(
  names: readonly string[],
  sort: ListingSort,
  maxUploadBytes: number | undefined,
): SafeHtml {
  const top = fillTemplate(halves()[0], {
    columns: joinHtml(SORT_KEYS.map((key) => columnOf(key, sort))),
    title: names.length === 0 ? "Files" : `/${names.join("/")}/`,
    trail: trailOf(names, sort),
    upload: maxUploadBytes === undefined ? NOTHING : uploadForm(maxUploadBytes),
  });
  return names.length === 0 ? top : markup`${top}${parentRow(sort)}`;
}

const COLUMN_TITLES = { name: "Name", size: "Size", date: "Modified (UTC)" } as const satisfies Record<
  SortKey,
  string
>;

/** The head of a column: buttons of a form, since programs that follow all links would fetch each folder in every order. */
function columnOf(key: SortKey, sort: ListingSort): SafeHtml {
  const present = sort.isDescending ? "descending" : "ascending";
  const state = sort.key === key ? markup` aria-sort="${present}"` : NOTHING;
  const next = formatSort(sortOfColumn(key, sort));
  return markup`<th class="${key}"${state}><button name="sort" value="${next}">${COLUMN_TITLES[key]}</button></th>`;
}

/** The row of one entry; the way into a folder keeps the order that was asked for. */
export function listingRow(entry: Entry, sort: ListingSort): SafeHtml {
  const isFolder = entry.kind === "folder";
  // SECURITY: relative to the folder and encoded, so that no name is ever read as a scheme, a host or a query.
  const address = `.${formatUrlPath([entry.name], { isFolder })}${isFolder ? queryOf(sort) : ""}`;
  const shown = isFolder ? `${entry.name}/` : entry.name;
  const size = entry.kind === "file" ? formatBytes(entry.sizeBytes) : "";
  return markup`<tr><td class="name ${entry.kind}"><a href="${address}"><bdi>${shown}</bdi></a></td><td class="size">${size}</td><td class="date">${dateOf(entry.modifiedMs)}</td></tr>\n`;
}

/** What a folder without anything to see shows in place of rows: there may be files that are not served. */
export const EMPTY_ROW: SafeHtml = markup`<tr><td class="empty" colspan="3">There is nothing to see here.</td></tr>\n`;

/** The end of the page. */
export function listingBottom(window: PageWindow): SafeHtml {
  return fillTemplate(halves()[1], { summary: summaryOf(window), pager: pagerOf(window) });
}

function parentRow(sort: ListingSort): SafeHtml {
  return markup`<tr><td class="name up"><a href="../${queryOf(sort)}">Parent folder</a></td><td class="size"></td><td class="date"></td></tr>\n`;
}

/** Nothing for the usual order: its addresses are those that everybody links to. */
function queryOf(sort: ListingSort): string {
  return isByName(sort) ? "" : `?sort=${formatSort(sort)}`;
}

/** The way from the root, each step a link but the last. */
function trailOf(names: readonly string[], sort: ListingSort): SafeHtml {
  if (names.length === 0) return markup`Files`;
  const steps = names.map((name, index) => {
    const isLast = index === names.length - 1;
    const slash = markup`<span class="slash">/</span>`;
    if (isLast) return markup`${slash}<bdi>${name}</bdi>`;
    const address = formatUrlPath(names.slice(0, index + 1), { isFolder: true }) + queryOf(sort);
    return markup`${slash}<a href="${address}"><bdi>${name}</bdi></a>`;
  });
  return markup`<a href="/${queryOf(sort)}">Files</a>${joinHtml(steps)}`;
}

function uploadForm(maxBytes: number): SafeHtml {
  const hint = Number.isSafeInteger(maxBytes) ? `Up to ${formatLimit(maxBytes)} at a time` : "";
  return fillTemplate(uploadFormTemplate(), { hint });
}

function dateOf(modifiedMs: number): SafeHtml {
  const text = isoDate(modifiedMs);
  if (text === undefined) return NOTHING;
  return markup`<time datetime="${text}">${text.slice(0, 10)} ${text.slice(11, 16)}</time>`;
}

/** `2026-01-02T03:04:05.678Z`; `undefined` for times outside the years 0 to 9999, which this form can't say. */
export function isoDate(ms: number): string | undefined {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  return year >= 0 && year <= 9999 ? date.toISOString() : undefined;
}

function summaryOf({ folderCount, fileCount }: PageWindow): string {
  const folders = folderCount === 0 ? "" : `${count(folderCount, "folder")}, `;
  return `${folders}${count(fileCount, "file")}`;
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

function pagerOf({ page, pageCount, sort }: PageWindow): SafeHtml {
  if (pageCount <= 1) return NOTHING;
  const order = isByName(sort) ? NOTHING : markup`sort=${formatSort(sort)}&amp;`;
  const previous = page > 1 ? markup`<a rel="prev" href="?${order}page=${page - 1}">Previous</a>` : NOTHING;
  const next = page < pageCount ? markup`<a rel="next" href="?${order}page=${page + 1}">Next</a>` : NOTHING;
  return markup`<nav>Page ${page} of ${pageCount}${previous}${next}</nav>`;
}
