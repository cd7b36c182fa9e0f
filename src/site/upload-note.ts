/**
 * What of the request that began an upload is remembered until its end: all that decides whether the file may be saved then.
 */
import { parseCountItem } from "../semantics/structured-item.ts";
import type { UploadNote } from "../store/store.ts";
import type { Visit } from "./site.ts";

const REMEMBERED: readonly string[] = [
  "if-match",
  "if-none-match",
  "if-unmodified-since",
  "repr-digest",
  "digest",
];
const METHOD = "method";
const LENGTH = "length";

/** Notes down the request, and the length of the whole where it is known. */
export function makeNote(visit: Visit, length: number | undefined): UploadNote {
  const note: Record<string, string> = { [METHOD]: visit.request.method };
  for (const name of REMEMBERED) {
    const value = visit.lookup(name);
    if (value !== undefined) note[name] = value;
  }
  return length === undefined ? note : withLength(note, length);
}

/** The note with the length of the whole, in bytes. */
export function withLength(note: UploadNote, length: number): UploadNote {
  return { ...note, [LENGTH]: `${length}` };
}

/** The length of the whole, in bytes; `undefined` while it isn't known. */
export function notedLength(note: UploadNote): number | undefined {
  return parseCountItem(note[LENGTH]);
}

/** A visit with the conditions and the digests of the request that `note` tells of, at the time of `visit`. */
export function recallVisit(visit: Visit, note: UploadNote): Visit {
  return {
    ...visit,
    request: { ...visit.request, method: note[METHOD] ?? visit.request.method },
    lookup: (name) => (REMEMBERED.includes(name) ? note[name] : undefined),
  };
}
