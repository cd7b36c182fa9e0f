/**
 * The flags of `get`, `put` and `shell` that say how a server is reached, and what it is told of the user.
 */
import { systemClock } from "../base/clock.ts";
import { printable } from "../base/printable.ts";
import { Session, type SessionOptions } from "../client/session.ts";
import type { Field } from "../wire/fields.ts";
import { readTimeouts } from "./client-flags.ts";
import { basicCredentials, readNetrc, readUser } from "./credentials.ts";
import type { Environment } from "./environment.ts";
import { UsageError } from "./exit.ts";
import { readProxies } from "./proxies.ts";
import type { StrictArgs, StrictArgsDef } from "./strict-args.ts";
import { USER_AGENT } from "./version.ts";

/** Fields that netfile itself decides: framing, the connection, and what a resumed download relies on. */
const RESERVED_FIELDS: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "if-range",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "upload-complete",
  "upload-draft-interop-version",
  "upload-offset",
]);

export const CONNECTION_ARGS = {
  ipv4: { type: "boolean", alias: "4", description: "use IPv4 only" },
  ipv6: { type: "boolean", alias: "6", description: "use IPv6 only" },
  header: {
    type: "string",
    alias: "H",
    valueHint: "FIELD",
    isRepeatable: true,
    description: "send a field of your own: 'Name: value'; 'Name:' leaves netfile's out",
  },
  user: {
    type: "string",
    valueHint: "NAME[:PASSWORD]",
    description: "log in; without a password it is read from NETFILE_PASSWORD",
  },
  netrc: { type: "boolean", description: "log in with what ~/.netrc has for the server" },
} satisfies StrictArgsDef;

/** What the flags and the environment say of every connection of a session. */
export type ConnectionSettings = Pick<SessionOptions, "family" | "proxyFor" | "ownFieldsFor">;

/**
 * Opens the session in which a command does all that it does.
 * @param options what the command has of its own. @throws {UsageError}
 */
export function openSession(
  args: StrictArgs,
  environment: Environment,
  options: Partial<SessionOptions> = {},
): Session {
  return new Session({
    ...readTimeouts(args),
    ...readConnectionSettings(args, environment),
    ...options,
    userAgent: USER_AGENT,
    clock: systemClock,
  });
}

/** Reads what concerns every connection. @throws {UsageError} */
export function readConnectionSettings(args: StrictArgs, environment: Environment): ConnectionSettings {
  const fields = args.values("header").map(readRequestField);
  const user = args.value("user");
  const credentials = user === undefined ? undefined : readUser(user, environment.password);
  const usesNetrc = credentials === undefined && args.isOn("netrc");
  if (usesNetrc) readNetrc(environment.netrcFile, "");
  refuseTwoAuthorizations(fields, credentials !== undefined || usesNetrc);
  return {
    family: readFamily(args),
    proxyFor: readProxies(environment.proxy, environment.proxyExceptions),
    ownFieldsFor: ({ host }) => {
      const known = usesNetrc ? readNetrc(environment.netrcFile, host) : credentials;
      return known === undefined ? fields : [...fields, ["Authorization", basicCredentials(known)]];
    },
  };
}

/** The flags without which the server would not answer again, as words; what could be a secret is left out. */
export function wordsToRepeat(args: StrictArgs): readonly string[] {
  const [name] = args.value("user")?.split(":", 1) ?? [];
  return [
    ...(name === undefined ? [] : ["--user", name]),
    ...(args.isOn("netrc") ? ["--netrc"] : []),
    ...args.values("header").flatMap((field) => ["-H", withoutValue(readRequestField(field))]),
  ];
}

function withoutValue([name, value]: Field): string {
  return value === "" ? `${name}:` : `${name}: ...`;
}

/** The family of addresses that is wanted. */
function readFamily(args: StrictArgs): 4 | 6 | undefined {
  const [isFour, isSix] = [args.isOn("ipv4"), args.isOn("ipv6")];
  if (isFour && isSix) throw new UsageError("-4 and -6 exclude each other; keep one of them");
  if (isFour) return 4;
  return isSix ? 6 : undefined;
}

function refuseTwoAuthorizations(fields: readonly Field[], isLoggedIn: boolean): void {
  if (!isLoggedIn || !fields.some(([name]) => name.toLowerCase() === "authorization")) return;
  throw new UsageError("Authorization is given twice, by --header and by --user or --netrc; keep one");
}

/**
 * Reads a value of `-H`, `Name: value` (RFC 9110 §5.1, §5.5); without a value the field is not sent.
 *
 * SECURITY: no control character passes, so no value can start a line of its own (request splitting).
 */
function readRequestField(text: string): Field {
  const [, name, value] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    // What could not be read may hold a secret all the same.
    throw new UsageError("A value of -H is not a field; write -H 'Name: value', without line breaks");
  }
  if (!RESERVED_FIELDS.has(name.toLowerCase())) return [name, value.trimEnd()];
  throw new UsageError(`The field "${printable(name)}" is netfile's own and can't be set with -H`);
}
