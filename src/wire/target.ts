/**
 * The request-target in its four forms (RFC 9112 §3.2), and the path of one as names (RFC 3986 §3.3).
 */
import { HTTP_SCHEME, isAuthority, isAuthorityWithPort, PATH, QUERY } from "./grammar.ts";

export type Target =
  | { readonly form: "origin"; readonly path: string; readonly query: string | undefined }
  | {
      readonly form: "absolute";
      readonly scheme: "http" | "https";
      /** `host[:port]`, as received: it replaces Host (RFC 9112 §3.2.2). */
      readonly authority: string;
      readonly path: string;
      readonly query: string | undefined;
    }
  | { readonly form: "authority"; readonly authority: string }
  | { readonly form: "asterisk" };

declare const urlPath: unique symbol;

/**
 * A path of a URL after decoding: the names between the slashes, in order, each valid UTF-8. They are still
 * the peer's words: a name can be `..`, hold a slash that came as `%2F`, or a NUL. Only `store/confine` turns one into
 * a path on disk. Made by {@link parseUrlPath} only.
 */
export type UrlPath = {
  readonly [urlPath]: true;
  /** `/a/b` and `/a/b/` give `["a", "b"]`, `/` gives `[]`, `/a//b` gives `["a", "", "b"]`. */
  readonly names: readonly string[];
  /** Whether the path ends with a slash, and so asks for a folder. `/` does. */
  readonly isFolder: boolean;
  /** What it was decoded from: one text means one path, though a path may be written in several ways. */
  readonly text: string;
};

/**
 * Parses a request-target (RFC 9112 §3.2): asterisk-form only for OPTIONS, authority-form for CONNECT and nothing else.
 *
 * @returns `undefined` when it is of no form, or of one that `method` doesn't allow (→ 400). The path is not decoded.
 */
export function parseTarget(text: string, method: string): Target | undefined {
  if (method === "CONNECT") return parseAuthorityForm(text);
  if (text.startsWith("/")) return parseOriginForm(text);
  if (text === "*") return method === "OPTIONS" ? ASTERISK : undefined;
  return parseAbsoluteForm(text);
}

const ASTERISK: Target = { form: "asterisk" };

function parseAuthorityForm(text: string): Target | undefined {
  return isAuthorityWithPort(text) ? { form: "authority", authority: text } : undefined;
}

function parseOriginForm(text: string): Target | undefined {
  const mark = text.indexOf("?");
  const path = mark < 0 ? text : text.slice(0, mark);
  const query = mark < 0 ? undefined : text.slice(mark + 1);
  if (!PATH.test(path) || (query !== undefined && !QUERY.test(query))) return undefined;
  return { form: "origin", path, query };
}

function parseAbsoluteForm(text: string): Target | undefined {
  const [prefix, scheme] = HTTP_SCHEME.exec(text) ?? [];
  if (prefix === undefined || scheme === undefined) return undefined;
  const end = text.slice(prefix.length).search(/[/?]/);
  const authority = end < 0 ? text.slice(prefix.length) : text.slice(prefix.length, prefix.length + end);
  const rest = text.slice(prefix.length + authority.length);
  // An empty path is the same as "/" (RFC 9110 §4.2.3).
  const origin = parseOriginForm(rest.startsWith("/") ? rest : `/${rest}`);
  if (origin?.form !== "origin" || !isAuthority(authority)) return undefined;
  return { ...origin, form: "absolute", scheme: scheme.length === 4 ? "http" : "https", authority };
}

/**
 * Decodes the path component of a target (RFC 3986 §2.1, once, never twice).
 *
 * @param path as received, beginning with `/`, without the query.
 * @returns `undefined` when a percent sign is not followed by two hex digits, or the octets are not UTF-8 (→ 400).
 */
export function parseUrlPath(path: string): UrlPath | undefined {
  if (!PATH.test(path)) return undefined;
  const isFolder = path.endsWith("/");
  const names = path.slice(1).split("/");
  // What stands after the last slash is a name only if something does.
  if (isFolder) names.pop();
  if (!path.includes("%")) return brandUrlPath(names, isFolder, path);
  try {
    // SECURITY: split before decoding, so that a slash that came as %2F stays inside its name.
    return brandUrlPath(names.map(decodeURIComponent), isFolder, path);
  } catch {
    return undefined;
  }
}

function brandUrlPath(names: readonly string[], isFolder: boolean, text: string): UrlPath {
  return { names, isFolder, text } as UrlPath;
}

/**
 * Formats names as the path of a URL, each percent-encoded (RFC 3986 §2.4); `/` alone for no names. Only letters,
 * digits and `-_.~!*()` stay as they are. {@link parseUrlPath} gives the names back (a path that begins with an empty
 * name gets a `.` before it).
 *
 * @param names a lone surrogate in one becomes U+FFFD.
 */
export function formatUrlPath(names: readonly string[], options: { readonly isFolder: boolean }): string {
  if (names.length === 0) return "/";
  const path = `/${names.map(encodeName).join("/")}${options.isFolder ? "/" : ""}`;
  // SECURITY: "//host" is another server's address wherever a path is expected (CVE-2021-28861).
  return path.startsWith("//") ? `/.${path}` : path;
}

function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll("'", "%27");
}
