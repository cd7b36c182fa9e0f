/**
 * Fetches one resource: to a file that is whole or not there, or to a consumer.
 */
import { findUnchanged } from "./already-there.ts";
import { asTransferError } from "./conversation.ts";
import { type Place, resolvePlace } from "./destination.ts";
import type { DownloadOptions, DownloadResult } from "./download-options.ts";
import { fetchForConsumer } from "./fetch-content.ts";
import { fetchFile } from "./fetch-file.ts";
import type { Session } from "./session.ts";
import { TransferError } from "./transfer-error.ts";

export type { Answer } from "./answer.ts";
export type { Destination, DownloadOptions, DownloadResult, Proof } from "./download-options.ts";

/**
 * Downloads `options.url`.
 *
 * Whatever goes wrong, the final name holds what it held before. What is there already and proves to be the same is not
 * fetched again.
 *
 * @throws {TransferError} and nothing else. An error status (4xx, 5xx) is phase `answer`.
 */
export async function download(session: Session, options: DownloadOptions): Promise<DownloadResult> {
  const { destination } = options;
  try {
    if (destination.kind === "consumer") return await fetchForConsumer(session, options, destination.consume);
    return await downloadTo(session, options, destination.path);
  } catch (error) {
    throw asTransferError(error);
  }
}

async function downloadTo(session: Session, options: DownloadOptions, path: string): Promise<DownloadResult> {
  const { url, force } = options;
  let place: Place;
  try {
    place = resolvePlace(path, url, { force });
  } catch (error) {
    if (!(error instanceof TransferError) || error.phase !== "exists") throw error;
    const unchanged = await findUnchanged(session, options, resolvePlace(path, url, { force: true }));
    if (unchanged === undefined) throw error;
    return unchanged;
  }
  return fetchFile(session, options, place);
}
