/**
 * What an answer to a GET, with or without Range, is good for: the whole file, the part that was asked for, or nothing.
 *
 * SECURITY: parts are put together only when everything says that they are of one version: the validator, the place and the
 * length (RFC 9110 §13.1.5, §14.4, §15.3.7). In any doubt the file is fetched from its beginning.
 */
import { printable } from "../base/printable.ts";
import { parseContentRange } from "../semantics/content-range.ts";
import { parseMediaType } from "../semantics/media-type.ts";
import type { ResponseHead } from "../wire/message.ts";
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
  /** What is there and what came don't go together. */
  | { readonly kind: "unfit"; readonly reason: string };

/** Judges the answer to a Range. `undefined`: it is neither, see {@link refuseAnswer}. */
export function judgeRangeAnswer(head: ResponseHead, asked: AskedRange): RangeVerdict | undefined {
  if (head.status === 206) return judgePart(head, asked);
  if (head.status === 416) return judgeUnsatisfied(head, asked);
  return head.status === 200 || head.status === 203 ? { kind: "whole" } : undefined;
}

/** Codings that some servers name for files that are compressed already, and how such files are called. */
const CODED_NAMES: ReadonlyMap<string, RegExp> = new Map([
  ["gzip", /\.(?:t?gz|svgz)$/i],
  ["x-gzip", /\.(?:t?gz|svgz)$/i],
  ["compress", /\.z$/i],
  ["x-compress", /\.z$/i],
  ["bzip2", /\.t?bz2?$/i],
  ["x-bzip2", /\.t?bz2?$/i],
  ["xz", /\.t?xz$/i],
  ["zstd", /\.t?zst$/i],
  ["br", /\.br$/i],
]);

/**
 * Why the answer of `url` is not the whole of what a GET asked for; `undefined` when it is: only 200 and 203 carry that (RFC 9110
 * §15.3).
 */
export function refuseAnswer(head: ResponseHead, url: RemoteUrl): TransferError | undefined {
  // A part that nobody asked for must not be saved as the whole.
  if (head.status === 206) return unasked("a part of the file");
  if (head.status !== 200 && head.status !== 203) return refusedDownload(head, url);
  return refuseContent(head, pathOf(url));
}

/**
 * Why content that came with 200 or 203 can't be saved; `undefined` when it can.
 *
 * A coding would be a different file than its name says, unless its name says so, as `a.tar.gz` does (Apache's AddEncoding).
 * Codings are refused rather than undone, however many there are (CVE-2023-23916, CVE-2022-32206).
 *
 * @param path of the URL that was asked.
 */
function refuseContent(head: ResponseHead, path: string): TransferError | undefined {
  const coding = codingOf(head);
  if (coding !== undefined && CODED_NAMES.get(coding.toLowerCase())?.test(path) !== true)
    return unasked(`the file in the coding "${printable(coding.slice(0, 40))}"`);
  if (isMultipart(head) || head.fields.has("content-range")) return unasked("parts of the file");
  return undefined;
}

function judgePart(head: ResponseHead, asked: AskedRange): RangeVerdict {
  const { fields, framing } = head;
  if (codingOf(head) !== undefined) return unfit("it sent a part in a coding");
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

function codingOf(head: ResponseHead): string | undefined {
  const coding = head.fields.get("content-encoding");
  return coding === undefined || coding.toLowerCase() === "identity" ? undefined : coding;
}

function isMultipart(head: ResponseHead): boolean {
  return parseMediaType(head.fields.get("content-type") ?? "")?.type === "multipart/byteranges";
}

function unasked(what: string): TransferError {
  return new TransferError("protocol", `The server sent ${what}, which was not asked for; nothing was saved`);
}
