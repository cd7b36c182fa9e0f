/**
 * Whether a file here is the server's, as far as its size and its date tell.
 */

/** File systems and HTTP round dates: FAT to two seconds, HTTP to one. */
const SAME_DATE_MS = 1000;

/** What is known of a file: its size in bytes, and when it was changed last, in ms since the epoch. */
export type FileFacts = { readonly sizeBytes: number | undefined; readonly modifiedMs: number | undefined };

/** Whether both have the same size, and dates within a second; `false` where either is not known. */
export function looksSame(local: FileFacts, remote: FileFacts): boolean {
  if (local.modifiedMs === undefined || remote.modifiedMs === undefined) return false;
  if (local.sizeBytes === undefined || local.sizeBytes !== remote.sizeBytes) return false;
  return Math.abs(local.modifiedMs - remote.modifiedMs) <= SAME_DATE_MS;
}
