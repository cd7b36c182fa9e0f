/**
 * A folder as a page, in parts: what can be sent before its names are known, the rows, and the rest.
 */
import { once } from "../base/once.ts";
import { formatBytes, formatLimit } from "../base/units.ts";
import type { Entry } from "../store/store.ts";
import { formatUrlPath } from "../wire/target.ts";
import { formatListingQuery } from "./listing-query.ts";
import { formatSort, type ListingSort, SORT_KEYS, type SortKey, sortOfColumn } from "./listing-sort.ts";
import { listingTemplate, uploadFormTemplate } from "./pages.ts";
import type { SitePolicy } from "./policy.ts";
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

/** Up to so many pages are linked from each: programs that follow links go only so many steps deep (wget: five). */
const MOST_LINKED_PAGES = 100;
/** Of more pages, so many before and after the one that is shown. */
const NEAR_PAGES = 10;

const NOTHING: SafeHtml = markup``;
const halves = once(() => splitTemplate(listingTemplate(), "rows"));

/** What a folder's page says before its rows. */
export type PageHeading = {
  readonly names: readonly string[];
  readonly sort: ListingSort;
  readonly allow: SitePolicy["allow"];
  /** The largest upload that is taken; `undefined` for a site that takes none. */
  readonly maxUploadBytes: number | undefined;
  /** So many files have just been saved by this page's form. */
  readonly savedCount: number;
};

/** The beginning of the page of a folder, up to its first row. */
export function listingTop(heading: PageHeading): SafeHtml {
  const { names, sort, maxUploadBytes, savedCount } = heading;
  const top = fillTemplate(halves()[0], {
    columns: joinHtml(SORT_KEYS.map((key) => columnOf(key, sort))),
    title: titleOf(names),
    trail: trailOf(names, sort),
    note:
      savedCount === 0
        ? NOTHING
        : markup`<p class="note" role="status">${count(savedCount, "file")} saved.</p>\n`,
    upload: maxUploadBytes === undefined ? NOTHING : uploadForm(heading, maxUploadBytes),
  });
  return names.length === 0 ? top : markup`${top}${parentRow(sort)}`;
}

/** The folder's own name first: tabs show the beginning only. */
function titleOf(names: readonly string[]): string {
  const name = names.at(-1);
  return name === undefined ? "Files" : `${name} – /${names.join("/")}/`;
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
  const address = `.${formatUrlPath([entry.name], { isFolder })}${isFolder ? formatListingQuery({ sort }) : ""}`;
  const shown = isFolder ? `${entry.name}/` : entry.name;
  const size = entry.kind === "file" ? formatBytes(entry.sizeBytes) : "";
  return markup`<tr><td class="name ${entry.kind}"><a href="${address}"><bdi>${shown}</bdi></a></td><td class="size">${size}</td><td class="date">${dateOf(entry.modifiedMs)}</td></tr>\n`;
}

/** What a folder without anything to see shows in place of rows; whether there are files that are not served is not told. */
export function emptyRow(allow: SitePolicy["allow"]): SafeHtml {
  const types = allow === "all" ? "" : ` Files of these types are: ${[...allow].join(", ")}.`;
  return markup`<tr><td class="empty" colspan="3">There is nothing to see here.${types}</td></tr>\n`;
}

/** The end of the page. */
export function listingBottom(window: PageWindow): SafeHtml {
  return fillTemplate(halves()[1], { summary: summaryOf(window), pager: pagerOf(window) });
}

function parentRow(sort: ListingSort): SafeHtml {
  return markup`<tr><td class="name up"><a href="../${formatListingQuery({ sort })}">Parent folder</a></td><td class="size"></td><td class="date"></td></tr>\n`;
}

/** The way from the root, each step a link but the last. */
function trailOf(names: readonly string[], sort: ListingSort): SafeHtml {
  if (names.length === 0) return markup`Files`;
  const steps = names.map((name, index) => {
    const isLast = index === names.length - 1;
    const slash = markup`<span class="slash">/</span>`;
    if (isLast) return markup`${slash}<bdi>${name}</bdi>`;
    const address =
      formatUrlPath(names.slice(0, index + 1), { isFolder: true }) + formatListingQuery({ sort });
    return markup`${slash}<a href="${address}"><bdi>${name}</bdi></a>`;
  });
  return markup`<a href="/${formatListingQuery({ sort })}">Files</a>${joinHtml(steps)}`;
}

function uploadForm({ allow, sort }: PageHeading, maxBytes: number): SafeHtml {
  const types = allow === "all" ? [] : [...allow];
  const accept = types.map((type) => `.${type}`).join(",");
  const hints = [
    ...(types.length === 0 ? [] : [types.join(", ")]),
    ...(Number.isSafeInteger(maxBytes) ? [`up to ${formatLimit(maxBytes)} at a time`] : []),
  ];
  return fillTemplate(uploadFormTemplate(), {
    action: `./${formatListingQuery({ sort })}`,
    accept: types.length === 0 ? NOTHING : markup` accept="${accept}"`,
    hint: hints.length === 0 ? "" : `Files: ${hints.join("; ")}`,
  });
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
  const pages = Array.from({ length: pageCount }, (_, index) => index + 1)
    .filter((number) => pageCount <= MOST_LINKED_PAGES || isNear(number, page, pageCount))
    .map((number) => (number === page ? thisPage(page) : pageLink({ page: number, sort })));
  const previous = page > 1 ? stepLink("prev", "Previous", { page: page - 1, sort }) : NOTHING;
  const next = page < pageCount ? stepLink("next", "Next", { page: page + 1, sort }) : NOTHING;
  return markup`<nav aria-label="Pages">${previous}${joinHtml(pages)}${next}</nav>`;
}

/** Where not all pages are linked: the first, the last, and those around this one. */
function isNear(number: number, page: number, pageCount: number): boolean {
  return number === 1 || number === pageCount || Math.abs(number - page) <= NEAR_PAGES;
}

function thisPage(page: number): SafeHtml {
  return markup`<span aria-current="page">${page}</span>`;
}

function pageLink(to: Pick<PageWindow, "page" | "sort">): SafeHtml {
  return markup`<a href="${pageAddress(to)}">${to.page}</a>`;
}

function stepLink(relation: string, text: string, to: Pick<PageWindow, "page" | "sort">): SafeHtml {
  return markup`<a rel="${relation}" href="${pageAddress(to)}">${text}</a>`;
}

/** In full, since an empty query would lead to the page that the link is on. */
function pageAddress(to: Pick<PageWindow, "page" | "sort">): string {
  return `./${formatListingQuery(to)}`;
}
