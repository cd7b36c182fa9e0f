/**
 * A folder as HTML, JSON or text, streamed: entries are measured in batches, and others are served between them.
 */
import { assertNever } from "../base/assert-never.ts";
import { printable } from "../base/printable.ts";
import { decideConditions } from "../semantics/conditions.ts";
import { chooseMediaType } from "../semantics/negotiation.ts";
import type { Entry, Folder } from "../store/store.ts";
import type { Field } from "../wire/fields.ts";
import type { UrlPath } from "../wire/target.ts";
import { orderEntries } from "./listing-entries.ts";
import { EMPTY_ROW, isoDate, listingBottom, listingRow, listingTop } from "./listing-page.ts";
import { type ListingSort, parseSort } from "./listing-sort.ts";
import { contentSecurityPolicy, HTML_TYPE } from "./pages.ts";
import { refuse } from "./refusal.ts";
import { NO_CONTENT, type Reply } from "./reply.ts";
import { LISTING_TYPES } from "./resolve.ts";
import { queryParameter, type Visit } from "./site.ts";
import { streamOf } from "./stream-of.ts";

/** Entries on one HTML page. */
export const PAGE_ENTRIES = 1_000;

type ListingType = (typeof LISTING_TYPES)[number];

const VARY: Field = ["Vary", "Accept"];

/** A listing exists, and that is all that conditions can know of it. */
const NO_VALIDATORS = { tag: undefined, modifiedMs: undefined };

/**
 * Answers GET and HEAD for a folder, and takes `folder` over.
 *
 * HTML unless something else is preferred, and also when none of the three is accepted (RFC 9110 §12.5.1 leaves that open).
 */
export function list(visit: Visit, path: UrlPath, folder: Folder): Reply {
  const { request, lookup, nowMs } = visit;
  const decision = decideConditions(request.method, lookup, NO_VALIDATORS, nowMs);
  if (decision !== "proceed" || request.method === "HEAD") folder.close();
  if (decision === "failed") return refuse(visit, "precondition-failed");
  if (decision === "not-modified") return { kind: "reply", status: 304, fields: [VARY], body: NO_CONTENT };
  const type = chooseListingType(lookup("accept"));
  const stream = streamOf(writeListing(visit, type, path, folder), () => folder.close());
  return {
    kind: "reply",
    status: 200,
    fields: [...typeFields(type), VARY],
    body: { kind: "stream", stream },
  };
}

function chooseListingType(accept: string | undefined): ListingType {
  const chosen = chooseMediaType(accept, LISTING_TYPES);
  return LISTING_TYPES.find((type) => type === chosen) ?? "text/html";
}

function typeFields(type: ListingType): readonly Field[] {
  if (type === "text/html") return [HTML_TYPE, contentSecurityPolicy()];
  return [["Content-Type", type === "text/plain" ? `${type}; charset=utf-8` : type]];
}

function writeListing(
  visit: Visit,
  type: ListingType,
  path: UrlPath,
  folder: Folder,
): AsyncGenerator<string, void> {
  switch (type) {
    case "text/html":
      return writePage(visit, path, folder);
    case "application/json":
      return writeJson(visit, path, folder);
    case "text/plain":
      return writeText(visit, folder);
    default:
      return assertNever(type);
  }
}

async function* writePage(visit: Visit, path: UrlPath, folder: Folder): AsyncGenerator<string, void> {
  const { policy, store } = visit.site;
  const maxUploadBytes = store.uploads === undefined ? undefined : policy.upload?.maxBytes;
  const sort = requestedSort(visit);
  yield listingTop(path.names, sort, maxUploadBytes).text;
  const entries = await orderEntries(folder, policy, sort);
  const { folderCount, fileCount } = entries;
  const pageCount = Math.max(1, Math.ceil((folderCount + fileCount) / PAGE_ENTRIES));
  const page = Math.min(requestedPage(visit), pageCount);
  if (folderCount + fileCount === 0) yield EMPTY_ROW.text;
  for await (const batch of entries.window((page - 1) * PAGE_ENTRIES, page * PAGE_ENTRIES)) {
    yield batch.map((entry) => listingRow(entry, sort).text).join("");
  }
  yield listingBottom({ page, pageCount, folderCount, fileCount, sort }).text;
}

async function* writeJson(visit: Visit, path: UrlPath, folder: Folder): AsyncGenerator<string, void> {
  const address = path.names.length === 0 ? "/" : `/${path.names.join("/")}/`;
  yield `{"path":${JSON.stringify(address)},"entries":[`;
  let separator = "\n";
  for await (const entries of orderedEntries(visit, folder)) {
    if (entries.length === 0) continue;
    yield separator + entries.map(entryJson).join(",\n");
    separator = ",\n";
  }
  yield "\n]}\n";
}

async function* writeText(visit: Visit, folder: Folder): AsyncGenerator<string, void> {
  for await (const entries of orderedEntries(visit, folder)) {
    yield entries.map(entryLine).join("");
  }
}

/** All that is to be seen, in batches. */
async function* orderedEntries(visit: Visit, folder: Folder): AsyncGenerator<readonly Entry[], void> {
  const entries = await orderEntries(folder, visit.site.policy, requestedSort(visit));
  yield* entries.window(0, Number.POSITIVE_INFINITY);
}

function entryJson(entry: Entry): string {
  const modified = isoDate(entry.modifiedMs);
  return entry.kind === "file"
    ? JSON.stringify({ name: entry.name, kind: entry.kind, size: entry.sizeBytes, modified })
    : JSON.stringify({ name: entry.name, kind: entry.kind, modified });
}

/** One name a line; a name with a line break in it must not look like two. */
function entryLine({ kind, name }: Entry): string {
  return `${printable(name)}${kind === "folder" ? "/" : ""}\n`;
}

/** The page that the query asks for; the first for whatever is no page. */
function requestedPage(visit: Visit): number {
  const value = queryParameter(visit, "page");
  return value !== undefined && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : 1;
}

function requestedSort(visit: Visit): ListingSort {
  return parseSort(queryParameter(visit, "sort"));
}
