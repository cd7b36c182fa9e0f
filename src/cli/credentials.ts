/**
 * Names and passwords for servers: from the command line, the environment, or a netrc file; and as HTTP carries them
 * (RFC 7617). They are never shown, and never become part of a URL.
 */
import { readFileSync } from "node:fs";

import { fileReason } from "../base/failure.ts";
import { printable } from "../base/printable.ts";
import { UsageError } from "./exit.ts";

export type Credentials = { readonly name: string; readonly password: string };

/** The value of Authorization for the Basic scheme, in UTF-8 (RFC 7617 §2). */
export function basicCredentials({ name, password }: Credentials): string {
  return `Basic ${Buffer.from(`${name}:${password}`, "utf8").toString("base64")}`;
}

/** Reads `NAME:PASSWORD`, or `NAME` with the password from the environment. @throws {UsageError} */
export function readUser(text: string, password: string | undefined): Credentials {
  const colon = text.indexOf(":");
  if (colon >= 0) return { name: text.slice(0, colon), password: text.slice(colon + 1) };
  if (password !== undefined) return { name: text, password };
  throw new UsageError(
    "--user names no password; set NETFILE_PASSWORD, or write --user NAME:PASSWORD (others can see it in the list of processes)",
  );
}

/**
 * Reads what a netrc file has for `host`: its `machine`, else `default`.
 * @throws {UsageError} when there is no such file.
 */
export function readNetrc(path: string | undefined, host: string): Credentials | undefined {
  if (path === undefined) throw new UsageError("--netrc finds no home folder to read .netrc from; set NETRC");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(
      `Cannot read the netrc file "${printable(path)}": ${fileReason(error)}; set NETRC to name another`,
    );
  }
  return parseNetrc(text, host);
}

/** Finds the entry for `host` in a netrc file's text, as ftp(1) describes it; macros are passed over. */
export function parseNetrc(text: string, host: string): Credentials | undefined {
  const tokens = text
    .replaceAll(/^macdef[^\n]*\n(?:[^\n]+\n)*/gm, "")
    .replaceAll(/^\s*#.*$/gm, "")
    .match(/"(?:\\.|[^"\\])*"|\S+/g)
    ?.map(unquote);
  if (tokens === undefined) return undefined;
  let current: { host: string | undefined; name: string; password: string } | undefined;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === "machine" || token === "default") {
      if (current !== undefined && isFor(current.host, host)) break;
      if (token === "machine") index += 1;
      current = { host: token === "machine" ? tokens[index] : undefined, name: "", password: "" };
    } else if (token === "login" && current !== undefined) {
      index += 1;
      current.name = tokens[index] ?? "";
    } else if (token === "password" && current !== undefined) {
      index += 1;
      current.password = tokens[index] ?? "";
    } else if (token === "account") {
      index += 1;
    }
  }
  if (current === undefined || !isFor(current.host, host)) return undefined;
  return { name: current.name, password: current.password };
}

/** A word in quotes, as curl reads it: a backslash stands before what is meant itself. */
function unquote(token: string): string {
  return /^"[^]*"$/.test(token) ? token.slice(1, -1).replaceAll(/\\([^])/g, "$1") : token;
}

/** `default` is for every host. */
function isFor(machine: string | undefined, host: string): boolean {
  return machine === undefined || machine.toLowerCase() === host;
}
