/**
 * Reads a folder of a netfile server as JSON. Every value is checked: the names end up in requests and on disks.
 */
import { concatBytes, decodeUtf8 } from "../base/bytes.ts";
import { isJsonObject } from "../base/json-object.ts";
import { parseMediaType } from "../semantics/media-type.ts";
import type { ResponseHead } from "../wire/message.ts";
import { refusedDownload } from "./answer.ts";
import { asTransferError, discardBody, readBody } from "./conversation.ts";
import { isPlainName } from "./destination.ts";
import { formatRemoteUrl, type RemoteUrl } from "./origin.ts";
import { follow, type Arrival } from "./redirect.ts";
import type { Session } from "./session.ts";
import { TransferError } from "./transfer-error.ts";

export type RemoteEntry = {
  /** A plain name: no separator, not `..`. It is still the server's word, to be made printable before it is shown. */
  readonly name: string;
  readonly kind: "file" | "folder";
  readonly sizeBytes: number | undefined;
  readonly modifiedMs: number | undefined;
};

const MAX_LISTING_BYTES = 64 * 1024 * 1024;
const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/u;

/**
 * Lists the folder at `url`.
 * @throws {TransferError} phase `answer` too when the server has no listing that this client understands.
 */
export async function readRemoteFolder(
  session: Session,
  url: RemoteUrl,
  options: { readonly signal?: AbortSignal } = {},
): Promise<readonly RemoteEntry[]> {
  try {
    const arrival = await follow(session, {
      url,
      fields: [["Accept", "application/json"]],
      signal: options.signal,
    });
    const refusal = refusalOf(arrival.reply.head, arrival.url);
    if (refusal !== undefined) {
      await discardBody(session, arrival.reply);
      throw refusal;
    }
    return parseListing(await readListing(session, arrival), url);
  } catch (error) {
    throw asTransferError(error);
  }
}

function refusalOf(head: ResponseHead, url: RemoteUrl): TransferError | undefined {
  if (head.status !== 200) return refusedDownload(head, url);
  const coding = head.fields.get("content-encoding");
  const type = parseMediaType(head.fields.get("content-type") ?? "")?.type;
  if (type === "application/json" && (coding === undefined || coding.toLowerCase() === "identity"))
    return undefined;
  return noListing(url, "the server sent something else; only a folder of a netfile server can be listed");
}

/**
 * Takes the listing's text, and gives the connection back.
 * @throws {TransferError} phase `answer` when it is longer than 64 MiB or not UTF-8.
 */
export async function readListing(session: Session, { reply, url }: Arrival): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    await readBody(reply.connection, (bytes) => {
      sizeBytes += bytes.length;
      if (sizeBytes > MAX_LISTING_BYTES) throw noListing(url, "the listing is too long");
      parts.push(Uint8Array.from(bytes));
    });
  } catch (error) {
    reply.connection.close();
    throw error;
  }
  session.release(reply.connection);
  const text = decodeUtf8(concatBytes(parts));
  if (text === undefined) throw noListing(url, "the listing is not valid UTF-8");
  return text;
}

/**
 * Reads a listing: `{"path":…,"entries":[{"name":…,"kind":…,"size":…,"modified":…}]}`. What else it holds is left alone.
 * @throws {TransferError} phase `answer` when it is something else.
 */
export function parseListing(text: string, url: RemoteUrl): readonly RemoteEntry[] {
  const listing = parseJson(text, url);
  if (!isJsonObject(listing) || !Array.isArray(listing["entries"])) {
    throw noListing(url, "what the server sent is no listing");
  }
  return listing["entries"].map((value: unknown) => parseEntry(value, url));
}

function parseJson(text: string, url: RemoteUrl): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw noListing(url, "what the server sent is not JSON");
  }
}

/**
 * Reads one entry of a listing.
 * @throws {TransferError} phase `answer` when it is none.
 */
export function parseEntry(value: unknown, url: RemoteUrl): RemoteEntry {
  if (!isJsonObject(value)) throw noListing(url, "an entry of the listing is malformed");
  const { name, kind, size, modified } = value;
  // SECURITY: a name with a directory in it would be asked for, and saved, somewhere else (CVE-2025-27142).
  if (typeof name !== "string" || !isPlainName(name) || !name.isWellFormed()) {
    throw noListing(url, "the listing holds a name that is none");
  }
  if (kind !== "file" && kind !== "folder")
    throw noListing(url, "the listing holds an entry of unknown kind");
  if (size !== undefined && !isSize(size)) throw noListing(url, "the listing holds a size that is none");
  return { name, kind, sizeBytes: size, modifiedMs: parseInstant(modified, url) };
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function parseInstant(value: unknown, url: RemoteUrl): number | undefined {
  if (value === undefined) return undefined;
  const instantMs = typeof value === "string" && ISO_INSTANT.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(instantMs)) throw noListing(url, "the listing holds a date that is none");
  return instantMs;
}

/** The error for a folder that can't be listed, and why. */
export function noListing(url: RemoteUrl, reason: string): TransferError {
  return new TransferError("answer", `Cannot list ${formatRemoteUrl(url)}: ${reason}`);
}
