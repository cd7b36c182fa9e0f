/**
 * What small files were compressed to: kept as long as the files themselves, so that the same work is not done for each client.
 */
import type { Coding } from "../semantics/negotiation.ts";
import type { OpenFile } from "../store/store.ts";

type AppliedCoding = Exclude<Coding, "identity">;

/** So much is kept in all; what was kept longest goes first. */
const MOST_BYTES = 32 * 1024 * 1024;

/** By file, longest kept first: a Map keeps the order of insertion. */
const kept = new Map<OpenFile, Map<AppliedCoding, Uint8Array>>();
let keptBytes = 0;
/** The files that will tell when they are forgotten: each is asked once, however often its place here is needed. */
const watched = new WeakSet<OpenFile>();

/** The content of `file` in `coding`, if it was kept. */
export function recallCompressed(file: OpenFile, coding: AppliedCoding): Uint8Array | undefined {
  return kept.get(file)?.get(coding);
}

/** Whether what `file` is compressed to may be kept: it is in memory itself. */
export function mayKeepCompressed(file: OpenFile): boolean {
  return file.bytes !== undefined && file.whenForgotten !== undefined;
}

/** Keeps `bytes`, the whole content of `file` in `coding`. */
export function keepCompressed(file: OpenFile, coding: AppliedCoding, bytes: Uint8Array): void {
  // A file that is not current may have been forgotten already, and would then never be forgotten here.
  if (file.isCurrent?.() !== true) return;
  const codings = kept.get(file) ?? begin(file);
  if (codings.has(coding)) return;
  codings.set(coding, bytes);
  keptBytes += bytes.length;
  for (const oldest of kept.keys()) {
    if (keptBytes <= MOST_BYTES) return;
    forget(oldest);
  }
}

function begin(file: OpenFile): Map<AppliedCoding, Uint8Array> {
  const codings = new Map<AppliedCoding, Uint8Array>();
  kept.set(file, codings);
  if (!watched.has(file)) file.whenForgotten?.(() => forget(file));
  watched.add(file);
  return codings;
}

function forget(file: OpenFile): void {
  for (const bytes of kept.get(file)?.values() ?? []) keptBytes -= bytes.length;
  kept.delete(file);
}
