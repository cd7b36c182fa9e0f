/**
 * What an answer to a GET, with or without Range, is good for: the whole file, the part that was asked for, or nothing.
 *
 * SECURITY: parts are put together only when everything says that they are of one version: the validator, the place and the
 * length (RFC 9110 §13.1.5, §14.4, §15.3.7). In any doubt the file is fetched from its beginning.
 */
import { printable } from "../base/printable.ts";
import { parseContentCodings } from "../semantics/content-coding.ts";
import { parseContentRange } from "../semantics/content-range.ts";
import { parseMediaType } from "../semantics/media-type.ts";
import type { ResponseHead } from "../wire/message.ts";
import { reasonPhrase } from "../wire/status-line.ts";
import { refusedDownload } from "./answer.ts";
import { pathOf, type RemoteUrl } from "./origin.ts";
import { TransferError } from "./transfer-error.ts";
import { hasValidator, type Validator } from "./validator.ts";

/** What was asked for with Range and If-Range, and of which version. */
export type AskedRange = {
  /** Inclusive. */
  readonly start: number;
  /** Exclusive; `undefined` for all that there is. */
  readonly end: number | undefined;
  readonly validator: Validator;
  readonly totalBytes: number | undefined;
};

export type RangeVerdict =
  /** The content is the whole file, as it is now. */
  | { readonly kind: "whole" }
  /** The content is `[start, end)` of the version that is meant. */
  | { readonly kind: "part"; readonly end: number; readonly totalBytes: number }
  /** There is nothing behind `start`: the file is as long as what is there. */
  | { readonly kind: "nothing-more" }
  /** The server does not take the question for a part; it may give the whole. */
  | { readonly kind: "refused" }
  /** What is there and what came don't go together. */
  | { readonly kind: "unfit"; readonly reason: string };

/** What a content is called. */
export type Naming = {
  /** Where it comes from, after redirects. */
  readonly url: RemoteUrl;
  /** Name or path that it is saved under, if it is. */
  readonly savedAs?: string | undefined;
};

/** Answers by servers that know no Range, or take If-Range for If-Match or If-None-Match. */
const REFUSES_PARTS: ReadonlySet<number> = new Set([304, 400, 412, 501]);

/** Judges the answer to a Range. `undefined`: it is neither, see {@link refuseAnswer}. */
export function judgeRangeAnswer(
  head: ResponseHead,
  asked: AskedRange,
  naming: Naming,
): RangeVerdict | undefined {
  if (head.status === 206) return judgePart(head, asked, naming);
  if (head.status === 416) return judgeUnsatisfied(head, asked);
  if (REFUSES_PARTS.has(head.status)) return { kind: "refused" };
  return hasContentOf200(head.status) ? { kind: "whole" } : undefined;
}

/** Whether content with this status is the file: 200, 203, and what nobody knows, which counts as 200 (RFC 9110 §15, §15.3). */
function hasContentOf200(status: number): boolean {
  if (status === 200 || status === 203) return true;
  return status >= 200 && status <= 299 && reasonPhrase(status) === "";
}

type CodedName = {
  readonly pattern: RegExp;
  /** The usual one. */
  readonly ending: string;
};

const GZIP: CodedName = { pattern: /\.(?:t?gz|svgz)$/i, ending: ".gz" };
const COMPRESS: CodedName = { pattern: /\.z$/i, ending: ".Z" };
const BZIP2: CodedName = { pattern: /\.t?bz2?$/i, ending: ".bz2" };

/** Codings that some servers name for files that are compressed already, and how such files are called. */
const CODED_NAMES: ReadonlyMap<string, CodedName> = new Map([
  ["gzip", GZIP],
  ["x-gzip", GZIP],
  ["compress", COMPRESS],
  ["x-compress", COMPRESS],
  ["bzip2", BZIP2],
  ["x-bzip2", BZIP2],
  ["xz", { pattern: /\.t?xz$/i, ending: ".xz" }],
  ["zstd", { pattern: /\.t?zst$/i, ending: ".zst" }],
  ["br", { pattern: /\.br$/i, ending: ".br" }],
]);

