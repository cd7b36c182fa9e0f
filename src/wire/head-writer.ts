/**
 * Writes heads (RFC 9112 §3, §4, §5). The fields that frame the message or speak of the connection come from here
 * only; what the caller gives is checked, so that no text of its makes a line of its own.
 */
import { encodeLatin1 } from "../base/bytes.ts";
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

/** The last response head, and what it was made from: the same file asked for again has the same head for a second. */
type Recent = {
  readonly status: number;
  readonly framing: FramingField;
  readonly closes: boolean;
  readonly isPeerOld: boolean;
  /** Names and values by turns: a copy, since nobody is bound to leave an array as it was. */
  readonly texts: readonly string[];
  readonly bytes: Uint8Array;
};

let recent: Recent | undefined;

/**
 * Writes a final response's head. `Keep-Alive` is left out when the connection closes, and else announced in Connection.
 *
 * @returns bytes that must not be changed: a head like the last one is not made again.
 * @throws {ProtocolError} blame `local` when a field is not valid or not the caller's to give.
 */
export function writeResponseHead(
  message: { readonly status: number; readonly fields: readonly Field[] },
  framing: FramingField,
  connection: ResponseConnection,
): Uint8Array {
  const { status, fields } = message;
  const { closes, isPeerOld } = connection;
  if (
    recent?.status === status &&
    recent.framing === framing &&
    recent.closes === closes &&
    recent.isPeerOld === isPeerOld &&
    areTexts(fields, recent.texts)
  ) {
    return recent.bytes;
  }
  const bytes = encodeLatin1(formatResponseHead(message, framing, connection));
  recent = { status, framing, closes, isPeerOld, texts: fields.flat(), bytes };
  return bytes;
}

function areTexts(fields: readonly Field[], texts: readonly string[]): boolean {
  if (fields.length * 2 !== texts.length) return false;
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index];
    if (field?.[0] !== texts[2 * index] || field?.[1] !== texts[2 * index + 1]) return false;
  }
  return true;
}

function formatResponseHead(
  message: { readonly status: number; readonly fields: readonly Field[] },
  framing: FramingField,
  connection: ResponseConnection,
): string {
  let text = formatStatusLine(message.status);
  let namesKeepAlive = connection.isPeerOld;
  for (const field of message.fields) {
    if (!isNamed(field, "keep-alive")) text += formatField(field);
    else if (!connection.closes) {
      text += formatField(field);
      namesKeepAlive = true;
    }
  }
  text += formatFraming(framing);
  if (connection.closes) text += "Connection: close\r\n";
  else if (namesKeepAlive) text += "Connection: keep-alive\r\n";
  return `${text}\r\n`;
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
