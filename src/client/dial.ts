/**
 * Opens a connection: resolves the host and tries its addresses one after the other until one answers, within one
 * time limit (Bun's sockets have none of their own).
 */
import { closeSync, openSync } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { errorCode, errorText } from "../base/failure.ts";
import { formatHostPort } from "../net/endpoint.ts";
import { Connection } from "./connection.ts";
import { settleWithin, throwIfInterrupted } from "./interruption.ts";
import { formatRole, type Origin } from "./origin.ts";
import { resolveHost } from "./resolve.ts";
import { TransferError } from "./transfer-error.ts";

export type DialOptions = {
  /** For resolving, and again for all connection attempts together. */
  readonly connectTimeoutMs: number;
  readonly silenceMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Addresses of this family only. */
  readonly family?: 4 | 6 | undefined;
};

export type Opened = {
  readonly connection: Connection;
  readonly resolveMs: number;
  /** All attempts together. */
  readonly connectMs: number;
};

/**
 * Connects to `origin`.
 * @throws {TransferError} phase `resolve` or `connect`; of several addresses the last one's.
 */
export async function dial(origin: Origin, options: DialOptions): Promise<Opened> {
  const { clock, signal } = options;
  const startMs = clock.monotonicMs();
  throwIfInterrupted("resolve", signal);
  const addresses = await resolveHost(origin, {
    timeoutMs: options.connectTimeoutMs,
    signal,
    family: options.family,
  });
  const resolvedMs = clock.monotonicMs();
  const connection = await tryAll(origin, addresses, options);
  return { connection, resolveMs: resolvedMs - startMs, connectMs: clock.monotonicMs() - resolvedMs };
}

async function tryAll(
  origin: Origin,
  addresses: readonly string[],
  options: DialOptions,
): Promise<Connection> {
  const deadlineMs = options.clock.monotonicMs() + options.connectTimeoutMs;
  let failure: unknown;
  for (const [index, address] of addresses.entries()) {
    throwIfInterrupted("connect", options.signal);
    // An address that swallows packets may not use up the time of those behind it.
    const leftMs = Math.max(0, deadlineMs - options.clock.monotonicMs());
    try {
      return await tryOne(origin, address, {
        ...options,
        connectTimeoutMs: leftMs / (addresses.length - index),
      });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function tryOne(origin: Origin, address: string, options: DialOptions): Promise<Connection> {
  const connection = new Connection(origin, options);
  const place = `${formatHostPort(address, origin.port)}${formatRole(origin)}`;
  try {
    await settleWithin(connectSocket(connection, address, origin.port), {
      phase: "connect",
      signal: options.signal,
      timeout: { afterMs: options.connectTimeoutMs, error: () => unanswered(place) },
    });
    return connection;
  } catch (error) {
    // The attempt can't be called back: if it succeeds later, the closed connection drops its socket.
    connection.close();
    throw error instanceof TransferError ? error : connectFailure(place, error);
  }
}

async function connectSocket(connection: Connection, hostname: string, port: number): Promise<void> {
  await Bun.connect({ hostname, port, socket: connection.handlers });
}

function unanswered(place: string): TransferError {
  return new TransferError(
    "connect",
    `Cannot connect to ${place}: no answer in time; check the address, the network and any firewall`,
    { isRetryable: true },
  );
}

const CONNECT_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there; check the port, and that the server is running",
  EHOSTUNREACH: "the host cannot be reached; check the address and the network",
  ENETUNREACH: "the network cannot be reached; check the address and the network",
  ECONNRESET: "the connection was reset",
  EADDRNOTAVAIL: "this machine has no address that leads there",
  EACCES: "this machine does not permit it",
  EMFILE: "too many files are open here; use fewer --jobs or connections, or raise the limit (ulimit -n)",
};

/** The runtime says ECONNREFUSED of that, too. */
function hasNoDescriptorLeft(): boolean {
  try {
    closeSync(openSync(".", "r"));
    return false;
  } catch (error) {
    return ["EMFILE", "ENFILE"].includes(errorCode(error) ?? "");
  }
}

function connectFailure(place: string, cause: unknown): TransferError {
  const code = hasNoDescriptorLeft() ? "EMFILE" : errorCode(cause);
  if (code === "ETIMEDOUT") return unanswered(place);
  const reason = (code === undefined ? undefined : CONNECT_REASONS[code]) ?? code ?? errorText(cause);
  return new TransferError("connect", `Cannot connect to ${place}: ${reason}`, { isRetryable: true, cause });
}
