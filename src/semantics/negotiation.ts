/**
 * Proactive content negotiation (RFC 9110 §12): which coding and which media type a client prefers among
 * those offered.
 */
import { splitList } from "./field-list.ts";
import { type MediaType, parseMediaType } from "./media-type.ts";
import { type Parameter, parseParameterized } from "./parameters.ts";
import { qualityOf } from "./quality.ts";

/** A content coding that can be offered; `identity` is none at all. */
export type Coding = "identity" | "gzip" | "br" | "zstd";

type MediaRange = {
  readonly type: string;
  readonly parameters: readonly Parameter[];
  readonly quality: number;
};

const MEDIA_RANGE = /^(?:\*\/\*|[^\s/*]+\/(?:\*|[^\s/*]+))$/;

// Less than any weight that can be written (0.001): what nobody asked for and nobody excluded.
const UNLISTED_QUALITY = 0.0001;

/**
 * Chooses a content coding by Accept-Encoding (RFC 9110 §12.5.3).
 *
 * Without the field nothing is said about codings, so identity is chosen where it is offered. An element that
 * is malformed is passed over. At the same weight the server's order decides, but any coding goes before
 * identity, which wins only with a weight of its own that is higher.
 *
 * @param offered what there is, in the server's order of preference.
 * @returns `undefined` when nothing offered is acceptable (406).
 */
export function chooseCoding(
  acceptEncoding: string | undefined,
  offered: readonly Coding[],
): Coding | undefined {
  if (acceptEncoding === undefined) return offered.includes("identity") ? "identity" : offered[0];
  const weights = parseCodings(acceptEncoding);
  let best: Coding | undefined;
  let bestQuality = 0;
  for (const coding of offered) {
    const quality = codingQuality(weights, coding);
    if (quality > bestQuality || (quality === bestQuality && best === "identity")) {
      best = coding;
      bestQuality = quality;
    }
  }
  return best;
}

/**
 * Chooses a media type by Accept (RFC 9110 §12.5.1): the highest weight, given to each type by the most
 * specific range that covers it. A range's parameters raise its precedence for a type that has them and are
 * ignored otherwise. Elements that are malformed are passed over; a field without a valid one says nothing,
 * as an absent one.
 *
 * @param offered media types, in the server's order of preference, which decides at the same weight.
 * @returns an element of `offered`; `undefined` when none is acceptable (406).
 */
export function chooseMediaType(accept: string | undefined, offered: readonly string[]): string | undefined {
  const ranges = parseMediaRanges(accept ?? "");
  if (ranges.length === 0) return offered[0];
  let best: string | undefined;
  let bestQuality = 0;
  for (const candidate of offered) {
    const quality = mediaQuality(ranges, candidate);
    if (quality > bestQuality) {
      best = candidate;
      bestQuality = quality;
    }
  }
  return best;
}

/** Weights by lower-case coding; of the same coding named twice the higher one. */
function parseCodings(acceptEncoding: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const element of splitList(acceptEncoding)) {
    const parsed = parseParameterized(element);
    const quality = parsed === undefined ? undefined : onlyQuality(parsed.parameters);
    if (parsed === undefined || quality === undefined) continue;
    const coding = parsed.head.toLowerCase();
    // RFC 9110 §8.4.1.3: x-gzip is gzip.
    const name = coding === "x-gzip" ? "gzip" : coding;
    weights.set(name, Math.max(quality, weights.get(name) ?? 0));
  }
  return weights;
}

/** A coding takes a weight and no other parameter. */
function onlyQuality(parameters: readonly Parameter[]): number | undefined {
  const isPlain = parameters.length === 0 || (parameters.length === 1 && parameters[0]?.name === "q");
  return isPlain ? qualityOf(parameters) : undefined;
}

function codingQuality(weights: ReadonlyMap<string, number>, coding: Coding): number {
  const unlisted = coding === "identity" ? UNLISTED_QUALITY : 0;
  return weights.get(coding) ?? weights.get("*") ?? unlisted;
}

function parseMediaRanges(accept: string): readonly MediaRange[] {
  const ranges: MediaRange[] = [];
  for (const element of splitList(accept)) {
    const parsed = parseParameterized(element);
    if (parsed === undefined || !MEDIA_RANGE.test(parsed.head)) continue;
    const quality = qualityOf(parsed.parameters);
    if (quality === undefined) continue;
    const end = parsed.parameters.findIndex((parameter) => parameter.name === "q");
    const parameters = end === -1 ? parsed.parameters : parsed.parameters.slice(0, end);
    ranges.push({ type: parsed.head.toLowerCase(), parameters, quality });
  }
  return ranges;
}

function mediaQuality(ranges: readonly MediaRange[], candidate: string): number {
  const mediaType = parseMediaType(candidate);
  if (mediaType === undefined) return 0;
  let quality = 0;
  let precedence = -1;
  for (const range of ranges) {
    const found = precedenceOf(range, mediaType);
    if (found < precedence || found === -1) continue;
    quality = found === precedence ? Math.max(quality, range.quality) : range.quality;
    precedence = found;
  }
  return quality;
}

/**
 * How specifically `range` covers `mediaType`: -1 not at all, then the star forms, the plain type, the type
 * with n parameters.
 */
function precedenceOf(range: MediaRange, { type, parameters }: MediaType): number {
  if (range.type === "*/*") return 0;
  if (range.type.endsWith("/*")) return type.startsWith(range.type.slice(0, -1)) ? 1 : -1;
  if (range.type !== type) return -1;
  const isCovered = range.parameters.every(
    ({ name, value }) => parameters.get(name)?.toLowerCase() === value.toLowerCase(),
  );
  return isCovered ? 3 + range.parameters.length : 2;
}
