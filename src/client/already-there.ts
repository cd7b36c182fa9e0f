/**
 * A file that is to be fetched and is there already: whether it is the server's, so that nothing need be fetched.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { parseContentCodings } from "../semantics/content-coding.ts";
import { announceAnswer, measurePhases, modifiedAt } from "./answer.ts";
import { discardBody } from "./conversation.ts";
import type { Place } from "./destination.ts";
import type { DownloadOptions, DownloadResult, Proof } from "./download-options.ts";
import { FileHash } from "./file-hash.ts";
import { throwIfInterrupted } from "./interruption.ts";
import { type Arrival, follow } from "./redirect.ts";
import { looksSame } from "./same-file.ts";
import type { Session } from "./session.ts";
import { TransferError } from "./transfer-error.ts";
import { announcedSha256, type Checksum, isSameDigest } from "./verify.ts";

/**
 * Asks the server for the file's digest and compares it with what is at `place`. Where there is none to compare, the same size and
 * date are taken for the same file, unless a digest is required.
 *
 * @returns `undefined` when nothing shows that the file is the server's, for whatever reason.
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
    options.onProgress?.({ doneBytes: 0, totalBytes: undefined, waitsFor: "digest" });
    const fields = [["Want-Repr-Digest", "sha-256=1"]] as const;
    const arrival = await follow(session, { url, method: "HEAD", fields, ownFields, signal });
    const sameness = await findSameness(path, arrival, options);
    const phases = measurePhases(arrival.reply, session.options.clock);
    if (sameness === undefined) {
      await discardBody(session, arrival.reply);
      return undefined;
    }
    const answer = announceAnswer(arrival.reply, options, { url: arrival.url, startedAtMs });
    await discardBody(session, arrival.reply);
    return {
      answer,
      savedPath: path,
      bodyBytes: sameness.sizeBytes,
      phases,
      proof: sameness.proof,
      provenBy: sameness.by,
      attempts: 1,
      resumedBytes: sameness.sizeBytes,
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

/** What shows that the file is the server's, by whose digest, and how long it is. */
type Sameness = {
  readonly proof: Proof;
  readonly by: "server" | "user" | undefined;
  readonly sizeBytes: number;
};

async function findSameness(
  path: string,
  { reply: { head } }: Arrival,
  options: DownloadOptions,
): Promise<Sameness | undefined> {
  if (head.status !== 200 || parseContentCodings(head.fields.get("content-encoding")).length > 0)
    return undefined;
  const found = openFile(path);
  if (found === undefined) return undefined;
  try {
    const { sizeBytes } = found;
    const length = head.fields.get("content-length");
    if (length !== undefined && length !== String(sizeBytes)) return undefined;
    const announced = announcedSha256(head.fields, "whole");
    const expected = options.checksum ?? (announced && { algorithm: "sha-256" as const, digest: announced });
    if (expected === undefined) {
      const remote = {
        sizeBytes: length === undefined ? undefined : sizeBytes,
        modifiedMs: modifiedAt(head),
      };
      const isTaken = options.requireDigest !== true && looksSame(found, remote);
      return isTaken ? { proof: "date", by: undefined, sizeBytes } : undefined;
    }
    options.onProgress?.({ doneBytes: 0, totalBytes: sizeBytes, waitsFor: "check" });
    if (!(await hasDigest(found, expected, options.signal))) return undefined;
    return {
      proof: expected.algorithm,
      by: options.checksum === undefined ? "server" : "user",
      sizeBytes,
    };
  } finally {
    closeSync(found.fd);
  }
}

async function hasDigest(
  { fd, sizeBytes }: OpenFile,
  { algorithm, digest }: Checksum,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const hash = new FileHash({
    fd,
    read: (target, position) => readSync(fd, target, 0, target.length, position),
  });
  hash.need(algorithm);
  const digests = await hash.finish(sizeBytes, signal);
  return isSameDigest(digest, digests.get(algorithm));
}

type OpenFile = { readonly fd: number; readonly sizeBytes: number; readonly modifiedMs: number };

function openFile(path: string): OpenFile | undefined {
  let fd: number;
  try {
    // A pipe under the name would be waited for.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch {
    return undefined;
  }
  const stats = fstatSync(fd);
  if (stats.isFile()) return { fd, sizeBytes: stats.size, modifiedMs: stats.mtimeMs };
  closeSync(fd);
  return undefined;
}
