/**
 * The words and flags of `netfile serve`, and what they mean together.
 */
import { resolve } from "node:path";

import type { OnExist, SitePolicy } from "../site/policy.ts";
import type { AccessLogFormat } from "../server/access-log.ts";
import { DEFAULT_SERVER_LIMITS } from "../server/limits.ts";
import type { ServerLimits } from "../server/limits.ts";
import { UsageError } from "./exit.ts";
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  isCorsOrigin,
  LOG_FORMATS,
  ON_EXIST,
  readAllow,
  readCorsOrigin,
  readCount,
  readHeader,
  readHost,
  readLogFile,
  readLogFormat,
  readOnExist,
  readPort,
  readSeconds,
  readSize,
  readWholeSecond,
  readWorkers,
} from "./flag-values.ts";
import type { StrictArgs, StrictArgsDef } from "./strict-args.ts";

/** The largest upload unless `--max-upload` says otherwise: 1 GiB. */
const DEFAULT_MAX_UPLOAD = 1024 ** 3;

/** What the server is told to do. */
export type ServePlan = {
  /** Absolute path. */
  readonly folder: string;
  /** An address or a name, or `lan` for every address of this machine. */
  readonly host: string | { readonly kind: "lan" };
  readonly port: number;
  readonly policy: SitePolicy;
  readonly limits: ServerLimits;
  /** Processes that serve. */
  readonly workers: number;
  readonly idleExitMs: number | undefined;
  readonly accessLog: { readonly path: string; readonly format: AccessLogFormat } | undefined;
  readonly detail: "quiet" | "normal" | "verbose";
};

export const SERVE_ARGS = {
  PORT: {
    type: "positional",
    required: false,
    description: `0 to 65535; 0 picks a free one (${DEFAULT_PORT})`,
  },
  DIR: { type: "positional", required: false, description: "the folder to serve (the current one)" },
  port: { type: "string", alias: "p", valueHint: "PORT", description: "the port, instead of the word PORT" },
  host: { type: "string", valueHint: "HOST", description: "listen on this address or name (127.0.0.1)" },
  lan: { type: "boolean", description: "listen on every address of this machine, IPv4 and IPv6" },
  allow: {
    type: "string",
    valueHint: "LIST",
    isRepeatable: true,
    description: 'serve these types too: "pdf,svg"; "all" lifts the whitelist',
  },
  spa: { type: "boolean", description: "answer what isn't there with index.html and 200" },
  upload: { type: "boolean", description: "let clients save files with PUT and POST" },
  "max-upload": {
    type: "string",
    valueHint: "SIZE",
    description: "largest upload, or form with all its files: 500k, 10M, 2G (1G)",
  },
  "on-exist": {
    type: "string",
    valueHint: "WHAT",
    choices: ON_EXIST,
    description: "an upload whose name exists: refuse, replace or rename (refuse)",
  },
  cors: {
    type: "string",
    valueHint: "ORIGIN",
    bareValue: { value: "*", isValue: isCorsOrigin },
    description: "let pages of other origins read: of all, or of this one",
  },
  header: {
    type: "string",
    valueHint: "'Name: value'",
    isRepeatable: true,
    description: "put this field on answers; may be repeated",
  },
  compress: { type: "boolean", default: true, description: "send text as it is, never compressed" },
  "idle-exit": { type: "string", valueHint: "SECONDS", description: "end after so long without a request" },
  "timeout-max": {
    type: "string",
    valueHint: "SECONDS",
    description: "idle time of a connection with no load; each connection takes 1 s off (20)",
  },
  "timeout-min": { type: "string", valueHint: "SECONDS", description: "the least it comes down to (5)" },
  "max-connections": {
    type: "string",
    valueHint: "N",
    description: `connections at once (${DEFAULT_SERVER_LIMITS.connections})`,
  },
  "max-connections-per-address": {
    type: "string",
    valueHint: "N",
    description: `connections at once of one client's address (${DEFAULT_SERVER_LIMITS.connectionsPerAddress})`,
  },
  workers: {
    type: "string",
    valueHint: "N",
    description: "serve with so many processes, on Linux; auto is one per core (1)",
  },
  "log-file": {
    type: "string",
    valueHint: "FILE",
    description: "append a line for each request; SIGHUP reopens it",
  },
  "log-format": {
    type: "string",
    choices: LOG_FORMATS,
    valueHint: "FORMAT",
    description: "combined or json (combined)",
  },
  quiet: { type: "boolean", alias: "q", description: "print only the address, warnings and errors" },
  verbose: { type: "boolean", alias: "v", description: "print more about each request" },
} satisfies StrictArgsDef;

/**
 * Reads the plan.
 * @throws {UsageError} when a value is none, or two flags contradict each other.
 */
