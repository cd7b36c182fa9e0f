/**
 * Host name → addresses, by the system's resolver.
 */
import { errorCode } from "../base/failure.ts";
import { printable } from "../base/printable.ts";
import { settleWithin } from "./interruption.ts";
import { formatRole, type Origin } from "./origin.ts";
import { TransferError } from "./transfer-error.ts";

/**
 * Finds the addresses of `origin`, in the order in which the system wants them tried; an address is its own.
 * @throws {TransferError} phase `resolve`.
 */
export async function resolveHost(
  origin: Origin,
  limits: {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    /** Addresses of this family only. */
    readonly family?: 4 | 6 | undefined;
  },
): Promise<readonly string[]> {
  const ownFamily = familyOf(origin);
  if (ownFamily !== undefined) {
    if (limits.family !== undefined && limits.family !== ownFamily) throw wrongFamily(origin, ownFamily);
    return [origin.host];
  }
  return settleWithin(lookUp(origin, limits.family), {
    phase: "resolve",
    signal: limits.signal,
    timeout: {
      afterMs: limits.timeoutMs,
      error: () => cannotResolve(origin, "the name server did not answer in time", undefined),
    },
  });
}

/** Of a host that is an address, as {@link Origin} writes it; `undefined` for a name. */
function familyOf({ host }: Origin): 4 | 6 | undefined {
  if (host.includes(":")) return 6;
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) ? 4 : undefined;
}

async function lookUp(origin: Origin, family: 4 | 6 | undefined): Promise<readonly string[]> {
  const { lookup } = await import("node:dns/promises");
  try {
    const found = await lookup(origin.host, { all: true, order: "verbatim", family: family ?? 0 });
    if (found.length > 0) return found.map((entry) => entry.address);
  } catch (cause) {
    if (errorCode(cause) === "EAI_AGAIN")
      throw cannotResolve(origin, "the name server did not answer", cause);
    throw unknownHost(origin, cause);
  }
  throw unknownHost(origin, undefined);
}

function cannotResolve(origin: Origin, reason: string, cause: unknown): TransferError {
  const message = `Cannot resolve ${formatName(origin)}: ${reason}; check the network and try again`;
  return new TransferError("resolve", message, { isRetryable: true, cause });
}

function unknownHost(origin: Origin, cause: unknown): TransferError {
  const message = `Cannot resolve ${formatName(origin)}: no such host is known; check its spelling, or use its address`;
  return new TransferError("resolve", message, { cause });
}

function wrongFamily(origin: Origin, family: number): TransferError {
  const message = `Cannot resolve ${formatName(origin)}: it is an IPv${family} address, and only the other family is wanted`;
  return new TransferError("resolve", message);
}

function formatName(origin: Origin): string {
  return `"${printable(origin.host)}"${formatRole(origin)}`;
}
