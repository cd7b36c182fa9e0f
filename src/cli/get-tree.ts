/**
 * `netfile get -r`: makes a folder here like one on a server.
 */
import { formatRemoteUrl, pathOf } from "../client/origin.ts";
import type { RemoteUrl } from "../client/origin.ts";
import { LocalTree } from "../client/local-tree.ts";
import { compareFile, fetchFile, findSurplus, removeSurplus } from "../client/mirror.ts";
import { readRemoteTree } from "../client/remote-tree.ts";
import type { RemoteFile, RemoteTree } from "../client/remote-tree.ts";
import { TransferError } from "../client/transfer-error.ts";
import type { BatchItem } from "./batch.ts";
import { UsageError } from "./exit.ts";
import { runBatch } from "./batch-run.ts";
import type { BatchRun } from "./batch-run.ts";
import { chooseDestination, isUrl, readGetWords } from "./remote-words.ts";
import type { StrictArgs } from "./strict-args.ts";
import type { Terminal } from "./terminal.ts";
import type { Telling } from "./transfer-run.ts";

type TreePlan = {
  readonly url: RemoteUrl;
  readonly folder: string;
  readonly isForced: boolean;
  readonly isDryRun: boolean;
  readonly deletes: boolean;
};

/** Runs `get -r`. @throws {UsageError | UrlError} before anything is transferred. */
export function getTree(args: StrictArgs, terminal: Terminal, telling: Telling): Promise<number> {
  const plan = readPlan(args);
  const subject = { name: formatRemoteUrl(plan.url), url: plan.url };
  const settings = { command: "get", subject, stopsAfter: "network failure", terminal, telling } as const;
  return runBatch(args, settings, (run) => mirror(plan, run));
}

function readPlan(args: StrictArgs): TreePlan {
  for (const flag of ["input-file", "output-template"]) {
    if (args.value(flag) !== undefined)
      throw new UsageError(`--${flag} does not go with -r; leave one of them out`);
  }
  if (args.words.slice(1).some(isUrl))
    throw new UsageError("With -r one folder is fetched at a time; write: netfile get -r URL DIR");
  const { url, destination } = readGetWords(args.words);
  const folder = chooseDestination(destination, args.value("output"));
  // Without one, a server's files would be strewn over the current folder, and --delete would empty it.
  if (folder === undefined)
    throw new UsageError("The folder to save to is missing; write: netfile get -r URL DIR");
  return {
    url: asFolder(url),
    folder,
    isForced: args.isOn("force"),
    isDryRun: args.isOn("dry-run"),
    deletes: args.isOn("delete"),
  };
}

/** `/photos` means the folder, `/photos/`: whoever says -r doesn't mean a file. */
function asFolder(url: RemoteUrl): RemoteUrl {
  const path = pathOf(url);
  return path.endsWith("/") ? url : { ...url, target: `${path}/${url.target.slice(path.length)}` };
}

async function mirror(plan: TreePlan, run: BatchRun): Promise<void> {
  const { batch, telling, session, signal, jobs } = run;
  const { retries = 0 } = run.downloading;
  const onCount = ({ folders, files }: { readonly folders: number; readonly files: number }): void =>
    telling.status(`Listing ${formatRemoteUrl(plan.url)}: ${folders} folders, ${files} files`);
  const remote = await readRemoteTree(session, plan.url, { jobs, retries, signal, onCount }).catch(
    (error: unknown) => {
      throw explainNoFolder(error, plan.url);
    },
  );
  const tree = new LocalTree(plan.folder, { make: !plan.isDryRun });
  for (const { path, error } of remote.problems) await batch.problem(path, error);
  for (const path of remote.hidden) batch.skip(path, "it is hidden");
  if (!plan.isDryRun) await makeFolders(tree, remote, run);
  await batch.run(remote.files.map((file) => itemOf(file, { plan, tree, run })));
  if (plan.deletes) await deleteSurplus(plan, { tree, remote, run });
}

/** What is there under the name may be a file. */
function explainNoFolder(error: unknown, url: RemoteUrl): unknown {
  if (!(error instanceof TransferError) || error.status !== 404) return error;
  return error.withMessage(
    `There is no folder ${formatRemoteUrl(url)} (404 Not Found); check its name, or leave -r out for a file`,
  );
}

/** Folders without files are part of the tree too. */
async function makeFolders(tree: LocalTree, { folders }: RemoteTree, { batch }: BatchRun): Promise<void> {
  for (const names of folders) {
    try {
      tree.makeFolder(names);
    } catch (error) {
      await batch.problem(`${names.join("/")}/`, error);
    }
  }
}

type Context = { readonly plan: TreePlan; readonly tree: LocalTree; readonly run: BatchRun };

function itemOf(file: RemoteFile, { plan, tree, run }: Context): BatchItem {
  const { session, signal } = run;
  return {
    name: file.names.join("/"),
    url: file.url,
    sizeBytes: file.sizeBytes,
    run: async (hooks) => {
      const state = await compareFile(session, tree, file, signal);
      if (state === "same" && !plan.isForced) return { kind: "unchanged" };
      if (plan.isDryRun) return { kind: "planned" };
      const result = await fetchFile(session, tree, file, {
        ...hooks,
        ...run.downloading,
        signal,
        state,
      });
      return { kind: "transferred", done: { ...result, savedAs: result.savedPath } };
    },
  };
}

/** Only what is known not to be on the server any more goes: after a failure nothing does. */
async function deleteSurplus(
  { isDryRun }: TreePlan,
  { tree, remote, run }: { readonly tree: LocalTree; readonly remote: RemoteTree; readonly run: BatchRun },
): Promise<void> {
  const { batch, telling } = run;
  if (!remote.isComplete || !batch.isFlawless) {
    telling.remark("Nothing was deleted, since not everything went well");
    return;
  }
  for (const surplus of findSurplus(tree, remote)) {
    const name = `${surplus.names.join("/")}${surplus.kind === "folder" ? "/" : ""}`;
    try {
      if (isDryRun) batch.deleted(name, "planned");
      else if (removeSurplus(tree, surplus)) batch.deleted(name, "done");
    } catch (error) {
      await batch.problem(name, error);
    }
  }
}
