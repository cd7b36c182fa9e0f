/**
 * Dictionaries of Structured Fields (RFC 9651 §3.2, §4.2.2), as the digest fields need them: every form is
 * read as strictly as the RFC says, but of strings, tokens, dates, inner lists and parameters only that they
 * are well-formed.
 */
import { decodeUtf8 } from "../base/bytes.ts";
import { decodeBase64 } from "./base64.ts";

/** Value of a member; `"other"` is well-formed but of a kind that no field here uses. */
export type DictionaryValue =
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "decimal"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "other" };

const OTHER: DictionaryValue = { kind: "other" };
const TRUE: DictionaryValue = { kind: "boolean", value: true };

const SPACES = / */y;
const OPTIONAL_SPACE = /[ \t]*/y;
const COMMA = /,/y;
const EQUALS = /=/y;
const SEMICOLON = /; */y;
const OPEN = /\( */y;
const CLOSE = /\)/y;
const SPACE_OR_CLOSE = / +|(?=\))/y;
const KEY = /[a-z*][a-z0-9_.*-]*/y;
const NUMBER = /(-?)([0-9]+)(?:\.([0-9]*))?/y;
const STRING = /"[ !#-[\]-~]*(?:\\["\\][ !#-[\]-~]*)*"/y;
const TOKEN = /[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y;
const BYTE_SEQUENCE = /:([A-Za-z0-9+/=]*):/y;
const BOOLEAN = /\?([01])/y;
const DATE = /@(?=-?[0-9])/y;
const DISPLAY_STRING = /%"((?:[ !#$&-~]|%[0-9a-f]{2})*)"/y;

/**
 * Reads a Dictionary (RFC 9651 §4.2.2). Of members with the same key the last counts; parameters are passed over.
 * @returns an empty map for an empty value; `undefined` when it is malformed anywhere, as the whole field is
 *   to be ignored then.
 */
export function parseDictionary(value: string): ReadonlyMap<string, DictionaryValue> | undefined {
  const input = new Input(value);
  const members = new Map<string, DictionaryValue>();
  input.take(SPACES);
  while (!input.isAtEnd) {
    const key = input.take(KEY)?.[0];
    if (key === undefined) return undefined;
    const member = readMember(input);
    if (member === undefined) return undefined;
    members.set(key, member);
    input.take(OPTIONAL_SPACE);
    if (input.isAtEnd) break;
    if (input.take(COMMA) === undefined) return undefined;
    input.take(OPTIONAL_SPACE);
    if (input.isAtEnd) return undefined;
  }
  return members;
}

/**
 * Parses an item with its parameters, of which it says nothing (RFC 9651 §4.2.3).
 * @returns `undefined` when it is malformed anywhere.
 */
export function parseItem(value: string): DictionaryValue | undefined {
  const input = new Input(value);
  input.take(SPACES);
  const item = readBareItem(input);
  if (item === undefined || !skipParameters(input)) return undefined;
  input.take(SPACES);
  return input.isAtEnd ? item : undefined;
}

/** What is left of the text while it is read from the front. */
class Input {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#text.length;
  }

  /** Takes what the sticky `pattern` matches at the front; `undefined`, and nothing taken, when it does not. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#position = pattern.lastIndex;
    return match;
  }
}

function readMember(input: Input): DictionaryValue | undefined {
  const value = input.take(EQUALS) === undefined ? TRUE : readItemOrInnerList(input);
  return value !== undefined && skipParameters(input) ? value : undefined;
}

function readItemOrInnerList(input: Input): DictionaryValue | undefined {
  if (input.take(OPEN) === undefined) return readBareItem(input);
  while (input.take(CLOSE) === undefined) {
    if (readBareItem(input) === undefined || !skipParameters(input)) return undefined;
    if (input.take(SPACE_OR_CLOSE) === undefined) return undefined;
  }
  return OTHER;
}

/** RFC 9651 §4.2.3.2; `false` when one is malformed. */
function skipParameters(input: Input): boolean {
  while (input.take(SEMICOLON) !== undefined) {
    if (input.take(KEY) === undefined) return false;
    if (input.take(EQUALS) !== undefined && readBareItem(input) === undefined) return false;
  }
  return true;
}

/** RFC 9651 §4.2.3.1: the first character says which kind it is, so at most one of these takes anything. */
function readBareItem(input: Input): DictionaryValue | undefined {
  const number = input.take(NUMBER);
  if (number !== undefined) return toNumber(number);
  const bytes = input.take(BYTE_SEQUENCE);
  if (bytes !== undefined) return toBytes(bytes[1] ?? "");
  const boolean = input.take(BOOLEAN);
  if (boolean !== undefined) return { kind: "boolean", value: boolean[1] === "1" };
  if (input.take(STRING) !== undefined || input.take(TOKEN) !== undefined) return OTHER;
  if (input.take(DATE) !== undefined) return readDate(input);
  const display = input.take(DISPLAY_STRING);
  return display !== undefined && isDisplayText(display[1] ?? "") ? OTHER : undefined;
}

/** RFC 9651 §4.2.4: integers have up to 15 digits, decimals up to 12 and 1 to 3. */
function toNumber([, sign, whole = "", fraction]: RegExpExecArray): DictionaryValue | undefined {
  if (fraction === undefined) {
    return whole.length > 15 ? undefined : { kind: "integer", value: signed(sign, whole) };
  }
  if (whole.length > 12 || fraction.length < 1 || fraction.length > 3) return undefined;
  return { kind: "decimal", value: signed(sign, `${whole}.${fraction}`) };
}

function signed(sign: string | undefined, digits: string): number {
  // Adding 0 makes the 0 of "-0" an ordinary one.
  return (sign === "-" ? -Number(digits) : Number(digits)) + 0;
}

function toBytes(base64: string): DictionaryValue | undefined {
  const bytes = decodeBase64(base64);
  return bytes === undefined ? undefined : { kind: "bytes", bytes };
}

/** RFC 9651 §4.2.9: a date is an integer behind its mark. */
function readDate(input: Input): DictionaryValue | undefined {
  const number = input.take(NUMBER);
  return number !== undefined && toNumber(number)?.kind === "integer" ? OTHER : undefined;
}

/** RFC 9651 §4.2.10: what the percent signs encode must be UTF-8. */
function isDisplayText(encoded: string): boolean {
  const octets = encoded.replace(/%([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return decodeUtf8(Buffer.from(octets, "latin1")) !== undefined;
}
