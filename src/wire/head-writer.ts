/**
 * Writes heads (RFC 9112 §3, §4, §5). The fields that frame the message or speak of the connection come from here
 * only; what the caller gives is checked, so that no text of its makes a line of its own.
 */
import { encodeLatin1 } from "../base/bytes.ts";
import { oncePer } from "../base/once.ts";
import type { Field } from "./fields.ts";
import { FIELD_VALUE, isAuthority, TOKEN } from "./grammar.ts";
import type { RequestToSend } from "./message.ts";
import { localError, type ProtocolError } from "./protocol-error.ts";
import { formatStatusLine } from "./status-line.ts";
import { parseTarget } from "./target.ts";

/** The framing field of a head, if any: a Content-Length, or `Transfer-Encoding: chunked`. */
export type FramingField = number | "chunked" | undefined;

export type ResponseConnection = {
  /** The connection ends after the message. */
  readonly closes: boolean;
  /** The peer speaks HTTP/1.0, and has to be told if the connection doesn't end. */
  readonly isPeerOld: boolean;
};

/** Names that were found valid before; what a caller writes repeats itself. Bounded, since some names come from users. */
const knownNames = new Set<string>();
const MAX_KNOWN_NAMES = 256;

const NO_FIELDS: readonly Field[] = [];

/** What was written for some fields, by what else an opening depends on. */
type Openings = Map<number, Uint8Array>;

/** As long as anybody has the fields. */
const openingsOf = oncePer<readonly Field[], Openings>(() => new Map());
/** Those of late: what answers one request mostly answers the next. */
let recent = { fields: NO_FIELDS, openings: openingsOf(NO_FIELDS) };

/**
 * Writes how a final response's head opens: its status-line, and the fields that many responses of a moment have in common.
 *
 * @returns bytes that must not be changed: they may be given again.
 * @throws {ProtocolError} blame `local` when a field is not valid or not the caller's to give.
 */
export function writeOpening(
  status: number,
  fields: readonly Field[] = NO_FIELDS,
  connection: ResponseConnection,
): Uint8Array {
  if (recent.fields !== fields) recent = { fields, openings: openingsOf(fields) };
  const key = status * 4 + (connection.closes ? 2 : 0) + (connection.isPeerOld ? 1 : 0);
  const known = recent.openings.get(key);
  if (known !== undefined) return known;
  const bytes = encodeLatin1(formatOpening(status, fields, connection));
  recent.openings.set(key, bytes);
  return bytes;
}

function formatOpening(
  status: number,
  fields: readonly Field[],
  { closes, isPeerOld }: ResponseConnection,
): string {
  let text = formatStatusLine(status);
  let namesKeepAlive = isPeerOld;
  for (const field of fields) {
    const isKeepAlive = isNamed(field, "keep-alive");
    if (isKeepAlive && closes) continue;
    if (isKeepAlive) namesKeepAlive = true;
    text += formatField(field);
  }
  if (closes) return `${text}Connection: close\r\n`;
  return namesKeepAlive ? `${text}Connection: keep-alive\r\n` : text;
}

/**
 * Writes the rest of a final response's head: its own fields, and the one that frames it.
 * @throws {ProtocolError} as {@link writeOpening}.
 */
export function writeRest(fields: readonly Field[], framing: FramingField): Uint8Array {
  return encodeLatin1(`${formatFields(fields)}${formatFraming(framing)}\r\n`);
}

/**
 * Writes a 1xx response: a head without framing.
 * @throws {ProtocolError} blame `local` when a field is not valid.
 */
export function writeInformationalHead(status: number, fields: readonly Field[]): Uint8Array {
  return encodeLatin1(`${formatStatusLine(status)}${formatFields(fields)}\r\n`);
}

/**
 * Writes a request's head. A `TE` field is announced in Connection (RFC 9110 §10.1.4).
 * @throws {ProtocolError} blame `local` when the method, the target or a field is not valid, or Host is not there once.
 */
export function writeRequestHead(message: RequestToSend, framing: FramingField): Uint8Array {
  const { method, target, fields } = message;
  if (!TOKEN.test(method)) throw localError("The method is not valid");
  // SECURITY: a space or line end in the target would be read as what follows it.
  if (parseTarget(target, method) === undefined) throw localError("The request-target is not valid");
  checkHost(fields);
  const options = [
    ...(message.close === true ? ["close"] : []),
    ...(fields.some((field) => isNamed(field, "te")) ? ["TE"] : []),
  ];
  const connection = options.length === 0 ? "" : `Connection: ${options.join(", ")}\r\n`;
  const lines = `${formatFields(fields)}${formatFraming(framing)}${connection}`;
  return encodeLatin1(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`);
}

/**
 * Formats field lines, each with its line end: of a head or of trailers.
 * @throws {ProtocolError} blame `local` when one is not valid or not the caller's to give.
 */
export function formatFields(fields: readonly Field[]): string {
  let text = "";
  for (const field of fields) text += formatField(field);
  return text;
}

function formatField(field: Field): string {
  const name = field[0];
  const value = field[1];
  if (!knownNames.has(name)) checkName(field);
  // SECURITY: header injection ends here. Anything but printable Latin-1 and HTAB is refused, never replaced.
  if (!FIELD_VALUE.test(value)) throw localError("A field value holds a character that may not be sent");
  return `${name}: ${value}\r\n`;
}

function checkName(field: Field): void {
  const [name] = field;
  if (!TOKEN.test(name)) throw localError("A field name is not valid");
  // SECURITY: a second framing field would make two messages out of one.
  if (
    isNamed(field, "content-length") ||
    isNamed(field, "transfer-encoding") ||
    isNamed(field, "connection")
  ) {
    throw localError("A field that frames the message may not be given by the caller");
  }
  if (knownNames.size < MAX_KNOWN_NAMES) knownNames.add(name);
}

function checkHost(fields: readonly Field[]): void {
  const [host, ...more] = fields.filter((field) => isNamed(field, "host"));
  if (host === undefined || more.length > 0 || !isAuthority(host[1])) throw hostError();
}

function hostError(): ProtocolError {
  return localError("A request needs exactly one valid Host");
}

function formatFraming(framing: FramingField): string {
  if (framing === undefined) return "";
  return framing === "chunked" ? "Transfer-Encoding: chunked\r\n" : `Content-Length: ${framing}\r\n`;
}

function isNamed(field: Field, lowerCaseName: string): boolean {
  const name = field[0];
  return name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName;
}
