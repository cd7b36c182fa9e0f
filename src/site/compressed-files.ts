/**
 * What small files were compressed to: kept as long as the files themselves, so that the same work is not done for each client.
 */
import { LineUp, Place } from "../base/line-up.ts";
import type { Coding } from "../semantics/negotiation.ts";
import type { Derived, KeptContent, OpenFile } from "../store/store.ts";

type AppliedCoding = Exclude<Coding, "identity">;

/** So much is kept in all; what was kept longest goes first. */
const MOST_BYTES = 32 * 1024 * 1024;

/** Content in the codings it was compressed to. */
class CompressedContent implements Derived {
  readonly #content: KeptContent;
  readonly #codings = new Map<AppliedCoding, Uint8Array>();
  readonly #place = new Place<CompressedContent>(this);
  readonly #contentPlace = new Place<Derived>(this);

  constructor(content: KeptContent) {
    this.#content = content;
    compressed.set(content, this);
    order.moveToEnd(this.#place);
    content.derived.moveToEnd(this.#contentPlace);
  }

  get(coding: AppliedCoding): Uint8Array | undefined {
    return this.#codings.get(coding);
  }

  add(coding: AppliedCoding, bytes: Uint8Array): void {
    if (this.#codings.has(coding)) return;
    this.#codings.set(coding, bytes);
    compressedBytes += bytes.length;
  }

  end(): void {
    for (const bytes of this.#codings.values()) compressedBytes -= bytes.length;
    compressed.delete(this.#content);
    order.leave(this.#place);
    this.#content.derived.leave(this.#contentPlace);
  }
}

const compressed = new Map<KeptContent, CompressedContent>();
/** Longest kept first. */
const order = new LineUp<CompressedContent>();
let compressedBytes = 0;

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
  const codings = compressed.get(kept) ?? new CompressedContent(kept);
  codings.add(coding, bytes);
  for (const oldest of order) {
    if (compressedBytes <= MOST_BYTES) return;
    oldest.end();
  }
}
