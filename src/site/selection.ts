/**
 * What is sent of a representation: the whole, a part, or several (RFC 9110 §14), with the fields that describe it.
 */
import { encodeLatin1 } from "../base/bytes.ts";
import { type Piece, pieceLength } from "../base/piece.ts";
import { type ByteSpan, resolveRangeField, spanLength } from "../semantics/byte-range.ts";
import { layoutByteranges } from "../semantics/byteranges-body.ts";
import { allowsRange } from "../semantics/conditions.ts";
import { formatContentRange } from "../semantics/content-range.ts";
import { formatAttachment } from "../semantics/disposition.ts";
import { formatEntityTag } from "../semantics/entity-tag.ts";
import { formatHttpDate } from "../semantics/http-date.ts";
import type { OpenFile } from "../store/store.ts";
import type { Field } from "../wire/fields.ts";
import type { Reply } from "./reply.ts";
import type { Representation } from "./representation.ts";
import { hasQueryParameter, type Visit } from "./site.ts";

/** Pieces of known length, and the fields that describe them. */
export type Selection = {
  readonly status: 200 | 206;
  readonly fields: Field[];
  readonly pieces: readonly Piece[];
  readonly length: number;
};

export const ACCEPT_RANGES: Field = ["Accept-Ranges", "bytes"];
const ACCEPT_NO_RANGES: Field = ["Accept-Ranges", "none"];

/** Selects by Range, which only GET knows (RFC 9110 §14.2). @returns `undefined` when nothing of it can be satisfied. */
export function select(visit: Visit, representation: Representation): Selection | undefined {
  const { request, lookup, nowMs } = visit;
  const range = request.method === "GET" ? lookup("range") : undefined;
  if (range === undefined || !allowsRange(lookup, representation.validators, nowMs)) {
    return selectWhole(visit, representation);
  }
  const decision = resolveRangeField(range, representation.file.sizeBytes);
  if (decision.kind === "unsatisfiable") return undefined;
  const [first, second] = decision.kind === "spans" ? decision.spans : [];
  if (decision.kind === "whole" || first === undefined) return selectWhole(visit, representation);
  if (second === undefined) return selectSpan(visit, representation, first);
  // Content-Encoding would then seem to speak of the multipart as a whole.
  if (representation.coding !== "identity") return selectWhole(visit, representation);
  return selectSpans(visit, representation, decision.spans);
}

/** Makes the reply of what was selected; the answer to HEAD lets go of the file at once. */
export function toReply(visit: Visit, { file }: Representation, selection: Selection): Reply {
  const { status, fields, pieces, length } = selection;
  if (visit.request.method !== "HEAD") {
    return { kind: "reply", status, fields, body: { kind: "pieces", pieces, length, holder: file } };
  }
  file.close();
  return { kind: "reply", status, fields, body: { kind: "pieces", pieces: [], length, holder: file } };
}

/** The fields of a 200 for `representation`. */
export function representationFields(visit: Visit, representation: Representation): Field[] {
  const { coding, validators, contentLocation, vary } = representation;
  const fields: Field[] = [
    ["Content-Type", representation.mediaType],
    ["ETag", formatEntityTag(representation.tag)],
    representation.isComputed ? ACCEPT_NO_RANGES : ACCEPT_RANGES,
  ];
  const modified = lastModified(validators.modifiedMs, visit.nowMs);
  if (modified !== undefined) fields.push(["Last-Modified", modified]);
  if (coding !== "identity") fields.push(["Content-Encoding", coding]);
  if (vary !== undefined) fields.push(vary);
  if (contentLocation !== undefined) fields.push(["Content-Location", contentLocation]);
  if (visit.query !== undefined && hasQueryParameter(visit, "download")) {
    fields.push(["Content-Disposition", formatAttachment(representation.name)]);
  }
  return fields;
}

function selectWhole(visit: Visit, representation: Representation): Selection {
  const { file } = representation;
  const fields = representationFields(visit, representation);
  const length = file.sizeBytes;
  return { status: 200, fields, pieces: wholeOf(file), length };
}

// Deviation: after If-Range RFC 9110 §15.3.7 leaves out what the client has from before; a client that kept no fields needs it.
function selectSpan(visit: Visit, representation: Representation, span: ByteSpan): Selection {
  const { file } = representation;
  const fields = representationFields(visit, representation);
  fields.push(["Content-Range", formatContentRange(span, file.sizeBytes)]);
  return { status: 206, fields, pieces: [sliceOf(representation, span)], length: spanLength(span) };
}

function selectSpans(visit: Visit, representation: Representation, spans: readonly ByteSpan[]): Selection {
  const { file, mediaType } = representation;
  const boundary = crypto.randomUUID();
  const layout = layoutByteranges(spans, { sizeBytes: file.sizeBytes, mediaType, boundary });
  const pieces: Piece[] = [];
  for (const { head, span } of layout.parts) pieces.push(encodeLatin1(head), sliceOf(representation, span));
  pieces.push(encodeLatin1(layout.tail));
  const fields = representationFields(visit, {
    ...representation,
    mediaType: `multipart/byteranges; boundary=${boundary}`,
  });
  return { status: 206, fields, pieces, length: layout.lengthBytes };
}

function sliceOf({ file }: Representation, span: ByteSpan): Piece {
  return partOf(file, span.first, spanLength(span));
}

/** The whole content of `file`, in no piece or one. */
export function wholeOf(file: OpenFile): readonly Piece[] {
  return file.sizeBytes === 0 ? [] : [partOf(file, 0, file.sizeBytes)];
}

function partOf(file: OpenFile, first: number, length: number): Piece {
  const whole: Piece = file.kept?.whole ?? { kind: "slice", file, position: 0, length: file.sizeBytes };
  if (length === pieceLength(whole)) return whole;
  if (whole instanceof Uint8Array) return whole.subarray(first, first + length);
  return { ...whole, position: whole.position + first, length };
}

/** A time that lies ahead is replaced by the present (RFC 9110 §8.8.2.1). */
function lastModified(modifiedMs: number | undefined, nowMs: number): string | undefined {
  return modifiedMs === undefined ? undefined : formatHttpDate(Math.min(modifiedMs, nowMs));
}
