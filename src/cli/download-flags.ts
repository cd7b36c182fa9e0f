/**
 * The flags of `get` that say how a download is made, beyond where from and where to.
 */
import { systemClock } from "../base/clock.ts";
import { parseSize } from "../base/units.ts";
import { printable } from "../base/printable.ts";
import type { DownloadOptions } from "../client/download.ts";
import { Pace } from "../client/pace.ts";
import { DEFAULT_RETRIES } from "../client/retry.ts";
import { TransferError } from "../client/transfer-error.ts";
import type { Checksum } from "../client/verify.ts";
import { decodeBase64 } from "../semantics/base64.ts";
import type { DigestAlgorithm } from "../semantics/digest.ts";
import { CONNECTION_ARGS } from "./connection-flags.ts";
import { UsageError } from "./exit.ts";
import { readCount, readSeconds } from "./flag-values.ts";
import { readRetries, RETRY_ARGS } from "./retry-flags.ts";
import type { StrictArgs, StrictArgsDef } from "./strict-args.ts";

const MAX_CONNECTIONS = 32;

/** Lengths of the digests, in bytes. */
const DIGEST_BYTES: Readonly<Record<DigestAlgorithm, number>> = { "sha-256": 32, "sha-512": 64 };

export const DOWNLOAD_ARGS = {
  ...RETRY_ARGS,
  "max-time": {
    type: "string",
    valueHint: "SECONDS",
    description: "give up when it all takes longer; what has come is kept",
  },
  connections: {
    type: "string",
    alias: "x",
    valueHint: "N",
    description: "fetch over up to N connections (one, and more where they pay)",
  },
  checksum: {
    type: "string",
    valueHint: "sha-256:DIGEST",
    description: "save only if it has this digest; hex or base64",
  },
  "require-digest": { type: "boolean", description: "save only what a digest proves" },
  "limit-rate": {
    type: "string",
    valueHint: "SIZE",
    description: "take no more than so much per second, all files together",
  },
  ...CONNECTION_ARGS,
  timing: { type: "boolean", description: "show the round-trip times over the transfer" },
} satisfies StrictArgsDef;

export type DownloadSettings = Pick<
  DownloadOptions,
  "retries" | "connections" | "checksum" | "requireDigest" | "pace"
>;

/** Reads the flags of a download. @throws {UsageError} */
export function readDownloadSettings(args: StrictArgs): DownloadSettings {
  const [connections, checksum, rate] = [
    args.value("connections"),
    args.value("checksum"),
    args.value("limit-rate"),
  ];
  return {
    retries: readRetries(args) ?? DEFAULT_RETRIES,
    connections: connections === undefined ? "auto" : readConnections(connections),
    checksum: checksum === undefined ? undefined : readChecksum(checksum),
    requireDigest: args.isOn("require-digest"),
    pace: rate === undefined ? undefined : new Pace(readRate(rate), systemClock),
  };
}

/** The same for each of many files: they are several at once already. @throws {UsageError} */
export function readSettingsForMany(args: StrictArgs): DownloadSettings {
  if (args.value("checksum") !== undefined) {
    throw new UsageError("--checksum is of one file; fetch that one alone");
  }
  const settings = readDownloadSettings(args);
  return { ...settings, connections: settings.connections === "auto" ? 1 : (settings.connections ?? 1) };
}

/** A signal that ends what takes longer than `--max-time`; `undefined` without that flag. */
export function signalOfMaxTime(args: StrictArgs): AbortSignal | undefined {
  const text = args.value("max-time");
  if (text === undefined) return undefined;
  const maxMs = readSeconds(text, "--max-time");
  const controller = new AbortController();
  const message = `The transfer took longer than the ${text} s that --max-time allows`;
  setTimeout(() => controller.abort(new TransferError("receive", message)), maxMs).unref();
  return controller.signal;
}

/** Reads `sha-256:…` or `sha-512:…`, hex or base64; `sha256:…` and `…=…` as other tools write it. */
export function readChecksum(text: string): Checksum {
  const [, bits, value] = /^sha-?(256|512)[:=](.+)$/i.exec(text) ?? [];
  if (bits !== undefined && value !== undefined) {
    const algorithm: DigestAlgorithm = bits === "256" ? "sha-256" : "sha-512";
    const length = DIGEST_BYTES[algorithm];
    const isHex = value.length === 2 * length && /^[0-9a-f]+$/i.test(value);
    const digest = isHex ? Buffer.from(value, "hex") : decodeBase64(value);
    if (digest?.length === length) return { algorithm, digest };
  }
  throw new UsageError(
    `The value "${printable(text)}" of --checksum is not a digest; write sha-256: or sha-512: and its hex digits or base64`,
  );
}

function readConnections(text: string): number {
  const count = readCount(text, "-x");
  if (count <= MAX_CONNECTIONS) return count;
  throw new UsageError(`-x ${count} is too many; write a number from 1 to ${MAX_CONNECTIONS}`);
}

function readRate(text: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new UsageError(
    `The value "${printable(text)}" of --limit-rate is not a rate; write 500k or 2M (per second)`,
  );
}
