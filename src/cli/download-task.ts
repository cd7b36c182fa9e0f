/**
 * One download as `get` and the shell do it: saved, or printed for as long as somebody reads.
 */
import type { Destination, DownloadOptions, DownloadResult } from "../client/download.ts";
import { TransferError } from "../client/transfer-error.ts";
import { ContentPrinter } from "./content-printer.ts";
import type { DownloadSettings } from "./download-flags.ts";
import { acceptForPage, refuseFolderPage } from "./folder-page.ts";
import type { Output } from "./terminal.ts";
import type { TransferTask } from "./transfer-run.ts";

export type DownloadWish = Pick<TransferTask, "url" | "name" | "signal"> & {
  /** Where it is saved; `undefined` prints it. */
  readonly path: string | undefined;
  /** Who reads what is printed; `undefined` when that is left out. */
  readonly output: Output | undefined;
  /** It is a page that is shown, since nobody said where it should go. */
  readonly isPage: boolean;
  readonly force: boolean;
  readonly settings?: DownloadSettings;
  /** What ends it besides Ctrl-C. */
  readonly limits?: readonly AbortSignal[];
};

/** Makes the task of downloading what is wished for by `download`. */
export function downloadTask(
  download: (options: DownloadOptions) => Promise<DownloadResult>,
  wish: DownloadWish,
): TransferTask {
  const { url, name, signal, path, output, force, limits = [] } = wish;
  const unwanted = new AbortController();
  const printer = output && new ContentPrinter(output, () => unwanted.abort(unverified()));
  const destination: Destination =
    path === undefined
      ? { kind: "consumer", consume: (bytes) => printer?.print(bytes) }
      : { kind: "path", path };
  return {
    command: "get",
    url,
    name,
    signal,
    isUnwanted: () => printer?.hasReader === false && !asksForProof(wish),
    start: async (hooks) => {
      const result = await download({
        ...wish.settings,
        url,
        destination,
        force,
        signal: AbortSignal.any([signal, unwanted.signal, ...limits]),
        ...(wish.isPage && output !== undefined ? acceptForPage(output) : undefined),
        ...hooks,
        onAnswer: (answer) => {
          hooks.onAnswer(answer);
          if (path !== undefined) refuseFolderPage(url, answer, path);
        },
      });
      printer?.end();
      return { ...result, savedAs: result.savedPath };
    },
  };
}

/** Whether the content must be proven: then it is no good end when its reader wants no more of it. */
function asksForProof({ settings }: DownloadWish): boolean {
  return settings?.checksum !== undefined || settings?.requireDigest === true;
}

function unverified(): TransferError {
  return new TransferError(
    "verify",
    "The reader of the output went away before all had come, so that its digest could not be verified; let it read to the end",
  );
}
