/**
 * `netfile put -r`: sends a folder to a server, as far as the server does not have it.
 */
import { printable } from "../base/printable.ts";
import { formatRemoteUrl } from "../client/origin.ts";
import type { RemoteUrl } from "../client/origin.ts";
import { LocalTree } from "../client/local-tree.ts";
import { readLocalTree, RemoteContent, urlBelow } from "../client/upload-tree.ts";
import type { LocalTreeFile } from "../client/upload-tree.ts";
import type { BatchItem } from "./batch.ts";
import { UsageError } from "./exit.ts";
import { runBatch } from "./batch-run.ts";
import type { BatchRun } from "./batch-run.ts";
import { lookAtPath } from "./look-at-path.ts";
import { sendOne } from "./put-files.ts";
import { readPutFolderWords } from "./remote-words.ts";
import type { StrictArgs } from "./strict-args.ts";
import type { Terminal } from "./terminal.ts";
import type { Telling } from "./transfer-run.ts";

type PutPlan = {
  readonly path: string;
  readonly url: RemoteUrl;
  readonly isForced: boolean;
  readonly isDryRun: boolean;
};

/** Runs `put -r`. @throws {UsageError | UrlError} before anything is transferred. */
export function putTree(args: StrictArgs, terminal: Terminal, telling: Telling): Promise<number> {
  if (args.isOn("post")) throw new UsageError("--post does not go with -r: a folder is sent with PUT");
  const words = readPutFolderWords(args.words);
  if (lookAtPath(words.path)?.isFile() === true)
    throw new UsageError(`"${printable(words.path)}" is a file; leave -r out to send it`);
  const plan = { ...words, isForced: args.isOn("force"), isDryRun: args.isOn("dry-run") };
  const subject = { name: words.path, url: words.url };
  const settings = { command: "put", subject, stopsAfter: "network failure", terminal, telling } as const;
  return runBatch(args, settings, (run) => sendTree(plan, run));
}

async function sendTree(plan: PutPlan, run: BatchRun): Promise<void> {
  const { batch, telling, session, signal } = run;
  const content = readLocalTree(new LocalTree(plan.path, { make: false }));
  for (const { path, error } of content.problems) await batch.problem(path, error);
  for (const { path, reason } of content.skipped) batch.skip(path, reason);
  telling.status(`Comparing with ${formatRemoteUrl(plan.url)}: ${content.files.length} files`);
  const remote = new RemoteContent(session, plan.url, signal);
  await batch.run(content.files.map((file) => itemOf(file, { plan, remote, run })));
}

function itemOf(
  file: LocalTreeFile,
  { plan, remote, run }: { readonly plan: PutPlan; readonly remote: RemoteContent; readonly run: BatchRun },
): BatchItem {
  const url = urlBelow(plan.url, file.names, { isFolder: false });
  return {
    name: file.names.join("/"),
    url,
    sizeBytes: file.sizeBytes,
    run: async (hooks) => {
      const state = plan.isForced ? "changed" : await remote.compare(file);
      if (state === "same") return { kind: "unchanged" };
      if (plan.isDryRun) return { kind: "planned" };
      return sendOne({ path: file.path, url, method: "PUT" }, hooks, run);
    },
  };
}
