/**
 * The first step: does the site know the method at all, and what it expects (RFC 9110 §9, §10.1.1).
 */
import { NO_BYTES } from "../base/bytes.ts";
import { splitList } from "../semantics/field-list.ts";
import type { Field } from "../wire/fields.ts";
import { refuse } from "./refusal.ts";
import type { Reply } from "./reply.ts";
import type { Site, Visit } from "./site.ts";
import { limitField } from "./upload-fields.ts";

// RFC 9110 §9.3 and RFC 5789: what a server recognises even where it doesn't allow it (405, not 501).
const RECOGNISED: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "PUT",
  "POST",
  "DELETE",
  "PATCH",
  "TRACE",
  "CONNECT",
]);

const ALLOW_READS: Field = ["Allow", "GET, HEAD, OPTIONS"];
const ALLOW_WRITES: Field = ["Allow", "GET, HEAD, OPTIONS, PUT, POST"];

const PREFLIGHT: readonly Field[] = [
  ["Access-Control-Allow-Methods", "GET, HEAD"],
  [
    "Access-Control-Allow-Headers",
    "Accept, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range, Want-Content-Digest, Want-Digest, Want-Repr-Digest",
  ],
  ["Access-Control-Max-Age", "86400"],
];

/**
 * Answers what can be answered by the method alone: OPTIONS (204), methods that aren't allowed (405 with Allow) or known (501), and
 * expectations that can't be met (417).
 *
 * @returns `undefined` for GET, HEAD, PUT and POST that go on.
 */
export function answerByMethod(visit: Visit): Reply | undefined {
  const { request, site } = visit;
  const { method } = request;
  if (!RECOGNISED.has(method)) return refuse(visit, "unknown-method");
  if (method !== "GET" && method !== "HEAD") {
    const isAllowed = method === "OPTIONS" || (isWrite(method) && takesUploads(site));
    if (!isAllowed)
      return refuse(visit, isWrite(method) ? "uploads-off" : "method-not-allowed", [allowField(site)]);
  }
  if (!canMeetExpectation(visit)) return refuse(visit, "unmet-expectation");
  return method === "OPTIONS" ? answerOptions(visit) : undefined;
}

/** Whether the method saves a file here. */
export function isWrite(method: string): boolean {
  return method === "PUT" || method === "POST";
}

function takesUploads({ policy, store }: Site): boolean {
  return policy.upload !== undefined && store.uploads !== undefined;
}

function allowField(site: Site): Field {
  return takesUploads(site) ? ALLOW_WRITES : ALLOW_READS;
}

/** Only `100-continue` is defined; HTTP/1.0 knows no expectations (RFC 9110 §10.1.1). */
export function canMeetExpectation({ request, lookup }: Visit): boolean {
  if (request.version === "1.0") return true;
  const expect = lookup("expect");
  return (
    expect === undefined || splitList(expect).every((element) => element.toLowerCase() === "100-continue")
  );
}

function answerOptions(visit: Visit): Reply {
  const { policy, store } = visit.site;
  const fields: Field[] = [allowField(visit.site)];
  // How a client finds out that uploads can be resumed here (draft-ietf-httpbis-resumable-upload-12 §4.1.4).
  if (policy.upload !== undefined && store.unfinished !== undefined) {
    fields.push(limitField(policy.upload.maxBytes));
  }
  // The Fetch standard's preflight. Reads only: other sites never get to write (CVE-2026-42091).
  if (visit.site.policy.cors !== undefined && visit.lookup("access-control-request-method") !== undefined) {
    fields.push(...PREFLIGHT);
  }
  return { kind: "reply", status: 204, fields, body: { kind: "bytes", bytes: NO_BYTES } };
}
