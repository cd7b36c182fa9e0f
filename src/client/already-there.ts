/**
 * A file that is to be fetched and is there already: whether it is the server's, so that nothing need be fetched.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { announceAnswer, measurePhases } from "./answer.ts";
import { discardBody } from "./conversation.ts";
import type { Place } from "./destination.ts";
import type { DownloadOptions, DownloadResult } from "./download-options.ts";
import { FileHash } from "./file-hash.ts";
import { throwIfInterrupted } from "./interruption.ts";
import { type Arrival, follow } from "./redirect.ts";
import type { Session } from "./session.ts";
import { TransferError } from "./transfer-error.ts";
import { announcedSha256, isSameDigest } from "./verify.ts";

/**
 * Asks the server for the file's digest and compares it with what is at `place`. The same length and time would prove
 * nothing.
 *
 * @returns `undefined` when it can't be shown that the file is the server's, for whatever reason.
 * @throws {TransferError} only when interrupted.
 */
export async function findUnchanged(
  session: Session,
  options: DownloadOptions,
  place: Place,
): Promise<DownloadResult | undefined> {
  const { url, ownFields, signal } = options;
  const startedAtMs = session.options.clock.monotonicMs();
  const path = join(place.folder, place.name);
  try {
    const fields = [["Want-Repr-Digest", "sha-256=1"]] as const;
    const arrival = await follow(session, { url, method: "HEAD", fields, ownFields, signal });
    const provenBy = await proveSame(path, arrival, options);
    const phases = measurePhases(arrival.reply, session.options.clock);
    if (provenBy === undefined) {
      await discardBody(session, arrival.reply);
      return undefined;
    }
    const answer = announceAnswer(arrival.reply, options, { url: arrival.url, startedAtMs });
    await discardBody(session, arrival.reply);
    return {
      answer,
      savedPath: path,
      bodyBytes: provenBy.sizeBytes,
      phases,
      proof: options.checksum?.algorithm ?? "sha-256",
      provenBy: provenBy.by,
      attempts: 1,
      resumedBytes: provenBy.sizeBytes,
      receivedBytes: 0,
      connections: 1,
      isUnchanged: true,
      rtt: undefined,
    };
  } catch (error) {
    throwIfInterrupted("receive", signal);
    if (error instanceof TransferError) return undefined;
    throw error;
  }
}

type Sameness = { readonly by: "server" | "user"; readonly sizeBytes: number };

async function proveSame(
  path: string,
  { reply: { head } }: Arrival,
  { checksum, signal }: DownloadOptions,
): Promise<Sameness | undefined> {
  if (head.status !== 200 || head.fields.has("content-encoding")) return undefined;
  const announced = announcedSha256(head.fields, "whole");
  const expected = checksum ?? (announced && { algorithm: "sha-256" as const, digest: announced });
  if (expected === undefined) return undefined;
  const length = head.fields.get("content-length");
  const found = openFile(path);
  if (found === undefined) return undefined;
  try {
    if (length !== undefined && length !== String(found.sizeBytes)) return undefined;
    const { fd } = found;
    const hash = new FileHash({
      fd,
      read: (target, position) => readSync(fd, target, 0, target.length, position),
    });
    hash.need(expected.algorithm);
    const digests = await hash.finish(found.sizeBytes, signal);
    if (!isSameDigest(expected.digest, digests.get(expected.algorithm))) return undefined;
    return { by: checksum === undefined ? "server" : "user", sizeBytes: found.sizeBytes };
  } finally {
    closeSync(found.fd);
  }
}

function openFile(path: string): { readonly fd: number; readonly sizeBytes: number } | undefined {
  let fd: number;
  try {
    // A pipe under the name would be waited for.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch {
    return undefined;
  }
  const stats = fstatSync(fd);
  if (stats.isFile()) return { fd, sizeBytes: stats.size };
  closeSync(fd);
  return undefined;
}
