/**
 * How long a message's body is (RFC 9112 §6.3). Here two readers of the same bytes must not disagree, so everything
 * that they could take differently is refused.
 */
import type { Fields } from "./fields.ts";
import { DIGITS, TOKEN } from "./grammar.ts";
import type { Framing, HttpVersion } from "./message.ts";
import { ProtocolError } from "./protocol-error.ts";

/** The values of the fields that steer the connection; several lines of one are joined by `, `. */
export type ControlFields = {
  host: string | undefined;
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  connection: string | undefined;
  expect: string | undefined;
};

const NO_BODY: Framing = { kind: "none" };
const CHUNKED: Framing = { kind: "chunked" };
const UNTIL_CLOSE: Framing = { kind: "until-close" };

/** Picks the fields that steer the connection out of `fields`, in one pass. */
export function surveyFields(fields: Fields): ControlFields {
  const found: ControlFields = {
    host: undefined,
    contentLength: undefined,
    transferEncoding: undefined,
    connection: undefined,
    expect: undefined,
  };
  for (const line of fields) {
    const key = controlKey(line[0]);
    if (key === undefined) continue;
    const before = found[key];
    found[key] = before === undefined ? line[1] : `${before}, ${line[1]}`;
  }
  return found;
}

function controlKey(name: string): keyof ControlFields | undefined {
  // The length alone rules out nearly every other field.
  switch (name.length) {
    case 4:
      return isSame(name, "host") ? "host" : undefined;
    case 6:
      return isSame(name, "expect") ? "expect" : undefined;
    case 10:
      return isSame(name, "connection") ? "connection" : undefined;
    case 14:
      return isSame(name, "content-length") ? "contentLength" : undefined;
    case 17:
      return isSame(name, "transfer-encoding") ? "transferEncoding" : undefined;
    default:
      return undefined;
  }
}

function isSame(name: string, lowerCaseName: string): boolean {
  return name === lowerCaseName || name.toLowerCase() === lowerCaseName;
}

/**
 * Decides how a request's body is framed; any method may have one (RFC 9112 §6).
 *
 * @throws {ProtocolError} 400 when the fields contradict each other or are malformed; 501 when a coding other than `chunked`
 *   precedes it.
 */
export function decideRequestFraming(version: HttpVersion, control: ControlFields): Framing {
  if (control.transferEncoding === undefined) return lengthFraming(control) ?? NO_BODY;
  refuseContradiction(version, control);
  const codings = splitCodings(control.transferEncoding);
  if (isChunkedAlone(codings)) return CHUNKED;
  if (isUnknownThenChunked(codings)) throw new ProtocolError("A transfer coding is not supported", 501);
  throw new ProtocolError("Transfer-Encoding is malformed, or does not end with chunked");
}

/**
 * Decides how a response's body is framed.
 *
 * @param method of the request; the answer to HEAD has no body.
 * @throws {ProtocolError} when the fields contradict each other, are malformed, or name another coding than `chunked`.
 */
export function decideResponseFraming(
  method: string,
  response: { readonly version: HttpVersion; readonly status: number },
  control: ControlFields,
): Framing {
  const framing = responseFraming(response.version, control);
  return hasResponseBody(method, response.status) ? framing : NO_BODY;
}

/** Whether a response with `status` to `method` carries a body at all (RFC 9112 §6.3, items 1 and 2). */
export function hasResponseBody(method: string | undefined, status: number): boolean {
  return method !== "HEAD" && status >= 200 && status !== 204 && status !== 304;
}

function responseFraming(version: HttpVersion, control: ControlFields): Framing {
  if (control.transferEncoding === undefined) return lengthFraming(control) ?? UNTIL_CLOSE;
  refuseContradiction(version, control);
  if (isChunkedAlone(splitCodings(control.transferEncoding))) return CHUNKED;
  throw new ProtocolError("Transfer-Encoding is another than chunked", 501);
}

/** SECURITY: each of these is a known way to smuggle a message past another reader (RFC 9112 §6.1, §11.2). */
function refuseContradiction(version: HttpVersion, control: ControlFields): void {
  if (control.contentLength !== undefined) {
    throw new ProtocolError("Both Content-Length and Transfer-Encoding are given");
  }
  if (version === "1.0") throw new ProtocolError("HTTP/1.0 has no Transfer-Encoding");
}

/**
 * Deviation: RFC 9110 §8.6 allows to accept a list of equal lengths; we don't. Joined lines are a list too, so a second
 * Content-Length is refused with it.
 */
function lengthFraming(control: ControlFields): Framing | undefined {
  if (control.contentLength === undefined) return undefined;
  const length = Number(control.contentLength);
  // SECURITY: `Number` takes "0x5", "+5", "5e1" and "" too (CVE-2021-32715, CVE-2023-47627): only digits get that far.
  if (!DIGITS.test(control.contentLength) || length > Number.MAX_SAFE_INTEGER) {
    throw new ProtocolError("Content-Length is not one valid number");
  }
  return { kind: "length", length };
}

/** Codings in lower case. Empty elements are nothing, as in every list: a recipient MUST ignore them (RFC 9110 §5.6.1.2). */
function splitCodings(transferEncoding: string): readonly string[] {
  return transferEncoding
    .split(",")
    .map(trimCoding)
    .filter((coding) => coding !== "");
}

function isChunkedAlone(codings: readonly string[]): boolean {
  return codings.length === 1 && codings[0] === "chunked";
}

/** Whether the list is well-formed, ends with the only `chunked`, and has codings before it. */
function isUnknownThenChunked(codings: readonly string[]): boolean {
  if (codings.at(-1) !== "chunked") return false;
  return codings.slice(0, -1).every((coding) => isUnknownCoding(coding));
}

/** `transfer-coding = token *( OWS ";" OWS transfer-parameter )` (RFC 9112 §7), and none that we know better. */
function isUnknownCoding(coding: string): boolean {
  const [name = ""] = coding.split(";", 1);
  const coded = trimCoding(name);
  return TOKEN.test(coded) && coded !== "chunked" && coded !== "identity";
}

function trimCoding(text: string): string {
  return text
    .replace(/^[\t ]+/, "")
    .replace(/(?<![\t ])[\t ]+$/, "")
    .toLowerCase();
}
