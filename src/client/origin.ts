/**
 * What a user names: a server and something on it (RFC 3986, RFC 9110 §4.2.1). Strict where leniency would send a
 * request somewhere else than it reads, lenient where people type: spaces and other characters of a path are encoded.
 */
import { asBuffer, decodeUtf8, encodeLatin1 } from "../base/bytes.ts";
import { printable } from "../base/printable.ts";

export type Origin = {
  readonly scheme: "http";
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether it is a proxy, of which the user may not think: an error in reaching it says so. */
  readonly isProxy?: true;
};

export type RemoteUrl = {
  readonly origin: Origin;
  /** The request-target in wire form: `/a%20b.txt?x=1`. */
  readonly target: string;
};

export class UrlError extends Error {
  override readonly name = "UrlError";
}

const DEFAULT_PORT = 80;
const SHOWN_CHARACTERS = 200;

// RFC 3986 appendix B, with the authority required.
const URL_PARTS = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?$/su;
const HAS_CONTROLS = /[\u0000-\u001f\u007f]/u;
// pchar and "/" (RFC 3986 §3.3), and "?" in a query (§3.4).
const PATH_FORBIDDEN = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/gu;
const QUERY_FORBIDDEN = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]/gu;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/gu;

/** What an error adds to the name of the origin, if that isn't one that the user has written. */
export function formatRole({ isProxy }: Origin): string {
  return isProxy === true ? ", the proxy that http_proxy names" : "";
}

/**
 * Reads an `http:` URL (RFC 3986).
 * @throws {UrlError} when it is not one, with what to do.
 */
export function parseRemoteUrl(text: string): RemoteUrl {
  const [, scheme, authority, path, query] = URL_PARTS.exec(text) ?? [];
  if (scheme === undefined || authority === undefined || path === undefined) {
    throw refused(text, 'a URL begins with "http://" and a host');
  }
  if (HAS_CONTROLS.test(text) || !text.isWellFormed()) throw refused(text, "it holds a control character");
  refuseScheme(text, scheme.toLowerCase());
  // SECURITY: a password in a URL would end up in histories, process lists, logs and error messages; and
  // `http://good.example@evil.example/` does not lead where it seems to (CVE-2021-22876, CVE-2018-20483).
  if (authority.includes("@")) {
    throw refused(
      text,
      "a user name or password in a URL would be seen by others; give them with --user or --netrc",
    );
  }
  return { origin: parseAuthority(text, authority), target: encodeTarget(text, path, query ?? "") };
}

/**
 * Names a file on a server the way people type it: `name` is a path in plain text, with or without a leading slash,
 * and is percent-encoded here (`a b#1.txt` → `/a%20b%231.txt`). Empty means `/`.
 *
 * @param host a name or an address; an IPv6 address with or without brackets, with or without a zone.
 * @throws {UrlError} when the host or the port is not one, or the name holds a control character.
 */
export function remoteFile(host: string, port: number, name: string): RemoteUrl {
  if (!isPort(port)) throw new UrlError(`Port ${port} is not between 1 and 65535`);
  if (HAS_CONTROLS.test(name) || !name.isWellFormed()) throw refused(name, "it holds a control character");
  const path = (name.startsWith("/") ? name : `/${name}`).replace(PATH_FORBIDDEN, percentEncode);
  return {
    origin: { scheme: "http", host: parseHost(host, host), port },
    target: removeDotSegments(path),
  };
}

/**
 * Resolves the `Location` of an answer against the URL that was asked (RFC 9110 §10.2.2, RFC 3986 §5).
 *
 * @param location the field's value as received (Latin-1 text). Beyond ASCII it is taken for UTF-8, or octet by octet.
 * @throws {UrlError} when it leads to another scheme or is no URL.
 */
export function resolveLocation(base: RemoteUrl, location: string): RemoteUrl {
  const sent = decodeUtf8(asBuffer(encodeLatin1(location))) ?? escapeOctets(location);
  // Who is redirected can't mend it: a "%" that begins no escape stands for itself, as it does in browsers.
  const text = sent.replaceAll(BAD_ESCAPE, "%25");
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/u.test(text)) return parseRemoteUrl(text);
  if (text.startsWith("//")) return parseRemoteUrl(`http:${text}`);
  if (HAS_CONTROLS.test(text)) throw refused(text, "it holds a control character");
  const [reference = ""] = text.split("#", 1);
  const [path, query] = splitTarget(mergeReference(base.target, reference));
  return { origin: base.origin, target: encodeTarget(text, path, query) };
}

/** Value of the Host field (RFC 9110 §7.2): the port only when it is not 80, brackets around IPv6, no zone (RFC 6874 §4). */
export function hostField(origin: Origin): string {
  const [address = ""] = origin.host.split("%", 1);
  const host = origin.host.includes(":") ? `[${address}]` : origin.host;
  return origin.port === DEFAULT_PORT ? host : `${host}:${origin.port}`;
}

