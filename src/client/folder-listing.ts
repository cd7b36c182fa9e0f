/**
 * Asks a server for what is in one of its folders, in whatever form it tells: JSON, or a page of links.
 */
import { asBuffer, concatBytes, decodeUtf8 } from "../base/bytes.ts";
import { parseContentCodings } from "../semantics/content-coding.ts";
import { parseMediaType } from "../semantics/media-type.ts";
import { refusedDownload } from "./answer.ts";
import { asTransferError, discardBody } from "./conversation.ts";
import { isHtmlListing, readHtmlListing, REPLACED } from "./html-listing.ts";
import { parseJsonListing } from "./json-listing.ts";
import { pathOf, type RemoteUrl } from "./origin.ts";
import { follow, type Arrival } from "./redirect.ts";
import { noListing, type RemoteEntry } from "./remote-entry.ts";
import type { Session } from "./session.ts";
import type { TransferError } from "./transfer-error.ts";
import { readWatchedBody } from "./watched-body.ts";

export type FolderListing = {
  /** Where the listing came from in the end: its entries are right below. Its path ends with a slash. */
  readonly url: RemoteUrl;
  /** Each name once. Sizes and dates only from JSON: what pages show of them is rounded. */
  readonly entries: readonly RemoteEntry[];
  /** What the listing has, but under names that are none; not printable yet. */
  readonly unusable: readonly string[];
};

const MAX_LISTING_BYTES = 64 * 1024 * 1024;
const ACCEPT = ["Accept", "application/json, text/html;q=0.5"] as const;

/**
 * Lists the folder at `url`.
 * @throws {TransferError} phase `answer` too when what came is no listing that this client understands.
 */
export async function readFolderListing(
  session: Session,
  url: RemoteUrl,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<FolderListing> {
  try {
    const arrival = await follow(session, { url, fields: [ACCEPT], signal: options.signal });
    const form = formOf(arrival);
    if (form !== "json" && form !== "html") {
      await discardBody(session, arrival.reply);
      throw form;
    }
    const bytes = await readListing(session, arrival);
    const read = form === "json" ? readJson(bytes, arrival.url, session) : readHtml(bytes, arrival.url);
    return { url: arrival.url, entries: eachOnce(read.entries), unusable: read.unusable };
  } catch (error) {
    throw asTransferError(error);
  }
}

function formOf({ reply: { head }, url }: Arrival): "json" | "html" | TransferError {
  if (head.status !== 200) return refusedDownload(head, url);
  if (!pathOf(url).endsWith("/"))
    return noListing(url, "it is no folder; a folder's address ends with a slash");
  if (parseContentCodings(head.fields.get("content-encoding")).length > 0) {
    return noListing(url, "the server sent it in a coding that was not asked for");
  }
  const type = parseMediaType(head.fields.get("content-type") ?? "")?.type;
  if (type === "application/json") return "json";
  return type === "text/html" ? "html" : noListing(url, "the server sent something else than a listing");
}

/** Takes the listing, and gives the connection back. */
async function readListing(session: Session, { reply, url }: Arrival): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  await readWatchedBody(reply.connection, session.options, (bytes) => {
    sizeBytes += bytes.length;
    if (sizeBytes > MAX_LISTING_BYTES) throw noListing(url, "the listing is too long");
    parts.push(Uint8Array.from(bytes));
  });
  session.release(reply.connection);
  return concatBytes(parts);
}

function readJson(bytes: Uint8Array, url: RemoteUrl, session: Session): Omit<FolderListing, "url"> {
  const nowMs = session.options.clock.nowMs();
  const text = decodeUtf8(bytes);
  if (text !== undefined) return parseJsonListing(text, url, nowMs);
  // nginx writes names as they are on the disk, in whatever encoding: the others can still be fetched.
  const { entries, unusable } = parseJsonListing(asBuffer(bytes).toString("utf8"), url, nowMs);
  return {
    entries: entries.filter((entry) => !isReplaced(entry)),
    unusable: [...unusable, ...entries.filter(isReplaced).map(({ name }) => name)],
  };
}

function isReplaced({ name }: RemoteEntry): boolean {
  return name.includes(REPLACED);
}

/** What a page shows may be in any encoding, or cut within a character (Apache's long names): its links are what counts. */
function readHtml(bytes: Uint8Array, url: RemoteUrl): Omit<FolderListing, "url"> {
  const text = asBuffer(bytes).toString("utf8");
  if (!isHtmlListing(text)) {
    throw noListing(url, "the server sent a page of its own; what else is in the folder can't be known");
  }
  const { links, unusable } = readHtmlListing(text, url);
  const entries = links.map(({ name, kind }) => {
    return { name, kind, sizeBytes: undefined, modifiedMs: undefined };
  });
  return { entries, unusable };
}

function eachOnce(entries: readonly RemoteEntry[]): readonly RemoteEntry[] {
  const seen = new Map<string, RemoteEntry>();
  for (const entry of entries) if (!seen.has(entry.name)) seen.set(entry.name, entry);
  return [...seen.values()];
}
