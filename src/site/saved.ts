/**
 * The reply to an upload that was saved.
 */
import { encodeUtf8, NO_BYTES } from "../base/bytes.ts";
import { printable } from "../base/printable.ts";
import { formatEntityTag } from "../semantics/entity-tag.ts";
import { formatHttpDate } from "../semantics/http-date.ts";
import { chooseMediaType } from "../semantics/negotiation.ts";
import type { Committed } from "../store/store.ts";
import type { Field } from "../wire/fields.ts";
import { formatUrlPath } from "../wire/target.ts";
import { formatListingQuery, readListingQuery } from "./listing-query.ts";
import type { Reply } from "./reply.ts";
import type { Visit } from "./site.ts";

const VARY: Field = ["Vary", "Accept"];

/** Answers for one file: 201 with its address when it is new, 204 when it took another's place (RFC 9110 §9.3.4). */
export function replySaved(visit: Visit, committed: Committed): Reply {
  const validators = validatorFields(committed);
  if (!committed.isNew) {
    return { kind: "reply", status: 204, fields: validators, body: { kind: "bytes", bytes: NO_BYTES } };
  }
  return replyCreated(visit, [committed], validators);
}

/** Answers for the files of a form: a browser is sent on to the folder at `names`, a program gets a list. */
export function replyFormSaved(visit: Visit, names: readonly string[], saved: readonly Committed[]): Reply {
  const wanted = chooseMediaType(visit.lookup("accept"), ["text/plain", "application/json", "text/html"]);
  if (wanted !== "text/html") return replyCreated(visit, saved, []);
  const query = formatListingQuery({ sort: readListingQuery(visit).sort, savedCount: saved.length });
  return {
    kind: "reply",
    status: 303,
    fields: [["Location", formatUrlPath(names, { isFolder: true }) + query], VARY],
    body: { kind: "bytes", bytes: NO_BYTES },
  };
}

/** In text the paths are for people, decoded; in JSON they are as in an address. */
function replyCreated(visit: Visit, saved: readonly Committed[], validators: readonly Field[]): Reply {
  const paths = saved.map(({ names }) => formatUrlPath(names, { isFolder: false }));
  const [first, second] = paths;
  const location: readonly Field[] = first !== undefined && second === undefined ? [["Location", first]] : [];
  const isJson =
    chooseMediaType(visit.lookup("accept"), ["text/plain", "application/json"]) === "application/json";
  const text = isJson
    ? `${JSON.stringify({ saved: paths })}\n`
    : saved.map(({ names }) => `Saved /${names.map(printable).join("/")}\n`).join("");
  const type: Field = ["Content-Type", isJson ? "application/json" : "text/plain; charset=utf-8"];
  return {
    kind: "reply",
    status: 201,
    fields: [...location, ...validators, type, VARY],
    body: { kind: "bytes", bytes: encodeUtf8(text) },
  };
}

/** Only what is proof: the file was stored as it came, and nothing can change under this version any more (RFC 9110 §9.3.4). */
function validatorFields({ version, isSettled, modifiedMs }: Committed): readonly Field[] {
  if (!isSettled) return [];
  const etag: Field = ["ETag", formatEntityTag({ isWeak: false, opaque: version })];
  const modified = formatHttpDate(modifiedMs);
  return modified === undefined ? [etag] : [etag, ["Last-Modified", modified]];
}
