/**
 * The lines of a head, each as a value: request-line (RFC 9112 §3), status-line (§4), field line (§5).
 */
import type { Field } from "./fields.ts";
import { FIELD_VALUE, HTTP_VERSION, REASON_PHRASE, STATUS_CODE, TOKEN } from "./grammar.ts";
import type { Excess } from "./line-reader.ts";
import type { HttpVersion } from "./message.ts";
import { ProtocolError } from "./protocol-error.ts";
import { parseTarget, type Target } from "./target.ts";

export type RequestLine = {
  readonly method: string;
  readonly target: Target;
  readonly rawTarget: string;
  readonly version: HttpVersion;
};

export type StatusLine = {
  readonly version: HttpVersion;
  readonly status: number;
  readonly reason: string;
};

/** What a request-line may have beside its target, in bytes: method, version and two spaces. */
const REQUEST_LINE_REST_BYTES = 256;

/** The longest request-line that is read at all, in bytes, its end not counted. */
export function requestLineBytes(targetBytes: number): number {
  return targetBytes + REQUEST_LINE_REST_BYTES;
}

/** What is too long in a request-line that begins so: a method that nobody implements (501), or the target (414) (RFC 9112 §3). */
export function describeLongRequestLine(line: string): Excess {
  const methodLength = line.split(" ", 1)[0]?.length ?? 0;
  return methodLength > REQUEST_LINE_REST_BYTES
    ? { message: "The method is too long", status: 501 }
    : { message: "The request-target is too long", status: 414, method: methodOf(line) };
}

/** The methods of nearly every request. One text for all of them: whoever compares it finds it in the nearest memory. */
const COMMON_METHODS: ReadonlyMap<string, string> = new Map([
  ["GET", "GET"],
  ["HEAD", "HEAD"],
  ["PUT", "PUT"],
  ["POST", "POST"],
]);

function nameMethod(method: string): string {
  return COMMON_METHODS.get(method) ?? method;
}

/**
 * Parses `method SP request-target SP HTTP-version` (RFC 9112 §3).
 *
 * @throws {ProtocolError} with the method, 400 when it is malformed, 414 when the target is longer than `targetBytes`, 505 on
 *   another major version than 1.
 */
export function parseRequestLine(line: string, targetBytes: number): RequestLine {
  try {
    return parseRequestParts(line, targetBytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError(error.message, error.status, error.blame, methodOf(line));
  }
}

/** What a request-line begins with: the answer to HEAD has no content, whatever is wrong with the rest (RFC 9110 §9.3.2). */
function methodOf(line: string): string | undefined {
  const method = line.split(" ", 1)[0] ?? "";
  return TOKEN.test(method) ? nameMethod(method) : undefined;
}

function parseRequestParts(line: string, targetBytes: number): RequestLine {
  const afterMethod = line.indexOf(" ");
  const afterTarget = line.indexOf(" ", afterMethod + 1);
  if (afterTarget - afterMethod - 1 > targetBytes || line.length > requestLineBytes(targetBytes)) {
    throw new ProtocolError("The request-target is too long", 414);
  }
  if (afterMethod < 0 || afterTarget < 0) throw new ProtocolError("The request-line is malformed");
  const method = nameMethod(line.slice(0, afterMethod));
  const rawTarget = line.slice(afterMethod + 1, afterTarget);
  if (!TOKEN.test(method)) throw new ProtocolError("The method is malformed");
  const version = parseVersion(line.slice(afterTarget + 1));
  const target = parseTarget(rawTarget, method);
  if (target === undefined) throw new ProtocolError("The request-target is malformed");
  return { method, target, rawTarget, version };
}

/**
 * Parses `HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112 §4).
 *
 * Deviation: the space before an absent reason may be absent too, as many servers have it.
 * @throws {ProtocolError} when it is malformed, or the status below 100.
 */
export function parseStatusLine(line: string): StatusLine {
  const version = parseVersion(line.slice(0, 8));
  const code = line.slice(9, 12);
  const reason = line.slice(13);
  const hasSpaces = line.charAt(8) === " " && (line.length === 12 || line.charAt(12) === " ");
  if (!hasSpaces || !STATUS_CODE.test(code) || !REASON_PHRASE.test(reason)) {
    throw new ProtocolError("The status-line is malformed");
  }
  return { version, status: Number(code), reason };
}

/** A minor version that we don't know is spoken to as 1.1 (RFC 9110 §2.5). */
function parseVersion(text: string): HttpVersion {
  if (text === "HTTP/1.1") return "1.1";
  const [, major, minor] = HTTP_VERSION.exec(text) ?? [];
  if (major === undefined) throw new ProtocolError("The HTTP version is malformed");
  if (major !== "1") throw new ProtocolError("The HTTP version is not supported", 505);
  return minor === "0" ? "1.0" : "1.1";
}

/**
 * Parses `field-name ":" OWS field-value OWS` (RFC 9112 §5). The white space around the value is not part of it.
 *
 * @throws {ProtocolError} 400 when it is malformed, or continues the line before (obs-fold, §5.2).
 */
export function parseFieldLine(line: string): Field {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  // SECURITY: white space before the colon, or at the front of a line, hides a field from some readers (§5.1).
  if (!TOKEN.test(name)) throw new ProtocolError("A field name is malformed");
  const value = trimWhiteSpace(line, colon + 1);
  if (!FIELD_VALUE.test(value)) throw new ProtocolError("A field value holds a control character");
  return [name, value];
}

/** `text[start, …)` without the SP and HTAB around it; `trim` would take more than that. */
function trimWhiteSpace(text: string, start: number): string {
  let first = start;
  let end = text.length;
  while (first < end && isWhiteSpace(text.charCodeAt(first))) first += 1;
  while (first < end && isWhiteSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(first, end);
}

function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
