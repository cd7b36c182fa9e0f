/**
 * A folder as HTML, JSON or text, streamed in batches of entries.
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
import { FolderReading } from "./folder-reading.ts";
import { emptyRow, isoDate, listingBottom, listingRow, listingTop } from "./listing-page.ts";
import { type ListingQuery, readListingQuery } from "./listing-query.ts";
import type { OrderingTask } from "./ordering.ts";
import { contentSecurityPolicy, HTML_TYPE } from "./pages.ts";
import { refuse } from "./refusal.ts";
import { NO_CONTENT, type Reply, type ReplyStream } from "./reply.ts";
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
  const fields = [...typeFields(type), vary];
  const stream = streamListing(visit, type, { path, folder });
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

/** Nothing is read before it is asked for. */
function streamListing(
  visit: Visit,
  type: ListingType,
  { path, folder }: Pick<OrderingTask, "path" | "folder">,
): ReplyStream {
  const query = readListingQuery(visit);
  const reading = new FolderReading({ site: visit.site, path, folder, sort: query.sort });
  return streamOf(writeListing(visit, type, { path, query, reading }), () => reading.close());
}

/** What is listed, and how. */
type Listed = { readonly path: UrlPath; readonly query: ListingQuery; readonly reading: FolderReading };

function writeListing(visit: Visit, type: ListingType, listed: Listed): AsyncGenerator<string, void> {
  switch (type) {
    case "text/html":
      return writePage(visit, listed);
    case "application/json":
      return writeJson(listed);
    case "text/plain":
      return writeText(listed);
    default:
      return assertNever(type);
  }
}

async function* writePage({ site }: Visit, { path, query, reading }: Listed): AsyncGenerator<string, void> {
  const { policy, store } = site;
  const { sort, savedCount } = query;
  const maxUploadBytes = store.uploads === undefined ? undefined : policy.upload?.maxBytes;
  yield listingTop({ names: path.names, sort, allow: policy.allow, maxUploadBytes, savedCount }).text;
  const { folderCount, fileCount } = await reading.begin();
  const count = folderCount + fileCount;
  const pageCount = Math.max(1, Math.ceil(count / PAGE_ENTRIES));
  const page = Math.min(query.page, pageCount);
  if (count === 0) yield emptyRow(policy.allow).text;
  for await (const batch of reading.batches(
    (page - 1) * PAGE_ENTRIES,
    Math.min(count, page * PAGE_ENTRIES),
  )) {
    yield batch.map((entry) => listingRow(entry, sort).text).join("");
  }
  yield listingBottom({ page, pageCount, folderCount, fileCount, sort }).text;
}

async function* writeJson({ path, reading }: Listed): AsyncGenerator<string, void> {
  const address = path.names.length === 0 ? "/" : `/${path.names.join("/")}/`;
  yield `{"path":${JSON.stringify(address)},"entries":[`;
  let separator = "\n";
  for await (const entries of allEntries(reading)) {
    if (entries.length === 0) continue;
    yield separator + entries.map(entryJson).join(",\n");
    separator = ",\n";
  }
  yield "\n]}\n";
}

async function* writeText({ reading }: Listed): AsyncGenerator<string, void> {
  for await (const entries of allEntries(reading)) {
    yield entries.map(entryLine).join("");
  }
}

/** All that is to be seen, in batches. */
async function* allEntries(reading: FolderReading): AsyncGenerator<readonly Entry[], void> {
  const { folderCount, fileCount } = await reading.begin();
  yield* reading.batches(0, folderCount + fileCount);
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
