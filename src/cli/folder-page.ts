/**
 * What a folder's page is to `get` and the shell: read on a terminal as text, and not saved for a file by oversight.
 */
import { printable } from "../base/printable.ts";
import type { Answer } from "../client/download.ts";
import { formatRemoteUrl, pathOf } from "../client/origin.ts";
import type { RemoteUrl } from "../client/origin.ts";
import { TransferError } from "../client/transfer-error.ts";
import { lookAtPath } from "./look-at-path.ts";
import type { Output } from "./terminal.ts";

/** What is accepted of a page that a person reads on a terminal: names rather than markup, where there is a choice. */
const READABLE = "text/plain, */*;q=0.5";

/** The `Accept` for a page that is printed on `output`; `undefined` for the usual one. */
export function acceptForPage(output: Output): { readonly accept: string } | undefined {
  return output.isTerminal ? { accept: READABLE } : undefined;
}

/**
 * Refuses a folder's page where a file was asked for and no name was given to save it under: `get … album` was redirected
 * to `album/`, and a page would be saved as a file `album`.
 *
 * @param place where it would be saved.
 * @throws {TransferError} phase `answer`, before anything is saved.
 */
export function refuseFolderPage(asked: RemoteUrl, answer: Answer, place: string): void {
  if (answer.status >= 400 || pathOf(answer.url) !== `${pathOf(asked)}/`) return;
  if (lookAtPath(place)?.isDirectory() !== true) return;
  throw new TransferError(
    "answer",
    `${printable(formatRemoteUrl(answer.url))} is a folder, or a page of its own; ` +
      'write a "/" behind its name to have it printed, or a file name to save it under',
  );
}
