/**
 * What to do about a refusal, where more is known than its status: from the answer's own fields.
 */
import { printable } from "../base/printable.ts";
import type { ResponseHead } from "../wire/message.ts";
import { formatRemoteUrl, resolveLocation, UrlError, type RemoteUrl } from "./origin.ts";

/** A challenge's scheme stands alone, or a space and a parameter follow; a parameter's name is followed by "=" (RFC 9110 §11.3). */
const SCHEME = /(?:^|,)\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?=\s+[^\s=,]|\s*(?:,|$))/g;

/**
 * What a 401 or 407 asks for that netfile does not speak (RFC 9110 §11.6.1, §11.7.1), as a sentence's end.
 * @returns `undefined` when Basic is among it, or nothing is named.
 */
export function adviseOnSchemes({ status, fields }: ResponseHead): string | undefined {
  if (status !== 401 && status !== 407) return undefined;
  const name = status === 401 ? "www-authenticate" : "proxy-authenticate";
  const schemes = fields.all(name).flatMap(parseSchemes);
  if (schemes.length === 0 || schemes.some((scheme) => scheme.toLowerCase() === "basic")) return undefined;
  const asked = [...new Set(schemes)].join(" or ");
  const who = status === 401 ? "the server" : "the proxy";
  const isToken = status === 401 && schemes.some((scheme) => scheme.toLowerCase() === "bearer");
  const other = isToken ? "; give a token with -H 'Authorization: Bearer TOKEN'" : "";
  return `${who} asks for the scheme ${asked}, and netfile logs in by Basic only${other}`;
}

/** Where an upload is sent on to (RFC 9110 §15.4), as a sentence's end; `undefined` when that isn't told. */
export function adviseOnMove({ status, fields }: ResponseHead, url: RemoteUrl): string | undefined {
  const location = fields.get("location");
  if (status < 300 || status > 399 || location === undefined) return undefined;
  try {
    const place = formatRemoteUrl(resolveLocation(url, location));
    return `it wants the file elsewhere; send it to ${place}, if that is the right place`;
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    return `it wants the file elsewhere, where netfile does not go: ${error.message}`;
  }
}

/** What can be done where uploads are not taken (405): of netfile it is known how they are. */
export function adviseOnMethod({ status, fields }: ResponseHead): string | undefined {
  if (status !== 405) return undefined;
  return /^netfile\b/.test(fields.get("server") ?? "")
    ? 'the server does not accept uploads; start it with "netfile serve --upload"'
    : "the server does not accept uploads there";
}

function parseSchemes(value: string): readonly string[] {
  // One that isn't ended goes to the end: else each of its quotes would be looked at as the beginning of another.
  const bare = value.replaceAll(/"(?:\\.|[^"\\])*(?:"|\\?$)/g, '""');
  return Array.from(bare.matchAll(SCHEME), ([, scheme = ""]) => printable(scheme));
}
