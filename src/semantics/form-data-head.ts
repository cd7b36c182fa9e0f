/**
 * The head of one part of a form (RFC 7578 §4): the form field's name, and the file name and type where it is
 * a file.
 */
import { decodeUtf8 } from "../base/bytes.ts";
import { parseExtendedValue } from "./disposition.ts";
import { trimOws } from "./field-list.ts";
import { type Parameter, parseParameterized } from "./parameters.ts";

/** A multipart body that breaks its format. The message is for a person and holds nothing from the body. */
export class FormDataError extends Error {
  override readonly name = "FormDataError";
}

/** What the head of a part says. `fileName` is as the client sent it and not to be trusted. */
export type PartHead = {
  readonly name: string;
  readonly fileName: string | undefined;
  readonly mediaType: string | undefined;
};

const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\0\r\n]*)$/;
/** RFC 2047 §2. */
const ENCODED_WORD = /^=\?[^?\s]+\?[BQ]\?[^?\s]*\?=$/i;
const LITERAL_ENCODING = /^(?:7bit|8bit|binary)$/i;

/**
 * Reads the lines between a boundary and the empty line (RFC 7578 §4.2, §4.4, §4.7).
 * @param bytes the lines, without the last line end. Their text is UTF-8 (RFC 7578 §5.1.2).
 * @throws {@link FormDataError} when it is malformed, names no form field, or announces an encoding that RFC
 *   7578 does away with.
 */
export function parsePartHead(bytes: Uint8Array): PartHead {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new FormDataError("The head of a part is not UTF-8");
  const fields = parseLines(text);
  const encoding = fields.get("content-transfer-encoding");
  if (encoding !== undefined && !LITERAL_ENCODING.test(encoding)) {
    throw new FormDataError("A part has a Content-Transfer-Encoding, which forms do not use");
  }
  return {
    ...parseFormDisposition(fields.get("content-disposition")),
    mediaType: fields.get("content-type"),
  };
}

function parseLines(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (text === "") return fields;
  // Lines may be folded in MIME (RFC 5322 §2.2.3), unlike in HTTP.
  for (const line of text.replace(/\r\n(?=[ \t])/g, "").split("\r\n")) {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new FormDataError("The head of a part is malformed");
    const key = name.toLowerCase();
    // SECURITY: two of a kind would let this reader and a filter in front of it see different names.
    if (fields.has(key)) throw new FormDataError("The head of a part has a field twice");
    fields.set(key, trimOws(value));
  }
  return fields;
}

function parseFormDisposition(value: string | undefined): { name: string; fileName: string | undefined } {
  if (value === undefined) throw new FormDataError("A part has no Content-Disposition");
  const parsed = parseParameterized(value.replace(/\\(["\\])?/g, keepBackslash));
  if (parsed?.head.toLowerCase() !== "form-data") {
    throw new FormDataError("The Content-Disposition of a part is malformed");
  }
  const name = onlyValue(parsed.parameters, "name");
  if (name === undefined) throw new FormDataError("A part names no form field");
  return { name: decodeFormName(name), fileName: chooseFileName(parsed.parameters) };
}

/**
 * `filename*` is not for forms (RFC 7578 §4.2), and is looked at only where there is no other name: .NET writes an encoded-word into
 * `filename` when a name is not ASCII, and old versions of urllib3 write no `filename` then.
 */
function chooseFileName(parameters: readonly Parameter[]): string | undefined {
  const plain = onlyValue(parameters, "filename");
  const extended = onlyValue(parameters, "filename*");
  const isPlain = plain !== undefined && !ENCODED_WORD.test(plain);
  const other = isPlain || extended === undefined ? undefined : parseExtendedValue(extended);
  return other ?? (plain === undefined ? undefined : decodeFormName(plain));
}

/**
 * Browsers send a backslash as it is; only before a quote or another backslash it is an escape, as curl writes it.
 * SECURITY: `\..\x` must stay what it is and not become a name without its backslashes.
 */
function keepBackslash(found: string, escaped: string | undefined): string {
  return escaped === undefined ? "\\\\" : found;
}

function onlyValue(parameters: readonly Parameter[], name: string): string | undefined {
  const [first, second] = parameters.filter((parameter) => parameter.name === name);
  if (second !== undefined)
    throw new FormDataError("The Content-Disposition of a part has a parameter twice");
  return first?.value;
}

/**
 * Undoes what the form encoding of browsers does to names (WHATWG HTML, "multipart/form-data encoding
 * algorithm"), and no more.
 */
function decodeFormName(value: string): string {
  return value.replaceAll("%22", '"').replaceAll("%0D", "\r").replaceAll("%0A", "\n");
}
