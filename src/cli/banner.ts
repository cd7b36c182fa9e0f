/**
 * What `netfile serve` says when it has started: which URLs reach it, who can, what is served, and what to try next.
 */
import type { NetworkInterfaceInfo } from "node:os";
import { basename } from "node:path";

import { printable } from "../base/printable.ts";
import { formatDurationMs, formatLimit } from "../base/units.ts";
import { formatHostPort } from "../net/endpoint.ts";
import { DEFAULT_EXTENSIONS } from "../site/policy.ts";
import { isLoopback } from "./peer-names.ts";
import type { ServePlan } from "./serve-plan.ts";
import type { Colors } from "./terminal.ts";

/** The network interfaces as node:os lists them. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** The URLs of a server, and who can use them. */
export type Reach = {
  /** From this machine; the first is the one to show. */
  readonly local: readonly string[];
  /** From other machines. */
  readonly remote: readonly string[];
  readonly who: string;
};

/**
 * Finds out who reaches a server that listens on `host`.
 *
 * @param host the address in fact listened on; `::` takes IPv4 too.
 * @param readInterfaces called only where `host` does not say it all.
 */
export function describeReach(host: string, port: number, readInterfaces: () => Interfaces): Reach {
  const url = (address: string): string => `http://${formatHostPort(address, port)}/`;
  if (host === "localhost" || isLoopback(host)) {
    return { local: [url(host)], remote: [], who: "this machine only (--lan opens it to your network)" };
  }
  if (host !== "0.0.0.0" && host !== "::") {
    return { local: [], remote: [url(host)], who: `every device that can reach ${printable(host)}` };
  }
  const remote = listAddresses(readInterfaces(), host === "::" ? ["IPv4", "IPv6"] : ["IPv4"]).map(url);
  const who = "every device on your networks";
  return { local: (host === "::" ? ["127.0.0.1", "::1"] : ["127.0.0.1"]).map(url), remote, who };
}

/** Addresses that other machines may use; link-local IPv6 is left out, since a URL can't hold its zone (RFC 6874 is not implemented by browsers). */
function listAddresses(interfaces: Interfaces, families: readonly string[]): readonly string[] {
  return Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family, address }) => {
      return !internal && families.includes(family) && !address.toLowerCase().startsWith("fe80:");
    })
    .map(({ address }) => address);
}

export type BannerFacts = {
  /** How netfile was called, for commands that work when pasted: see {@link programName}. */
  readonly program: string;
  readonly plan: ServePlan;
  readonly host: string;
  readonly port: number;
  readonly reach: Reach;
  /** Name of a file that can be fetched, for the example; `undefined` when none is seen at once. */
  readonly sample: string | undefined;
  /** Extensions of files that are there and not served, as far as they are seen at once. */
  readonly unserved: readonly string[];
};

/** Formats where and what is served; the lines of the box. */
export function formatServing({ plan, reach, unserved }: BannerFacts, colors: Colors): readonly string[] {
  const urls = [...reach.local, ...reach.remote].map((url) => `  ${colors.cyan(url)}`);
  const rows: readonly (readonly [string, string])[] = [
    ["For", reach.who],
    ["Types", formatTypes(plan, unserved)],
    ["Uploads", formatUploads(plan)],
    ...formatExtras(plan),
  ];
  return [
    `Serving ${colors.bold(printable(plan.folder))} on`,
    ...urls,
    "",
    ...rows.map(([name, text]) => `${colors.dim(name.padEnd(8))} ${text}`),
  ];
}

/** Formats the lines of what to try next. */
export function formatTryNext(
  { program, plan, host, port, reach, sample }: BannerFacts,
  colors: Colors,
): readonly string[] {
  const address = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const tries = [`${program} get ${address} ${port}${sample === undefined ? "" : ` ${sample}`}`];
  if (plan.policy.upload !== undefined) tries.push(`${program} put ${address} ${port} FILE`);
  tries.push(`${program} shell ${address} ${port}`);
  const page = reach.local[0] ?? reach.remote[0];
  if (page !== undefined) tries.push(`open ${page} in a browser`);
  return [
    "Try next",
    ...tries.map((line) => `  ${colors.cyan(line)}`),
    colors.dim("Ctrl-C ends the server."),
  ];
}

/**
 * The word that starts this program once more in the same folder: the one it was called by, `./netfile` or a path, quoted
 * when it must be; `netfile` when it runs from its sources.
 */
export function programName(calledBy: string): string {
  if (/^bun(\.exe)?$/i.test(basename(calledBy)) || calledBy === "") return "netfile";
  return /^[\w@%+=:,./-]+$/.test(calledBy) ? calledBy : `"${printable(calledBy)}"`;
}

function formatTypes({ policy: { allow } }: ServePlan, unserved: readonly string[]): string {
  if (allow === "all") return "every type";
  const added = [...allow].filter((extension) => !DEFAULT_EXTENSIONS.includes(extension));
  const hint =
    unserved.length === 0 ? "--allow adds more" : `not what else is here: --allow ${unserved.join(",")}`;
  return `${printable([...DEFAULT_EXTENSIONS, ...added].join(", "))} (${hint})`;
}

function formatUploads({ policy: { upload }, host }: ServePlan): string {
  if (upload === undefined) return "off (--upload turns them on)";
  const rule = {
    refuse: "an existing name is refused",
    replace: "an existing file is replaced",
    rename: "an existing name gets a number",
  };
  const warning = host === "127.0.0.1" ? "" : "; whoever reaches it can save files";
  return `on, up to ${formatLimit(upload.maxBytes)} at a time; ${rule[upload.onExist]}${warning}`;
}

function formatExtras({ idleExitMs, accessLog, workers }: ServePlan): readonly (readonly [string, string])[] {
  const extras: (readonly [string, string])[] = [];
  if (workers > 1) extras.push(["Workers", `${workers} processes`]);
  if (accessLog !== undefined) extras.push(["Log", `${printable(accessLog.path)} (${accessLog.format})`]);
  if (idleExitMs !== undefined)
    extras.push(["Ends", `after ${formatDurationMs(idleExitMs)} without a request`]);
  return extras;
}
