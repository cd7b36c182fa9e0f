/**
 * What small files were compressed to: kept as long as the files themselves, so that the same work is not done for each client.
 */
import type { Coding } from "../semantics/negotiation.ts";
import type { KeptContent, OpenFile } from "../store/store.ts";

type AppliedCoding = Exclude<Coding, "identity">;

/** So much is kept in all; what was kept longest goes first. */
const MOST_BYTES = 32 * 1024 * 1024;

/** By what it was made of, longest kept first: a Map keeps the order of insertion. */
const compressed = new Map<KeptContent, Map<AppliedCoding, Uint8Array>>();
let compressedBytes = 0;
/** What will tell when it is forgotten: it is asked once, however often its place here is needed. */
const watched = new WeakSet<KeptContent>();

/** The content of `file` in `coding`, if it was kept. */
export function recallCompressed({ kept }: OpenFile, coding: AppliedCoding): Uint8Array | undefined {
  return kept && compressed.get(kept)?.get(coding);
}

/** Whether what `file` is compressed to may be kept: it is in memory itself. */
export function mayKeepCompressed({ kept }: OpenFile): boolean {
  return kept !== undefined;
}

/** Keeps `bytes`, the whole content of `file` in `coding`. */
export function keepCompressed({ kept }: OpenFile, coding: AppliedCoding, bytes: Uint8Array): void {
  // Content that is not current may have been forgotten already, and would then never be forgotten here.
  if (kept?.isCurrent() !== true) return;
  const codings = compressed.get(kept) ?? begin(kept);
  if (codings.has(coding)) return;
  codings.set(coding, bytes);
  compressedBytes += bytes.length;
  if (compressedBytes <= MOST_BYTES) return;
  for (const oldest of compressed.keys()) {
    if (compressedBytes <= MOST_BYTES) return;
    forget(oldest);
  }
}

function begin(kept: KeptContent): Map<AppliedCoding, Uint8Array> {
  const codings = new Map<AppliedCoding, Uint8Array>();
  compressed.set(kept, codings);
  if (!watched.has(kept)) kept.whenForgotten(() => forget(kept));
  watched.add(kept);
  return codings;
}

function forget(kept: KeptContent): void {
  for (const bytes of compressed.get(kept)?.values() ?? []) compressedBytes -= bytes.length;
  compressed.delete(kept);
}
