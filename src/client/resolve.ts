/**
 * Host name → addresses, by the system's resolver.
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { errorCode } from "../base/failure.ts";
import { printable } from "../base/printable.ts";
import { settleWithin } from "./interruption.ts";
import type { Origin } from "./origin.ts";
import { TransferError } from "./transfer-error.ts";

/**
 * Finds the addresses of `origin`, in the order in which the system wants them tried; an address is its own.
 * @throws {TransferError} phase `resolve`.
 */
export async function resolveHost(
  origin: Origin,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  if (isIP(origin.host) !== 0) return [origin.host];
  return settleWithin(lookUp(origin.host), {
    phase: "resolve",
    signal: limits.signal,
    timeout: {
      afterMs: limits.timeoutMs,
      error: () => cannotResolve(origin.host, "the name server did not answer in time", undefined),
    },
  });
}

async function lookUp(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(host, { all: true, order: "verbatim" });
    if (found.length > 0) return found.map((entry) => entry.address);
  } catch (cause) {
    if (errorCode(cause) === "EAI_AGAIN") throw cannotResolve(host, "the name server did not answer", cause);
    throw unknownHost(host, cause);
  }
  throw unknownHost(host, undefined);
}

function cannotResolve(host: string, reason: string, cause: unknown): TransferError {
  const message = `Cannot resolve "${printable(host)}": ${reason}; check the network and try again`;
  return new TransferError("resolve", message, { isRetryable: true, cause });
}

function unknownHost(host: string, cause: unknown): TransferError {
  const message = `Cannot resolve "${printable(host)}": no such host is known; check its spelling, or use its address`;
  return new TransferError("resolve", message, { cause });
}
