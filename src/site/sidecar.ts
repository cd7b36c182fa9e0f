/**
 * Sidecars: `photo.txt.br`, `.zst` and `.gz` beside `photo.txt` hold the same content, compressed beforehand.
 */
import type { Coding } from "../semantics/negotiation.ts";
import type { Found, OpenFile } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import { parseUrlPath } from "../wire/target.ts";
import { rankCodings } from "./coding-rank.ts";
import type { FoundFile } from "./resolve.ts";
import type { Visit } from "./site.ts";

/** A file that holds content in a coding. */
export type Sidecar = { readonly coding: Coding; readonly file: OpenFile };

type StoredCoding = Exclude<Coding, "identity">;

/** How the codings are called in file names and in tags. */
export const CODING_SUFFIXES: Readonly<Record<StoredCoding, string>> = { br: "br", zstd: "zst", gzip: "gz" };

/** In the order of preference: the smaller first. */
const STORED_CODINGS: readonly Coding[] = ["br", "zstd", "gzip", "identity"];

/**
 * Opens the sidecar of `found` that the client likes best.
 *
 * @param acceptEncoding the field's value.
 * @returns `undefined` when there is none that it accepts and prefers to the file itself. Names are not checked against the
 *   whitelist: the file's own counts, as it is the same content.
 */
export function findSidecar(visit: Visit, found: FoundFile, acceptEncoding: string): Sidecar | undefined {
  for (const coding of rankCodings(acceptEncoding, STORED_CODINGS)) {
    if (coding === "identity") return undefined;
    const file = openSidecar(visit, found, CODING_SUFFIXES[coding]);
    if (file !== undefined) return { coding, file };
  }
  return undefined;
}

/** A sidecar counts only while it is not older than its file, and long enough unchanged to be named by its version. */
function openSidecar(visit: Visit, { file, rawPath }: FoundFile, suffix: string): OpenFile | undefined {
  const found = tryToFind(visit, `${rawPath}.${suffix}`);
  if (found?.kind !== "file") return undefined;
  const sidecar = found.file;
  if (sidecar.modifiedMs >= file.modifiedMs && sidecar.isSettled && sidecar.sizeBytes > 0) return sidecar;
  sidecar.close();
  return undefined;
}

/** One that can't be opened is none: its file is open, and the same content. But what is answered then is no answer for other times. */
function tryToFind(visit: Visit, rawPath: string): Found | undefined {
  const path = parseUrlPath(rawPath);
  if (path === undefined) return undefined;
  try {
    return visit.site.store.find(path);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    delete visit.subject;
    return undefined;
  }
}
