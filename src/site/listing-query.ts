/**
 * What the query of a folder's address says of its page: the order, which of its pages, and what has just been saved there.
 */
import { formatSort, isByName, type ListingSort, parseSort } from "./listing-sort.ts";
import { queryParameter, type Visit } from "./site.ts";

export type ListingQuery = {
  readonly sort: ListingSort;
  /** Counts from 1. */
  readonly page: number;
  /** So many files were saved by the page's form just before. */
  readonly savedCount: number;
};

/** Reads the query of `visit`; what says nothing known counts as not there. */
export function readListingQuery(visit: Visit): ListingQuery {
  return {
    sort: parseSort(queryParameter(visit, "sort")),
    page: readNumber(visit, "page") ?? 1,
    savedCount: readNumber(visit, "saved") ?? 0,
  };
}

/** Writes a query with its `?`; nothing for the usual page, whose address is the one that everybody links to. */
export function formatListingQuery({
  sort,
  page = 1,
  savedCount = 0,
}: Pick<ListingQuery, "sort"> & Partial<ListingQuery>): string {
  const parameters = [
    ...(isByName(sort) ? [] : [`sort=${formatSort(sort)}`]),
    ...(page === 1 ? [] : [`page=${page}`]),
    ...(savedCount === 0 ? [] : [`saved=${savedCount}`]),
  ];
  return parameters.length === 0 ? "" : `?${parameters.join("&")}`;
}

/** A number from 1 on. */
function readNumber(visit: Visit, parameter: string): number | undefined {
  const value = queryParameter(visit, parameter);
  return value !== undefined && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined;
}
