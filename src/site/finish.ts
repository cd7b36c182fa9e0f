/**
 * The last step: the fields that every answer has (RFC 9110 §10.2.4; Fetch standard §3.2). Date is added when it is sent.
 */
import type { Field } from "../wire/fields.ts";
import type { SitePolicy } from "./policy.ts";
import type { Reply } from "./reply.ts";
import type { Site } from "./site.ts";

const SERVER: Field = ["Server", "netfile"];
const NO_CACHE: Field = ["Cache-Control", "no-cache"];
const NO_SNIFF: Field = ["X-Content-Type-Options", "nosniff"];

/** What a page of another site may see of an answer, beyond what it always may. */
const EXPOSED: Field = [
  "Access-Control-Expose-Headers",
  "Accept-Ranges, Content-Digest, Content-Disposition, Content-Encoding, Content-Length, Content-Range, Date, Digest, ETag, Location, Repr-Digest",
];

/** Lists by their nature: the operator's value comes in addition to ours. */
const CUMULATIVE: ReadonlySet<string> = new Set(["vary", "allow"]);

/** They say how long an answer may be kept. */
const FRESHNESS: ReadonlySet<string> = new Set(["cache-control", "expires"]);
const FORBIDS_KEEPING = /no-store|no-cache/i;

/**
 * Puts the common fields before those of `reply`: Server, Cache-Control, the security fields, CORS on reads, and the
 * operator's own, which take the place of ours with the same name. How long answers may be kept is not said of a refusal: what
 * is missing now may be there in a moment, and what is one request's 412 would be another's 200.
 *
 * @param method of the request; `undefined` when it could not be read.
 */
export function finishReply(reply: Reply, site: Site, method: string | undefined): Reply {
  const { policy } = site;
  const fields: Field[] = [SERVER, NO_CACHE];
  // A 304 carries only what a cache needs to refresh what it has (RFC 9110 §15.4.5).
  if (reply.status !== 304) fields.push(NO_SNIFF);
  for (const field of reply.fields) fields.push(field);
  if (policy.cors !== undefined && method !== undefined && isRead(method)) {
    fields.push(["Access-Control-Allow-Origin", policy.cors], EXPOSED);
  }
  return {
    ...reply,
    fields: policy.headers.length === 0 ? fields : withOwnFields(fields, ownFields(reply, policy)),
  };
}

// SECURITY: never on writes, so that no other site's page learns anything from one (CVE-2026-42091).
function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

function ownFields({ status }: Reply, { headers }: SitePolicy): readonly Field[] {
  return status < 400 ? headers : headers.filter((field) => !letsKeep(field));
}

function letsKeep([name, value]: Field): boolean {
  return FRESHNESS.has(name.toLowerCase()) && !FORBIDS_KEEPING.test(value);
}

function withOwnFields(fields: readonly Field[], headers: readonly Field[]): readonly Field[] {
  const own = new Set(headers.map(([name]) => name.toLowerCase()));
  const kept = fields.filter(([name]) => {
    const lowerCaseName = name.toLowerCase();
    return !own.has(lowerCaseName) || CUMULATIVE.has(lowerCaseName);
  });
  return [...kept, ...headers];
}