export function readServePlan(args: StrictArgs): ServePlan {
  const { port, folder } = readPlace(args);
  return {
    folder,
    port,
    host: readListenHost(args),
    policy: readPolicy(args),
    limits: readLimits(args),
    workers: optional(args, "workers", readWorkers) ?? 1,
    idleExitMs: optional(args, "idle-exit", readSeconds),
    accessLog: readAccessLog(args),
    detail: readDetail(args),
  };
}

/** A single word is the port when it is a number, otherwise the folder. */
function readPlace(args: StrictArgs): { readonly port: number; readonly folder: string } {
  const [first, second] = args.words;
  const flagPort = args.value("port");
  const isFolderOnly = first !== undefined && second === undefined && !/^\d+$/.test(first);
  const wordPort = isFolderOnly ? undefined : first;
  if (flagPort !== undefined && wordPort !== undefined) {
    throw new UsageError(
      "The port is given twice, as a word and with --port; keep one of them (a folder can be ./NAME)",
    );
  }
  if (wordPort !== undefined && !/^\d+$/.test(wordPort) && /^\d+$/.test(second ?? "")) {
    throw new UsageError(
      `The order is PORT DIR; write: netfile serve ${second ?? ""} ${JSON.stringify(wordPort)}`,
    );
  }
  const port = flagPort ?? wordPort;
  return {
    port:
      port === undefined
        ? DEFAULT_PORT
        : readPort(port, flagPort === undefined ? "The port" : "The value of --port"),
    folder: resolve((isFolderOnly ? first : second) ?? "."),
  };
}

function readListenHost(args: StrictArgs): ServePlan["host"] {
  const host = args.value("host");
  if (args.isOn("lan") && host !== undefined) {
    throw new UsageError("--lan and --host contradict each other; keep one of them");
  }
  if (args.isOn("lan")) return { kind: "lan" };
  return host === undefined ? DEFAULT_HOST : readHost(host);
}

function readPolicy(args: StrictArgs): SitePolicy {
  const cors = args.value("cors");
  return {
    allow: readAllow(args.values("allow")),
    upload: readUpload(args),
    spa: args.isOn("spa"),
    cors: cors === undefined ? undefined : readCorsOrigin(cors),
    headers: args.values("header").map(readHeader),
    compress: args.isOn("compress"),
  };
}

function readUpload(args: StrictArgs): { readonly maxBytes: number; readonly onExist: OnExist } | undefined {
  const maxBytes = optional(args, "max-upload", readSize);
  const onExist = optional(args, "on-exist", readOnExist);
  if (args.isOn("upload")) return { maxBytes: maxBytes ?? DEFAULT_MAX_UPLOAD, onExist: onExist ?? "refuse" };
  if (maxBytes === undefined && onExist === undefined) return undefined;
  throw new UsageError("Uploads are off; add --upload, or leave --max-upload and --on-exist out");
}

function readLimits(args: StrictArgs): ServerLimits {
  const { idleCeilingMs, idleFloorMs, connections, connectionsPerAddress } = DEFAULT_SERVER_LIMITS;
  const ceiling = optional(args, "timeout-max", readWholeSecond);
  const floor = optional(args, "timeout-min", readWholeSecond);
  if ((floor ?? idleFloorMs) > (ceiling ?? idleCeilingMs) && floor !== undefined) {
    throw new UsageError("--timeout-min is greater than --timeout-max (20 s unless given)");
  }
  return {
    ...DEFAULT_SERVER_LIMITS,
    idleCeilingMs: ceiling ?? idleCeilingMs,
    // A ceiling below the usual floor brings the floor down with it.
    idleFloorMs: floor ?? Math.min(idleFloorMs, ceiling ?? idleCeilingMs),
    connections: optional(args, "max-connections", readCount) ?? connections,
    connectionsPerAddress: optional(args, "max-connections-per-address", readCount) ?? connectionsPerAddress,
  };
}

function readAccessLog(args: StrictArgs): ServePlan["accessLog"] {
  const path = optional(args, "log-file", readLogFile);
  const format = optional(args, "log-format", readLogFormat);
  if (path === undefined && format !== undefined) throw new UsageError("--log-format needs --log-file FILE");
  return path === undefined ? undefined : { path: resolve(path), format: format ?? "combined" };
}

function readDetail(args: StrictArgs): ServePlan["detail"] {
  const [isQuiet, isVerbose] = [args.isOn("quiet"), args.isOn("verbose")];
  if (isQuiet && isVerbose)
    throw new UsageError("--quiet and --verbose contradict each other; keep one of them");
  if (isQuiet) return "quiet";
  return isVerbose ? "verbose" : "normal";
}

/** Reads the value of a flag that may be absent. */
function optional<T>(args: StrictArgs, name: string, read: (text: string, flag: string) => T): T | undefined {
  const text = args.value(name);
  return text === undefined ? undefined : read(text, `--${name}`);
}
