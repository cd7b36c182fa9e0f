/**
 * What resumable uploads tell a program about its mistakes (draft-ietf-httpbis-resumable-upload-12 §7, RFC 9457).
 */
import { encodeUtf8 } from "../base/bytes.ts";
import type { Field } from "../wire/fields.ts";
import type { Reply } from "./reply.ts";
import { stateFields } from "./upload-fields.ts";

const PROBLEM_TYPE: Field = ["Content-Type", "application/problem+json"];
const PROBLEMS = "https://iana.org/assignments/http-problem-types#";

/** 409 with the offset at which the upload really stands; it must be durable. */
export function refuseOffset(expected: number, provided: number): Reply {
  const fields = stateFields({ isComplete: false, offset: expected });
  return problem(409, fields, {
    type: `${PROBLEMS}mismatching-upload-offset`,
    title: "The offset of the request is not that of the upload",
    "expected-offset": expected,
    "provided-offset": provided,
  });
}

/** 400: what the requests of one upload say about its length doesn't fit together. */
export function refuseLength(): Reply {
  return problem(400, [["Upload-Complete", "?0"]], {
    type: `${PROBLEMS}inconsistent-upload-length`,
    title: "The lengths that are announced for the upload are not the same",
  });
}

function problem(
  status: number,
  fields: readonly Field[],
  content: Readonly<Record<string, string | number>>,
): Reply {
  const bytes = encodeUtf8(`${JSON.stringify({ status, ...content })}\n`);
  return { kind: "reply", status, fields: [PROBLEM_TYPE, ...fields], body: { kind: "bytes", bytes } };
}