/** The URL for people: one line, nothing that steers a terminal. */
export function formatRemoteUrl(url: RemoteUrl): string {
  return printable(`${url.origin.scheme}://${hostField(url.origin)}${url.target}`);
}

/** The path of a URL without its query. */
export function pathOf(url: RemoteUrl): string {
  return splitTarget(url.target)[0];
}

function refuseScheme(text: string, scheme: string): void {
  if (scheme === "http") return;
  if (scheme === "https") {
    throw new UrlError(`https is not supported yet: ${shown(text)}; use "http://" if the server offers it`);
  }
  throw refused(text, `"${scheme}" is not supported; a URL begins with "http://"`);
}

function parseAuthority(text: string, authority: string): Origin {
  const [, host, digits] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/u.exec(authority) ?? [];
  if (host === undefined) throw refused(text, 'after the host comes ":" and a port');
  const port = digits === undefined || digits === "" ? DEFAULT_PORT : Number(digits);
  if (!isPort(port)) throw refused(text, "the port is not between 1 and 65535");
  return { scheme: "http", host: parseHost(text, withPlainZone(host)), port };
}

/** In a URL the zone of an IPv6 address is set off by an encoded percent sign (RFC 6874 §2). */
function withPlainZone(host: string): string {
  return host.startsWith("[") ? host.replace("%25", "%") : host;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** One spelling per host: lower case, IDNA as punycode, IPv6 compressed. */
function parseHost(text: string, host: string): string {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  if (isIPv6(bare)) return normalizeIPv6(bare);
  if (host === "") throw refused(text, "it names no host");
  // SECURITY: `%` would be decoded by the URL parser after the checks, so `a%2Fb` could become another host
  // (CVE-2022-27780); the rest are the delimiters that parsers disagree about.
  if (/[%\s\\/?#@:<>^|[\]]/u.test(host) || HAS_CONTROLS.test(host))
    throw refused(text, "the host is not valid");
  const parsed = URL.parse(`http://${host}/`);
  if (parsed === null || parsed.hostname === "") throw refused(text, "the host is not valid");
  return parsed.hostname;
}

function isIPv6(text: string): boolean {
  // Loaded for texts that could be one: it brings all of the runtime's streams with it, which takes as long as a short run.
  return text.includes(":") && process.getBuiltinModule("node:net").isIPv6(text);
}

function normalizeIPv6(address: string): string {
  const [bare = "", zone] = address.split("%", 2);
  const compressed = URL.parse(`http://[${bare}]/`)?.hostname.slice(1, -1) ?? bare;
  return zone === undefined ? compressed : `${compressed}%${zone}`;
}

function encodeTarget(text: string, path: string, query: string): string {
  if (path.search(BAD_ESCAPE) >= 0 || query.search(BAD_ESCAPE) >= 0) {
    throw refused(text, '"%" is followed by two hex digits; write "%25" for the character itself');
  }
  return `${removeDotSegments(encodePath(path))}${query.replace(QUERY_FORBIDDEN, percentEncode)}`;
}

function encodePath(path: string): string {
  return path.replace(PATH_FORBIDDEN, (character) => (character === "%" ? "%" : percentEncode(character)));
}

function escapeOctets(latin1: string): string {
  return latin1.replace(/[\u0080-\u00ff]/g, (octet) => `%${octet.charCodeAt(0).toString(16).toUpperCase()}`);
}

function percentEncode(character: string): string {
  return encodeURIComponent(character);
}

/** RFC 3986 §5.2.4, on an encoded path: what `..` means is decided here, once, and not by every server in its way. */
function removeDotSegments(path: string): string {
  return URL.parse(`http://host${path === "" ? "/" : path}`)?.pathname ?? path;
}

function splitTarget(target: string): readonly [path: string, query: string] {
  const at = target.indexOf("?");
  return at < 0 ? [target, ""] : [target.slice(0, at), target.slice(at)];
}

/** A reference without scheme and authority, merged with the target it stood in (RFC 3986 §5.2.2 and §5.2.3). */
function mergeReference(baseTarget: string, reference: string): string {
  if (reference === "") return baseTarget;
  if (reference.startsWith("/")) return reference;
  const [path] = splitTarget(baseTarget);
  return reference.startsWith("?") ? path + reference : path.slice(0, path.lastIndexOf("/") + 1) + reference;
}

function refused(text: string, reason: string): UrlError {
  return new UrlError(`Cannot use ${shown(text)}: ${reason}`);
}

/** SECURITY: what stands before an `@` may be a password and is never repeated. */
function shown(text: string): string {
  const safe = printable(text.replace(/^([^/]*\/\/)?[^/?#]*@/u, "$1…@"));
  return `"${safe.length > SHOWN_CHARACTERS ? `${safe.slice(0, SHOWN_CHARACTERS)}…` : safe}"`;
}
