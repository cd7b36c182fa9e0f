/**
 * Brings a folder of this machine to what a server's folder holds: decides for each file whether it has to be fetched,
 * fetches it with its date, and removes what the server doesn't have.
 */
import { download, type DownloadOptions, type DownloadResult } from "./download.ts";
import { cannotSave } from "./disk-error.ts";
import { foldName, isHiddenName } from "./held-name.ts";
import type { LocalTree, Names } from "./local-tree.ts";
import { probe } from "./probe.ts";
import type { RemoteFile, RemoteTree } from "./remote-tree.ts";
import { looksSame } from "./same-file.ts";
import type { Session } from "./session.ts";
import { asTransferError } from "./conversation.ts";

/** What is the matter with a file here: it is missing, another one, or the same. */
export type FileState = "missing" | "changed" | "same";

/**
 * Compares `file` with what is here: the same when its size is and its date is within a second. The server is asked (HEAD)
 * only when its listing said too little, and once more (GET) of an empty file whose length that does not tell.
 *
 * @throws {TransferError} phase `save` when something else than a file is in its place.
 */
export async function compareFile(
  session: Session,
  tree: LocalTree,
  file: RemoteFile,
  signal?: AbortSignal,
): Promise<FileState> {
  const local = tree.look(file.names);
  if (local === undefined) return "missing";
  if (local.kind !== "file") {
    throw cannotSave(tree.pathOf(file.names), "what is there is not a file; it is left alone");
  }
  const isKnown = file.sizeBytes !== undefined && file.modifiedMs !== undefined;
  const facts = isKnown ? file : await probe(session, file.url, { wantsDigest: false, signal });
  if (looksSame(local, facts)) return "same";
  // Apache tells no length of an empty file when it is asked by HEAD.
  if (local.sizeBytes !== 0 || !looksSame(local, { ...facts, sizeBytes: facts.sizeBytes ?? 0 }))
    return "changed";
  const content = await probe(session, file.url, { wantsDigest: false, method: "GET", signal });
  return looksSame(local, content) ? "same" : "changed";
}

/** What is fetched for a mirror, and how. */
export type MirrorOptions = Omit<DownloadOptions, "url" | "destination" | "force" | "modifiedMs"> & {
  /** As {@link compareFile} has found it: what was missing is not expected there, and not this mirror's to replace. */
  readonly state: FileState;
};

/**
 * Fetches `file` to its place in `tree`, replaces what is there, and gives it the date that the listing tells.
 * @throws {TransferError}
 */
export async function fetchFile(
  session: Session,
  tree: LocalTree,
  file: RemoteFile,
  { state, ...options }: MirrorOptions,
): Promise<DownloadResult> {
  tree.makeFolder(file.names.slice(0, -1));
  return download(session, {
    ...options,
    url: file.url,
    destination: { kind: "path", path: tree.pathOf(file.names) },
    force: state !== "missing",
    modifiedMs: file.modifiedMs,
  });
}

/** What is in the tree and not on the server; folders come after what is in them. */
export type Surplus = { readonly names: Names; readonly kind: "file" | "folder" };

/**
 * Finds what `remote` lacks. Hidden names are left out, since listings don't tell of them; names that are no UTF-8, and what stands in the
 * place of something that the server has, are left alone too. Links count as files: what they lead to isn't part of the tree.
 *
 * @throws {TransferError} phase `read`.
 */
export function findSurplus(tree: LocalTree, remote: RemoteTree): readonly Surplus[] {
  if (tree.look([]) === undefined) return [];
  const known = new Set<string>();
  for (const { names } of remote.files) known.add(keyOf(names));
  for (const names of remote.folders) known.add(keyOf(names));
  const surplus: Surplus[] = [];
  collectSurplus(tree, [], known, surplus);
  return surplus;
}

function collectSurplus(
  tree: LocalTree,
  parent: Names,
  known: ReadonlySet<string>,
  surplus: Surplus[],
): void {
  for (const name of tree.list(parent).names) {
    if (isHiddenName(name)) continue;
    const names = [...parent, name];
    const isFolder = tree.look(names)?.kind === "folder";
    if (isFolder) collectSurplus(tree, names, known, surplus);
    if (!known.has(keyOf(names))) surplus.push({ names, kind: isFolder ? "folder" : "file" });
  }
}

/**
 * Removes one surplus entry; of a folder only when nothing is left in it.
 * @returns whether it is gone.
 * @throws {TransferError} phase `save`.
 */
export function removeSurplus(tree: LocalTree, { names, kind }: Surplus): boolean {
  try {
    if (kind === "folder") return tree.removeFolder(names);
    tree.removeFile(names);
    return true;
  } catch (error) {
    throw asTransferError(error);
  }
}

function keyOf(names: Names): string {
  return names.map((name) => foldName(name)).join("/");
}
