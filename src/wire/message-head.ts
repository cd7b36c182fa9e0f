/**
 * Heads with all that follows from them: what a start line and its fields mean together.
 */
import { decideRequestFraming, decideResponseFraming, surveyFields, type ControlFields } from "./framing.ts";
import { isAuthority } from "./grammar.ts";
import type { RequestLine, StatusLine } from "./head-parser.ts";
import type { Head } from "./head-reader.ts";
import type { Framing, HttpVersion, InformationalHead, RequestHead, ResponseHead } from "./message.ts";
import { allowsPersistence } from "./persistence.ts";
import { ProtocolError } from "./protocol-error.ts";

/**
 * Makes a request's head out of what was read.
 * @throws {ProtocolError} 400 or 501 when Host or the framing fields are not right.
 */
export function interpretRequest(read: Head<RequestLine>): RequestHead {
  const { start, fields } = read;
  const control = surveyFields(fields);
  checkHost(start.version, control.host);
  const framing = decideRequestFraming(start.version, control);
  const expectsContinue = waitsForContinue(start.version, framing, control);
  // Member by member, since spreading costs as much here as the rest; first what is looked at however often it is asked.
  return {
    kind: "request",
    method: start.method,
    version: start.version,
    framing,
    expectsContinue,
    persists: allowsPersistence(start.version, control.connection),
    note: undefined,
    target: start.target,
    rawTarget: start.rawTarget,
    fields,
  };
}

/**
 * Makes a response's head, final or not, out of what was read.
 * @param method of the request that it answers.
 * @throws {ProtocolError} when the framing fields are not right, or the server switches protocols unasked.
 */
export function interpretResponse(read: Head<StatusLine>, method: string): ResponseHead | InformationalHead {
  const { start, fields } = read;
  if (start.status === 101) throw new ProtocolError("The server switched protocols without being asked to");
  const control = surveyFields(fields);
  const framing = decideResponseFraming(method, start, control);
  if (start.status < 200) {
    return { kind: "informational", status: start.status, fields };
  }
  // SECURITY: whoever passed it on may not take a lone LF for a line's end, and so mean another message.
  const mayPersist = framing.kind !== "until-close" && !read.hasLoneLf;
  const persists = mayPersist && allowsPersistence(start.version, control.connection);
  return { kind: "response", ...start, fields, framing, persists };
}

/**
 * Exactly one Host, with a valid value (RFC 9112 §3.2). Two of them are a list by now, and a list has a space that no
 * host has. An empty one is for URIs without an authority; http has none such (RFC 9110 §4.2.1).
 */
function checkHost(version: HttpVersion, host: string | undefined): void {
  if (host === undefined) {
    if (version === "1.0") return;
    throw new ProtocolError("The field Host is missing");
  }
  if (host === recentHost) return;
  if (!isAuthority(host)) throw new ProtocolError("The field Host is malformed, or given twice");
  recentHost = host;
}

/** The last Host that was found valid: nearly every request has the same. */
let recentHost: string | undefined;

function waitsForContinue(version: HttpVersion, framing: Framing, control: ControlFields): boolean {
  if (control.expect === undefined || version === "1.0") return false;
  const hasBody = framing.kind === "chunked" || (framing.kind === "length" && framing.length > 0);
  // Whatever is expected: who expects something may wait for the answer to it (RFC 9110 §10.1.1).
  return hasBody && /[^\s,]/.test(control.expect);
}
