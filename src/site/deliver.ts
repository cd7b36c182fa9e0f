/**
 * A file as a reply: conditions, then ranges, then the content (RFC 9110 §13.2, §14.2).
 */
import { decideConditions } from "../semantics/conditions.ts";
import { formatUnsatisfiedRange } from "../semantics/content-range.ts";
import { formatEntityTag } from "../semantics/entity-tag.ts";
import type { Coding } from "../semantics/negotiation.ts";
import type { OpenFile } from "../store/store.ts";
import type { Field } from "../wire/fields.ts";
import { keepCompressed, mayKeepCompressed, recallCompressed } from "./compressed-files.ts";
import { CompressedStream } from "./compression.ts";
import { deliverWithDigests } from "./digest-delivery.ts";
import { readDigestWants } from "./digests.ts";
import { FileStream } from "./file-stream.ts";
import { refuse } from "./refusal.ts";
import { NO_CONTENT, type Reply, type ReplyBody } from "./reply.ts";
import { type Representation, selectRepresentation, VARY_BY_BOTH, VARY_BY_TYPE } from "./representation.ts";
import type { FoundFile } from "./resolve.ts";
import { ACCEPT_RANGES, representationFields, select, toReply } from "./selection.ts";
import type { Visit } from "./site.ts";

/**
 * Answers GET and HEAD for the file `found`, and takes the file over.
 *
 * A promise only when a digest is wanted that has to be computed first.
 */
export function deliver(visit: Visit, found: FoundFile): Reply | Promise<Reply> {
  const representation = selectRepresentation(visit, found);
  if (representation === undefined) return refuse(visit, "not-acceptable", [VARY_BY_BOTH]);
  try {
    return answerConditions(visit, representation) ?? sendContent(visit, representation);
  } catch (error) {
    representation.file.close();
    throw error;
  }
}

/** What the conditions make of it, or `undefined` when they let the request proceed. */
function answerConditions(visit: Visit, representation: Representation): Reply | undefined {
  const { request, lookup, nowMs } = visit;
  const decision = decideConditions(request.method, lookup, representation.validators, nowMs);
  if (decision === "proceed") return undefined;
  representation.file.close();
  if (decision === "failed") return refuse(visit, "precondition-failed", refusalVary(representation));
  return { kind: "reply", status: 304, fields: notModifiedFields(representation), body: NO_CONTENT };
}

function sendContent(visit: Visit, representation: Representation): Reply | Promise<Reply> {
  const { file, coding, isComputed } = representation;
  if (coding !== "identity" && isComputed) {
    const fields = representationFields(visit, representation);
    return { kind: "reply", status: 200, fields, body: compress(visit, file, coding) };
  }
  const selection = select(visit, representation);
  if (selection === undefined) {
    representation.file.close();
    return refuse(visit, "range-not-satisfiable", [
      ACCEPT_RANGES,
      ["Content-Range", formatUnsatisfiedRange(representation.file.sizeBytes)],
      ...refusalVary(representation),
    ]);
  }
  const wants = readDigestWants(visit);
  if (wants.length > 0) return deliverWithDigests(visit, representation, selection, wants);
  return toReply(visit, representation, selection);
}

function compress({ request }: Visit, file: OpenFile, coding: Exclude<Coding, "identity">): ReplyBody {
  // Not even the length of what HEAD asks for has to be known (RFC 9110 §9.3.2), and a compressor takes memory.
  if (request.method === "HEAD") return { kind: "stream", stream: new FileStream(file) };
  const bytes = recallCompressed(file, coding);
  if (bytes === undefined) {
    const keep = (whole: Uint8Array): void => keepCompressed(file, coding, whole);
    const onWhole = mayKeepCompressed(file) ? keep : undefined;
    const stream = new CompressedStream(new FileStream(file), coding, onWhole);
    return { kind: "stream", stream };
  }
  file.close();
  return { kind: "bytes", bytes };
}

/** What a 304 must have beside Date and Cache-Control (RFC 9110 §15.4.5). */
function notModifiedFields(representation: Representation): readonly Field[] {
  const { tag, contentLocation } = representation;
  const fields: Field[] = [["ETag", formatEntityTag(tag)], ...varyFields(representation)];
  if (contentLocation !== undefined) fields.push(["Content-Location", contentLocation]);
  return fields;
}

function varyFields({ vary }: Representation): readonly Field[] {
  return vary === undefined ? [] : [vary];
}

/** Of a refusal in place of `representation`: its own text depends on Accept. */
function refusalVary({ vary }: Representation): readonly Field[] {
  return vary === undefined || vary === VARY_BY_TYPE ? [] : [VARY_BY_BOTH];
}
