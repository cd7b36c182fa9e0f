/**
 * A file sent together with its digests (RFC 9530): those that are known go ahead of it; otherwise they follow as trailers if
 * the client takes them, or are computed first.
 */
import { NO_BYTES } from "../base/bytes.ts";
import { splitList } from "../semantics/field-list.ts";
import type { Field } from "../wire/fields.ts";
import { type DigestWant, formatDigest, hashPieces, type KnownDigests, knownDigests } from "./digests.ts";
import { HashedStream } from "./hashed-stream.ts";
import type { Reply } from "./reply.ts";
import type { Representation } from "./representation.ts";
import { type Selection, toReply } from "./selection.ts";
import type { Visit } from "./site.ts";

/** Up to this size, in bytes, a digest is computed before the first byte is sent: a quarter of a second on a slow machine. */
export const MOST_WAITED_BYTES = 32 * 1024 * 1024;

/** Answers with the digests `wants`. A digest that can't be had, since the file was changed, is left out. */
export function deliverWithDigests(
  visit: Visit,
  representation: Representation,
  selection: Selection,
  wants: readonly DigestWant[],
): Reply | Promise<Reply> {
  const known = knownDigests(visit.site.store);
  const fields = knownFields(representation, selection, wants, known);
  if (fields !== undefined && visit.request.method === "GET") {
    selection.fields.push(...fields);
    return toReply(visit, representation, selection);
  }
  if (selection.status === 200 && takesTrailers(visit)) {
    const stream = new HashedStream(representation.file, wants, known);
    const trailer: Field = ["Trailer", wants.map(({ field }) => field).join(", ")];
    return {
      kind: "reply",
      status: 200,
      fields: [...selection.fields, trailer],
      body: { kind: "stream", stream },
    };
  }
  if (!isWorthWaiting(visit, representation)) return toReply(visit, representation, selection);
  return computeFirst(visit, representation, selection, wants);
}

/**
 * A wanted digest is a wish (RFC 9530 §4): nobody waits for the first byte of a large file until all of it was hashed. Who
 * asks by HEAD wants nothing else.
 */
function isWorthWaiting({ request }: Visit, { file }: Representation): boolean {
  return request.method === "HEAD" || file.sizeBytes <= MOST_WAITED_BYTES;
}

/** All digest fields, if every one is known: then there is nothing to wait for. */
function knownFields(
  { file }: Representation,
  { status }: Selection,
  wants: readonly DigestWant[],
  known: KnownDigests,
): readonly Field[] | undefined {
  const fields: Field[] = [];
  for (const want of wants) {
    const isOfWhole = want.field !== "Content-Digest" || status === 200;
    const digest = isOfWhole ? known.get(file, want.algorithm) : undefined;
    if (digest === undefined) return undefined;
    fields.push(formatDigest(want, digest));
  }
  return fields;
}

/** Trailers are for GET on 1.1, and for clients that keep them (RFC 9110 §6.5.1, §10.1.4). */
function takesTrailers({ request, lookup }: Visit): boolean {
  if (request.method !== "GET" || request.version !== "1.1") return false;
  return splitList(lookup("te") ?? "").some((element) => element.toLowerCase() === "trailers");
}

async function computeFirst(
  visit: Visit,
  representation: Representation,
  selection: Selection,
  wants: readonly DigestWant[],
): Promise<Reply> {
  try {
    for (const want of wants) {
      const digest = await computeDigest(visit, representation, selection, want);
      if (digest !== undefined) selection.fields.push(formatDigest(want, digest));
    }
  } catch (error) {
    representation.file.close();
    throw error;
  }
  return toReply(visit, representation, selection);
}

/** Repr-Digest is of the whole, also beside a part; Content-Digest of what is sent, which is nothing for HEAD (RFC 9530 §2, §3, appendix B.2). */
function computeDigest(
  visit: Visit,
  { file }: Representation,
  { status, pieces }: Selection,
  { field, algorithm }: DigestWant,
): Promise<Uint8Array | undefined> {
  if (field === "Content-Digest" && visit.request.method === "HEAD")
    return hashPieces([NO_BYTES], algorithm, visit.asker);
  if (field === "Content-Digest" && status === 206) return hashPieces(pieces, algorithm, visit.asker);
  return knownDigests(visit.site.store).find(file, algorithm, visit.asker);
}
