/**
 * The one representation that is selected for a request (RFC 9110 §3.2, §12.1): its bytes, coding, length, type and
 * validators as one value, from which conditions, ranges, digests and fields are all computed, so that they can't disagree.
 */
import type { Validators } from "../semantics/conditions.ts";
import type { EntityTag } from "../semantics/entity-tag.ts";
import type { Coding } from "../semantics/negotiation.ts";
import type { OpenFile } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import type { Field } from "../wire/fields.ts";
import { extensionOf } from "./access.ts";
import { bestCoding, COMPUTED_CODINGS, ONLY_IDENTITY } from "./coding-rank.ts";
import { recallCompressed } from "./compressed-files.ts";
import { mayCompress } from "./compression.ts";
import { wantsDigest } from "./digests.ts";
import { type MediaKind, mediaKindOf } from "./media-types.ts";
import type { FoundFile } from "./resolve.ts";
import { CODING_SUFFIXES, findSidecar, type Sidecar } from "./sidecar.ts";
import type { Visit } from "./site.ts";

export type Representation = {
  /** What is read: the file, or its sidecar. */
  readonly file: OpenFile;
  readonly coding: Coding;
  /** Whether `coding` is applied while it is sent: then neither length nor digest is known, and there are no ranges. */
  readonly isComputed: boolean;
  readonly mediaType: string;
  readonly tag: EntityTag;
  readonly validators: Validators;
  /** Which fields of the request could have selected another representation; `undefined` when none could. */
  readonly vary: Field | undefined;
  readonly name: string;
  readonly contentLocation: string | undefined;
};

/** Below this, compression gains less than its own overhead. */
const MIN_COMPUTED_BYTES = 1024;

export const VARY_BY_CODING: Field = ["Vary", "Accept-Encoding"];
export const VARY_BY_TYPE: Field = ["Vary", "Accept"];
export const VARY_BY_BOTH: Field = ["Vary", "Accept, Accept-Encoding"];

/** The years 0 to 9999, which an HTTP-date can say (RFC 9110 §5.6.7). */
const FIRST_HTTP_MS = Date.parse("0000-01-01T00:00:00Z");
const LAST_HTTP_MS = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * Selects the representation of the file `found`, and takes the file over: it is closed when another is read in its place.
 *
 * @returns `undefined` when no coding is acceptable (406); the file is closed then.
 */
export function selectRepresentation(visit: Visit, found: FoundFile): Representation | undefined {
  const kind = mediaKindOf(extensionOf(found.name));
  const acceptEncoding = visit.lookup("accept-encoding");
  if (acceptEncoding === undefined) return describe(found, kind, { file: found.file, coding: "identity" });
  const sidecar = kind.isCompressible ? findSidecar(visit, found, acceptEncoding) : undefined;
  if (sidecar !== undefined) {
    found.file.close();
    delete visit.subject;
    return describe(found, kind, sidecar);
  }
  const mayCompute = kind.isCompressible && allowsComputing(visit, found.file);
  const coding = mayCompute
    ? chooseComputed(visit, found.file, acceptEncoding)
    : bestCoding(acceptEncoding, ONLY_IDENTITY);
  if (coding !== undefined) return describe(found, kind, { file: found.file, coding });
  found.file.close();
  return undefined;
}

/** The validators of `file` as it is stored; strong, whether or not it is settled. */
export function validatorsOf(file: OpenFile): Validators {
  return { tag: { isWeak: false, opaque: file.version }, modifiedMs: httpModifiedMs(file) };
}

function allowsComputing({ site }: Visit, file: OpenFile): boolean {
  return site.policy.compress && file.sizeBytes > MIN_COMPUTED_BYTES;
}

/**
 * Ranges and digests need bytes that are known beforehand; only a client that refuses those gets what can't have them. When there
 * are too many compressors, the stored bytes are sent, too.
 * @throws {StoreError} `busy`, when the client refuses them; the file is closed then.
 */
function chooseComputed(visit: Visit, file: OpenFile, acceptEncoding: string): Coding | undefined {
  const coding = bestCoding(acceptEncoding, COMPUTED_CODINGS);
  if (coding === undefined || coding === "identity") return coding;
  const needsStored = visit.lookup("range") !== undefined || wantsDigest(visit);
  const canBeMade = mayCompress() || recallCompressed(file, coding) !== undefined;
  if (canBeMade && !needsStored) return coding;
  const stored = bestCoding(acceptEncoding, ONLY_IDENTITY);
  if (canBeMade) return stored ?? coding;
  // It is no answer for other times.
  delete visit.subject;
  if (stored !== undefined) return stored;
  file.close();
  throw new StoreError("busy", "There are too many compressors");
}

function describe(found: FoundFile, kind: MediaKind, selected: Sidecar): Representation {
  const { file, coding } = selected;
  const opaque = coding === "identity" ? file.version : `${file.version}-${CODING_SUFFIXES[coding]}`;
  const tag = { isWeak: !file.isSettled, opaque };
  return {
    file,
    coding,
    isComputed: coding !== "identity" && file === found.file,
    mediaType: kind.mediaType,
    tag,
    validators: { tag, modifiedMs: httpModifiedMs(file) },
    vary: varyField(kind, found),
    name: found.name,
    contentLocation: found.contentLocation,
  };
}

/** Vary for a file of a type that other codings could be chosen of, chosen or not (RFC 9110 §12.5.5). */
function varyField({ isCompressible }: MediaKind, { variesByAccept }: FoundFile): Field | undefined {
  if (variesByAccept) return isCompressible ? VARY_BY_BOTH : VARY_BY_TYPE;
  return isCompressible ? VARY_BY_CODING : undefined;
}

/** A time that no HTTP-date can say is no validator (CVE-2020-25691). */
function httpModifiedMs({ modifiedMs }: OpenFile): number | undefined {
  return isHttpTime(modifiedMs) ? modifiedMs : undefined;
}

function isHttpTime(ms: number): boolean {
  return ms >= FIRST_HTTP_MS && ms <= LAST_HTTP_MS;
}
