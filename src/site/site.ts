/**
 * The site, and a visit to it: one request on its way through the steps of {@link respond}.
 */
import type { Clock } from "../base/clock.ts";
import type { Asker } from "../base/portions.ts";
import type { FieldLookup } from "../semantics/field-list.ts";
import type { OpenFile, Store } from "../store/store.ts";
import type { RequestHead } from "../wire/message.ts";
import type { SitePolicy } from "./policy.ts";

export type Site = {
  readonly store: Store;
  readonly policy: SitePolicy;
  readonly clock: Clock;
  /** Told of what went wrong here at `path` (as it was received): the client gets a 500 without a word of it. */
  readonly onError: (error: unknown, path: string) => void;
};

export type Visit = {
  readonly request: RequestHead;
  readonly site: Site;
  /** Whose request it is. */
  readonly asker: Asker;
  /** When the request came, in ms since the epoch: one instant for all that is decided and written of it. */
  readonly nowMs: number;
  /** The target's path as it was received, but for empty names in it; empty for a target without one (`*`). */
  readonly rawPath: string;
  readonly query: string | undefined;
  /** The request's fields. */
  readonly lookup: FieldLookup;
  /** The file that the answer is made of, if that is what the request names: a file, or the page of a folder. */
  subject?: OpenFile;
};

/** Begins a visit at the present of the site's clock. */
export function beginVisit(request: RequestHead, site: Site, asker: Asker): Visit {
  const { target, fields } = request;
  const hasPath = target.form === "origin" || target.form === "absolute";
  return {
    request,
    site,
    asker,
    nowMs: site.clock.nowMs(),
    rawPath: hasPath ? withoutEmptyNames(target.path) : "",
    query: hasPath ? target.query : undefined,
    lookup: (name) => fields.get(name),
  };
}

/** Scripts put addresses together with a slash too many, and nothing has an empty name. */
function withoutEmptyNames(path: string): string {
  return path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
}

/** Whether the query has a parameter `name`, with or without a value. */
export function hasQueryParameter(visit: Visit, name: string): boolean {
  return queryParameter(visit, name) !== undefined;
}

/** The value of the query's first parameter `name` as it was received, not decoded; `undefined` when there is none. */
export function queryParameter({ query }: Visit, name: string): string | undefined {
  if (query === undefined) return undefined;
  for (const parameter of query.split("&")) {
    if (parameter === name) return "";
    if (parameter.startsWith(`${name}=`)) return parameter.slice(name.length + 1);
  }
  return undefined;
}
