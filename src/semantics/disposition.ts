/**
 * Content-Disposition in HTTP (RFC 6266), with names outside ASCII as RFC 8187 writes them.
 */
import { decodeUtf8 } from "../base/bytes.ts";
import { type Parameter, parseParameterized, TOKEN } from "./parameters.ts";

/**
 * What a Content-Disposition says: `type` in lower case, the form field's `name`, and the proposed file name,
 * which is not to be trusted.
 */
export type Disposition = {
  readonly type: string;
  readonly name: string | undefined;
  readonly fileName: string | undefined;
};

const EXTENDED_VALUE =
  /^([A-Za-z0-9!#$%&+^_`{}~-]+)'[A-Za-z0-9-]*'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-Fa-f]{2})*)$/;

// Quotes, backslashes and percent signs are legal in a quoted name, but read differently by clients (RFC 6266
// appendix D).
const UNSAFE_IN_FALLBACK = /[^ !#$&-[\]-~]/gu;

/**
 * Writes the Content-Disposition that makes a browser save a file as `fileName` (RFC 6266 §4, RFC 8187 §3.2):
 * an ASCII name for old clients, and the exact one where they differ.
 */
export function formatAttachment(fileName: string): string {
  // SECURITY: nothing but printable ASCII gets through either form, so no name can end the field's line.
  const fallback = fileName.replace(UNSAFE_IN_FALLBACK, "_");
  const plain = `attachment; filename="${fallback}"`;
  return fallback === fileName ? plain : `${plain}; filename*=UTF-8''${encodeExtended(fileName)}`;
}

/**
 * Reads a Content-Disposition (RFC 6266 §4). `filename*` goes before `filename` (§4.3), unless it can't be
 * decoded. Deviation: a plain `filename` whose octets are valid UTF-8 is taken for it, as browsers do, though
 * the RFC says ISO-8859-1.
 * @returns `undefined` when the field is absent, malformed, or has two parameters of one name (§4.1).
 */
export function parseDisposition(value: string | undefined): Disposition | undefined {
  const parsed = parseParameterized(value ?? "");
  if (parsed === undefined || !TOKEN.test(parsed.head)) return undefined;
  const byName = new Map(parsed.parameters.map((parameter) => [parameter.name, parameter]));
  if (byName.size !== parsed.parameters.length) return undefined;
  return {
    type: parsed.head.toLowerCase(),
    name: decodePlain(byName.get("name")),
    fileName: decodeExtended(byName.get("filename*")) ?? decodePlain(byName.get("filename")),
  };
}

/** RFC 8187 §3.2.1: all but attr-char is percent-encoded; half a surrogate pair becomes U+FFFD. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[*'()]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decodeExtended(parameter: Parameter | undefined): string | undefined {
  if (parameter === undefined || parameter.isQuoted) return undefined;
  const [, charset = "", encoded = ""] = EXTENDED_VALUE.exec(parameter.value) ?? [];
  const octets = encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  switch (charset.toLowerCase()) {
    case "utf-8":
      return decodeUtf8(Buffer.from(octets, "latin1"));
    case "iso-8859-1":
      return octets;
    default:
      return undefined;
  }
}

function decodePlain(parameter: Parameter | undefined): string | undefined {
  if (parameter === undefined) return undefined;
  const { value } = parameter;
  if (!/[\x80-\xff]/.test(value) || /[^\0-\xff]/.test(value)) return value;
  return decodeUtf8(Buffer.from(value, "latin1")) ?? value;
}
