/**
 * What tests of the client need again and again: a session with short limits, URLs of test servers, a folder that goes away.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { parseRemoteUrl, type RemoteUrl } from "../../src/client/origin.ts";
import { Session, type SessionOptions } from "../../src/client/session.ts";
import { TransferError } from "../../src/client/transfer-error.ts";

export function makeSession(options: Partial<SessionOptions> = {}): Session {
  return new Session({
    connectTimeoutMs: 5000,
    silenceMs: 5000,
    userAgent: "netfile-test",
    clock: systemClock,
    ...options,
  });
}

export function urlOn(server: { readonly port: number }, target = "/a.txt", host = "127.0.0.1"): RemoteUrl {
  return parseRemoteUrl(`http://${host}:${server.port}${target}`);
}

export type TemporaryFolder = {
  readonly path: string;
  /** All names in it, hidden ones too, sorted. */
  readonly names: () => string[];
  readonly at: (name: string) => string;
  readonly remove: () => void;
};

export function makeTemporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "netfile-test-"));
  return {
    path,
    names: () => readdirSync(path).sort(),
    at: (name) => join(path, name),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** The error that `promise` rejects with, which must be the client's own. */
export async function transferErrorOf(promise: Promise<unknown>): Promise<TransferError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TransferError) return error;
    throw new Error(`It is another error: ${String(error)}`, { cause: error });
  }
  throw new Error("It did not fail");
}
