/**
 * The proxy that the environment names (`http_proxy`, `no_proxy`), as other tools read it.
 */
import type { ProxyFor } from "../client/session.ts";
import { type Origin, parseRemoteUrl, UrlError } from "../client/origin.ts";
import { basicCredentials } from "./credentials.ts";
import { UsageError } from "./exit.ts";

/**
 * Reads which proxy is used for an origin.
 *
 * @param proxy `http://[name:password@]host[:port]`, the scheme may be left out.
 * @param exceptions hosts, domains or networks of addresses that are reached directly, separated by commas; `*` for all.
 * @returns `undefined` when none is used at all.
 * @throws {UsageError} when the proxy can't be understood.
 */
export function readProxies(proxy: string | undefined, exceptions: string | undefined): ProxyFor | undefined {
  if (proxy === undefined) return undefined;
  if (/^(?!http:)[a-z][a-z\d+.-]*:\/\//i.test(proxy)) throw notAProxy();
  const [, name, password, rest] = /^(?:http:\/\/)?(?:([^:@/]*)(?::([^@/]*))?@)?(.*)$/i.exec(proxy) ?? [];
  const origin = parseProxy(rest ?? "");
  const authorization =
    name === undefined
      ? undefined
      : basicCredentials({ name: decode(name), password: decode(password ?? "") });
  const direct = (exceptions ?? "")
    .split(/[\s,]+/)
    .map((word) => word.toLowerCase())
    .filter((word) => word !== "");
  return (target) =>
    direct.some((word) => isException(word, target)) ? undefined : { origin, authorization };
}

function parseProxy(text: string): Origin {
  try {
    return { ...parseRemoteUrl(`http://${text}`).origin, isProxy: true };
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    throw notAProxy();
  }
}

/** The value may hold a password: it is not repeated. */
function notAProxy(): UsageError {
  return new UsageError("http_proxy is not a proxy that speaks HTTP; write http://HOST:PORT, or unset it");
}

/** `example.org` and `.example.org` stand for the host and all below it; a port narrows it. */
function isException(word: string, { host, port }: Origin): boolean {
  if (word === "*") return true;
  if (word.includes("/")) return isInNetwork(word, host);
  const [, bare = word, onPort] = /^(.*?)(?::(\d+))?$/.exec(word) ?? [];
  const name = (host.includes(":") ? word.replace(/^\[(.*)\]$/, "$1") : bare).replace(/^\*?\./, "");
  if (onPort !== undefined && !host.includes(":") && Number(onPort) !== port) return false;
  return host === name || host.endsWith(`.${name}`);
}

/** `10.0.0.0/8`, `fd00::/8`: the addresses of a network. A name is in none, whatever it leads to. */
function isInNetwork(word: string, host: string): boolean {
  const [, address = "", bits = ""] = /^\[?([\da-f.:]+)\]?\/(\d{1,3})$/.exec(word) ?? [];
  const { BlockList, isIP } = process.getBuiltinModule("node:net");
  const family = isIP(address);
  if (family === 0 || family !== isIP(host) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? "ipv4" : "ipv6";
  const network = new BlockList();
  network.addSubnet(address, Number(bits), type);
  return network.check(host, type);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
