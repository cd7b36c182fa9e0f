/**
 * `netfile put FILE... URL/`: sends several files into one folder of a server.
 */
import { statSync } from "node:fs";
import { DEFAULT_RETRIES } from "../client/upload-options.ts";
import { upload } from "../client/upload.ts";
import type { BatchItem } from "./batch.ts";
import { runBatch } from "./batch-run.ts";
import type { BatchRun } from "./batch-run.ts";
import { readPutFilesWords } from "./remote-words.ts";
import type { PutWords } from "./remote-words.ts";
import type { StrictArgs } from "./strict-args.ts";
import type { Terminal } from "./terminal.ts";
import type { Telling } from "./transfer-run.ts";

/** Runs `put` for several files. @throws {UsageError | UrlError} before anything is transferred. */
export function putFiles(args: StrictArgs, terminal: Terminal, telling: Telling): Promise<number> {
  const files = readPutFilesWords(args.words);
  const method = args.isOn("post") ? "POST" : "PUT";
  const settings = { command: "put", stopsAfter: "any failure", terminal, telling } as const;
  return runBatch(args, settings, (run) => run.batch.run(files.map((file) => itemOf(file, method, run))));
}

function itemOf({ path, url }: PutWords, method: "PUT" | "POST", run: BatchRun): BatchItem {
  return {
    name: path,
    url,
    sizeBytes: sizeOf(path),
    run: async (hooks) => {
      const { session, signal, stateFolder } = run;
      const { retries = DEFAULT_RETRIES } = run.downloading;
      const done = await upload(session, { ...hooks, path, url, method, signal, retries, stateFolder });
      return { kind: "transferred", done };
    },
  };
}

/** `undefined` when it can't be told: sending it tells why. */
function sizeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size;
  } catch {
    return undefined;
  }
}
