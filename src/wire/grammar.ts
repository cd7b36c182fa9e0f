/**
 * The grammar of RFC 9110, RFC 9112 and RFC 3986 as far as bytes on the wire are judged by it: each rule in the RFC's
 * words, then as an expression. All of them are linear: no two repetitions in a row can take the same character.
 */

/** `token = 1*tchar` (RFC 9110 §5.6.2): methods, field names, codings, names of chunk extensions. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * `field-value = *field-content`, of VCHAR, obs-text, SP and HTAB (RFC 9110 §5.5).
 * SECURITY: this is also what keeps CR and LF, and characters that Latin-1 would turn into them, out of written heads.
 */
export const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** `reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )`, or nothing (RFC 9112 §4). */
export const REASON_PHRASE = FIELD_VALUE;

/** `HTTP-version = HTTP-name "/" DIGIT "." DIGIT`, HTTP-name in capitals (RFC 9112 §2.3). */
export const HTTP_VERSION = /^HTTP\/([0-9])\.([0-9])$/;

/** `Content-Length = 1*DIGIT` (RFC 9110 §8.6): no sign, no list. */
export const DIGITS = /^[0-9]+$/;

/** `status-code = 3DIGIT` (RFC 9112 §4); one above 599 counts as 5xx (RFC 9110 §15). */
export const STATUS_CODE = /^[1-9][0-9][0-9]$/;

/**
 * `chunk-size = 1*HEXDIG` (RFC 9112 §7.1): the digits at the front of a chunk line. Sixteen are enough for every size
 * that is representable; more would be nothing but leading zeros.
 */
export const CHUNK_SIZE = /^[0-9A-Fa-f]{1,16}/;

/**
 * `chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )`,
 * `chunk-ext-val = token / quoted-string` (RFC 9112 §7.1.1). White space without an extension after it is refused.
 */
export const CHUNK_EXTENSIONS =
  /^(?:[\t ]*;[\t ]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[\t ]*=[\t ]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*$/;

/**
 * `absolute-path = 1*( "/" segment )` (RFC 9112 §3.2.1), and the visible characters outside RFC 3986 that browsers
 * leave as they are in a path. Not `#`: there is no fragment on the wire; not `\`, which browsers turn into `/`.
 *
 * Deviation: RFC 3986 §3.3 has none of ``[ ] ^ ` { | }`` in a path; no reader takes them for something else.
 */
export const PATH = /^\/[!$-;=@-[\]-~]*$/;

/** `query` (RFC 3986 §3.4), and what browsers leave as it is there: every visible character but `"`, `#`, `<`, `>`. */
export const QUERY = /^[!$-;=?-~]*$/;

/** `scheme "://"` of the two schemes that are HTTP; a scheme has no case (RFC 3986 §3.1). */
export const HTTP_SCHEME = /^(https?):\/\//i;

/** `reg-name = *( unreserved / pct-encoded / sub-delims )` (RFC 3986 §3.2.2), not empty (RFC 9110 §4.2.1). */
const REG_NAME = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;

/** `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )` (RFC 3986 §3.2.2). */
const IP_FUTURE = /^v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+$/i;

/** `h16 = 1*4HEXDIG` (RFC 3986 §3.2.2). */
const H16 = /^[0-9A-Fa-f]{1,4}$/;

/** `IPv4address`, each dec-octet without leading zeros (RFC 3986 §3.2.2). */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

const MAX_PORT = 65_535;

/**
 * Whether `text` is `uri-host [ ":" port ]` (RFC 9110 §7.2) with a host that is not empty and a port that can exist.
 * User information, as in `user@host`, is refused (RFC 9110 §4.2.4).
 */
export function isAuthority(text: string): boolean {
  const bracket = text.startsWith("[") ? text.indexOf("]") : 0;
  if (bracket < 0) return false;
  const colon = text.indexOf(":", bracket);
  const host = colon < 0 ? text : text.slice(0, colon);
  return isHost(host) && (colon < 0 || isPort(text.slice(colon + 1)));
}

/** Whether `text` is an authority that names its port, as CONNECT needs it (RFC 9112 §3.2.3). */
export function isAuthorityWithPort(text: string): boolean {
  return /:[0-9]+$/.test(text) && isAuthority(text);
}

function isPort(text: string): boolean {
  return text === "" || (DIGITS.test(text) && Number(text) <= MAX_PORT);
}

function isHost(text: string): boolean {
  if (!text.startsWith("[")) return REG_NAME.test(text);
  if (!text.endsWith("]")) return false;
  const literal = text.slice(1, -1);
  return isIpv6(literal) || IP_FUTURE.test(literal);
}

/** `IPv6address` (RFC 3986 §3.2.2): eight groups, or fewer around one `::`; the last two may be an IPv4 address. */
function isIpv6(text: string): boolean {
  const [left, right, ...more] = text.split("::");
  if (left === undefined || more.length > 0) return false;
  const leftCount = countGroups(left, right === undefined);
  const rightCount = right === undefined ? 0 : countGroups(right, true);
  if (leftCount === undefined || rightCount === undefined) return false;
  return right === undefined ? leftCount === 8 : leftCount + rightCount <= 7;
}

/** Number of 16-bit groups in `text`; `undefined` when one is malformed. */
function countGroups(text: string, isTail: boolean): number | undefined {
  if (text === "") return 0;
  const groups = text.split(":");
  const last = groups.at(-1) ?? "";
  const hasIpv4 = isTail && IPV4.test(last);
  if (hasIpv4) groups.pop();
  if (!groups.every((group) => H16.test(group))) return undefined;
  return groups.length + (hasIpv4 ? 2 : 0);
}
