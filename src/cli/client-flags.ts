/**
 * The flags that `get`, `put` and `shell` share.
 */
import { readSeconds } from "./flag-values.ts";
import type { StrictArgs, StrictArgsDef } from "./strict-args.ts";

/** Default time for a connection to come about, in ms. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Default for the longest silence of a server that owes something, in ms. */
const SILENCE_MS = 30_000;

export const TIMEOUT_ARGS = {
  "connect-timeout": {
    type: "string",
    valueHint: "SECONDS",
    description: "give up connecting after so long (10)",
  },
  timeout: {
    type: "string",
    valueHint: "SECONDS",
    description: "give up when the server is silent for so long (30)",
  },
} satisfies StrictArgsDef;

export const REPORT_ARGS = {
  quiet: { type: "boolean", alias: "q", description: "print errors only" },
  json: { type: "boolean", description: "print one JSON object on standard output instead" },
  "log-file": { type: "string", valueHint: "FILE", description: "append a line for each request" },
} satisfies StrictArgsDef;

export type Timeouts = { readonly connectTimeoutMs: number; readonly silenceMs: number };

/** Reads the two time limits of a client. */
export function readTimeouts(args: StrictArgs): Timeouts {
  const connect = args.value("connect-timeout");
  const silence = args.value("timeout");
  return {
    connectTimeoutMs: connect === undefined ? CONNECT_TIMEOUT_MS : readSeconds(connect, "--connect-timeout"),
    silenceMs: silence === undefined ? SILENCE_MS : readSeconds(silence, "--timeout"),
  };
}

/** The keys of `--json`, for the help of `get` and `put`. */
export const JSON_ROWS: readonly (readonly [key: string, meaning: string])[] = [
  ["command, url", "what was asked; url is the last one after redirects"],
  ["status, reason", "of the answer; absent when none came"],
  ["mediaType, announcedBytes", "as the server announced them"],
  ["bytes, rateBytesPerS", "what was transferred, and how fast"],
  ["savedAs", "path of the saved file, or where the server says it saved"],
  [
    "verifiedBy, provenBy",
    "sha-256, sha-512, length or none, or date with isUnchanged; by whose digest: server or user",
  ],
  ["isUnchanged", "true when the file was there already and nothing was fetched"],
  ["attempts, connections", "how often it was asked for, and over how many connections"],
  ["resumedBytes, receivedBytes", "what an earlier run had fetched or sent, and what this one fetched"],
  ["rtt", "minUs, meanUs, maxUs, samples: round-trip times over the transfer"],
  ["server", "name, address, port, family, type, protocol, timeoutMs, rttUs, software, isReused"],
  ["client", "address, port"],
  ["phases", "resolveMs, connectMs, firstByteMs, transferMs, saveMs (of a file: proof and disk)"],
  ["error", "message, phase, keptBytes to go on with (only when it failed)"],
  ["exitCode", "as below"],
];
