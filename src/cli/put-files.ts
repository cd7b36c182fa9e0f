/**
 * `netfile put FILE... URL/`: sends several files into one folder of a server.
 */
import { DEFAULT_RETRIES } from "../client/retry.ts";
import { upload } from "../client/upload.ts";
import type { BatchItem, ItemEnd } from "./batch.ts";
import { runBatch } from "./batch-run.ts";
import type { BatchRun, BatchSettings } from "./batch-run.ts";
import { lookAtPath } from "./look-at-path.ts";
import { readPutFilesWords } from "./remote-words.ts";
import type { PutWords } from "./remote-words.ts";
import type { StrictArgs } from "./strict-args.ts";
import type { Terminal } from "./terminal.ts";
import type { Telling, TransferHooks } from "./transfer-run.ts";

/** Runs `put` for several files. @throws {UsageError | UrlError} before anything is transferred. */
export function putFiles(args: StrictArgs, terminal: Terminal, telling: Telling): Promise<number> {
  const files = readPutFilesWords(args.words);
  const method = args.isOn("post") ? "POST" : "PUT";
  const settings: BatchSettings = {
    command: method === "POST" ? "post" : "put",
    subject: { name: args.words.at(-1) ?? "" },
    stopsAfter: "any failure",
    toGoOn: "leave out what was sent when you run it again",
    terminal,
    telling,
  };
  return runBatch(args, settings, (run) => run.batch.run(files.map((file) => itemOf(file, method, run))));
}

function itemOf({ path, url }: PutWords, method: "PUT" | "POST", run: BatchRun): BatchItem {
  return {
    name: path,
    url,
    sizeBytes: lookAtPath(path)?.size,
    run: (hooks) => sendOne({ path, url, method }, hooks, run),
  };
}

/** Sends one of many. @throws {TransferError} */
export async function sendOne(
  what: PutWords & { readonly method: "PUT" | "POST" },
  hooks: TransferHooks,
  { session, signal, stateFolder, downloading: { retries = DEFAULT_RETRIES } }: BatchRun,
): Promise<ItemEnd> {
  return {
    kind: "transferred",
    done: await upload(session, { ...hooks, ...what, signal, retries, stateFolder }),
  };
}
