/**
 * A folder as HTML, JSON or text, streamed: entries are measured in batches, and others are served between them.
 */
import { assertNever } from "../base/assert-never.ts";
import { printable } from "../base/printable.ts";
import { decideConditions } from "../semantics/conditions.ts";
import { chooseMediaType, type Coding } from "../semantics/negotiation.ts";
import type { Entry, Folder } from "../store/store.ts";
import type { Field } from "../wire/fields.ts";
import type { UrlPath } from "../wire/target.ts";
import { bestCoding, COMPUTED_CODINGS } from "./coding-rank.ts";
import { CompressedStream, mayCompress } from "./compression.ts";
import { orderEntries } from "./listing-entries.ts";
import { emptyRow, isoDate, listingBottom, listingRow, listingTop } from "./listing-page.ts";
import { readListingQuery } from "./listing-query.ts";
import { contentSecurityPolicy, HTML_TYPE } from "./pages.ts";
import { refuse } from "./refusal.ts";
import { NO_CONTENT, type Reply } from "./reply.ts";
import { VARY_BY_BOTH, VARY_BY_TYPE } from "./representation.ts";
import { LISTING_TYPES } from "./resolve.ts";
import type { Visit } from "./site.ts";
import { streamOf } from "./stream-of.ts";

/** Entries on one HTML page. */
export const PAGE_ENTRIES = 1_000;

type ListingType = (typeof LISTING_TYPES)[number];

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
  const vary = visit.site.policy.compress ? VARY_BY_BOTH : VARY_BY_TYPE;
  if (decision === "not-modified") return { kind: "reply", status: 304, fields: [vary], body: NO_CONTENT };
  const type = chooseListingType(lookup("accept"));
  const coding = chooseListingCoding(visit);
  const stream = streamOf(writeListing(visit, type, path, folder), () => folder.close());
  const fields = [...typeFields(type), vary];
  if (coding === "identity") return { kind: "reply", status: 200, fields, body: { kind: "stream", stream } };
  return {
    kind: "reply",
    status: 200,
    fields: [...fields, ["Content-Encoding", coding]],
    // A compressor takes memory from the moment it is made, and nobody will read what HEAD asks for.
    body: {
      kind: "stream",
      stream: request.method === "HEAD" ? stream : new CompressedStream(stream, coding),
    },
  };
}

/**
 * None also where none is accepted that could be made, and where there are too many compressors: a listing that can't be read is of
 * more use than none.
 */
function chooseListingCoding({ site, lookup }: Visit): Coding {
  const accepted = lookup("accept-encoding");
  if (accepted === undefined || !site.policy.compress || !mayCompress()) return "identity";
  return bestCoding(accepted, COMPUTED_CODINGS) ?? "identity";
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
  const { sort, page: requestedPage, savedCount } = readListingQuery(visit);
  yield listingTop({ names: path.names, sort, allow: policy.allow, maxUploadBytes, savedCount }).text;
  const entries = await orderEntries(folder, policy, sort);
  const { folderCount, fileCount } = entries;
  const pageCount = Math.max(1, Math.ceil((folderCount + fileCount) / PAGE_ENTRIES));
  const page = Math.min(requestedPage, pageCount);
  if (folderCount + fileCount === 0) yield emptyRow(policy.allow).text;
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
  const entries = await orderEntries(folder, visit.site.policy, readListingQuery(visit).sort);
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
