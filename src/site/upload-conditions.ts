/**
 * Conditions on what is to be replaced (RFC 9110 §13): asked before the body is taken, and once more at the moment at
 * which the file gets its name, so that of two writers one is told that it came too late.
 */
import { decideConditions } from "../semantics/conditions.ts";
import type { FieldLookup } from "../semantics/field-list.ts";
import type { OpenFile, UploadOptions } from "../store/store.ts";
import { validatorsOf } from "./representation.ts";
import type { Visit } from "./site.ts";

/** The suffixes of tags that name a file in a coding. */
const CODING_SUFFIX = /-(?:br|zst|gz)"/g;

/** Whether the request sets conditions that matter to a write. */
export function isConditional({ lookup }: Visit): boolean {
  return (
    lookup("if-match") !== undefined ||
    lookup("if-none-match") !== undefined ||
    lookup("if-unmodified-since") !== undefined
  );
}

/** Whether the request names the version that it wants to replace, and so may replace it; `*` names none. */
export function namesVersion({ lookup }: Visit): boolean {
  const ifMatch = lookup("if-match");
  return ifMatch !== undefined && ifMatch !== "*";
}

/**
 * Whether the conditions let the request proceed, given what is there now.
 *
 * The version counts as a strong validator here even while the file is not settled: a strong tag was given out only when it
 * was, and whatever changed since then has another version.
 */
export function allowsWrite(visit: Visit, current: OpenFile | undefined): boolean {
  const validators = current && validatorsOf(current);
  return decideConditions(visit.request.method, tagLookup(visit), validators, visit.nowMs) === "proceed";
}

/**
 * What may become of what is there when the upload is done, by the operator's choice and the request's conditions.
 *
 * A version that is named and is the current one may be replaced: nothing gets lost that the client doesn't know.
 */
export function writeOptions(
  visit: Visit,
  onExist: UploadOptions["onExist"],
): Pick<UploadOptions, "onExist" | "mayReplace"> {
  if (!isConditional(visit)) return { onExist };
  return {
    onExist: namesVersion(visit) ? "replace" : onExist,
    mayReplace: (current) => allowsWrite(visit, current),
  };
}

/** The same for a form, which is sent to a folder: that exists or not, but has no validators. */
export function allowsFormWrite(visit: Visit, folder: { readonly exists: boolean }): boolean {
  const current = folder.exists ? { tag: undefined, modifiedMs: undefined } : undefined;
  return decideConditions(visit.request.method, visit.lookup, current, visit.nowMs) === "proceed";
}

/** The tag of a compressed answer names the file's version as well as the plain one: it is the same version. */
function tagLookup({ lookup }: Visit): FieldLookup {
  return (name) => {
    const value = lookup(name);
    return name === "if-match" || name === "if-none-match" ? value?.replace(CODING_SUFFIX, '"') : value;
  };
}