/** Why an answer is not the whole of what a GET asked for; `undefined` when it is. */
export function refuseAnswer(head: ResponseHead, naming: Naming): TransferError | undefined {
  if (head.status !== 206 && !hasContentOf200(head.status)) return refusedDownload(head, naming.url);
  const coding = foreignCoding(head, naming);
  if (coding !== undefined) return inCoding(coding);
  // A part that nobody asked for must not be saved as the whole.
  if (isMultipart(head) || !isWhole(head)) return unasked("a part of the file");
  return undefined;
}

/** Whether nothing says that the content is a part, or what says so calls it all that there is. */
function isWhole({ status, fields, framing }: ResponseHead): boolean {
  if (status !== 206 && !fields.has("content-range")) return true;
  const range = parseContentRange(fields.get("content-range"));
  if (range?.kind !== "span" || framing.kind !== "length") return false;
  return (
    range.span.first === 0 && range.sizeBytes === range.span.last + 1 && framing.length === range.sizeBytes
  );
}

/**
 * The coding of a content which would make it a different file than its name says; `undefined` when the name says so, as
 * `a.tar.gz` does (Apache's AddEncoding). Codings are refused rather than undone, however many there are (CVE-2023-23916,
 * CVE-2022-32206).
 */
function foreignCoding({ fields }: ResponseHead, { url, savedAs }: Naming): string | undefined {
  const codings = parseContentCodings(fields.get("content-encoding"));
  const coding = codings.length === 0 ? undefined : codings.join(", ");
  const name = CODED_NAMES.get(coding?.toLowerCase() ?? "");
  const isNamed = [pathOf(url), savedAs ?? ""].some((each) => name?.pattern.test(each));
  return isNamed ? undefined : coding;
}

function judgePart(head: ResponseHead, asked: AskedRange, naming: Naming): RangeVerdict {
  const { fields, framing } = head;
  if (foreignCoding(head, naming) !== undefined) return unfit("it sent a part in a coding");
  if (isMultipart(head)) return unfit("it sent several parts at once");
  if (!hasValidator(fields, asked.validator)) return unfit("the file there has changed");
  const range = parseContentRange(fields.get("content-range"));
  if (range?.kind !== "span" || range.sizeBytes === undefined)
    return unfit("it did not say which part it sent");
  const { span, sizeBytes } = range;
  const end = span.last + 1;
  if (asked.totalBytes !== undefined && sizeBytes !== asked.totalBytes) {
    return unfit("the file there has another length now");
  }
  // A part that ends sooner is legal, and no harm: the rest is asked for again (RFC 9110 §15.3.7).
  if (span.first !== asked.start || end > Math.min(asked.end ?? sizeBytes, sizeBytes)) {
    return unfit("it sent another part than it was asked for");
  }
  if (framing.kind === "length" && framing.length !== end - asked.start) {
    return unfit("the length of its part is not the one it named");
  }
  return { kind: "part", end, totalBytes: sizeBytes };
}

function judgeUnsatisfied(head: ResponseHead, asked: AskedRange): RangeVerdict {
  const range = parseContentRange(head.fields.get("content-range"));
  const isSameVersion =
    !head.fields.has(asked.validator.kind === "tag" ? "etag" : "last-modified") ||
    hasValidator(head.fields, asked.validator);
  const isAsLong = range?.kind === "unsatisfied" && range.sizeBytes === asked.start;
  const isTotal = asked.totalBytes === undefined || asked.totalBytes === asked.start;
  if (isSameVersion && isAsLong && isTotal) return { kind: "nothing-more" };
  return unfit("the file there is shorter now");
}

function unfit(reason: string): RangeVerdict {
  return { kind: "unfit", reason };
}

function isMultipart(head: ResponseHead): boolean {
  return parseMediaType(head.fields.get("content-type") ?? "")?.type === "multipart/byteranges";
}

function inCoding(coding: string): TransferError {
  const ending = CODED_NAMES.get(coding.toLowerCase())?.ending;
  const advice =
    ending === undefined ? "" : `. To have it as it comes, give it a name that ends with "${ending}"`;
  return unasked(`the file in the coding "${printable(coding.slice(0, 40))}"`, advice);
}

function unasked(what: string, advice = ""): TransferError {
  const message = `The server sent ${what}, which was not asked for; nothing was saved${advice}`;
  return new TransferError("protocol", message);
}
