/**
 * Sends a folder of this machine: finds out what is in it, and which of it a server has already.
 */
import { formatUrlPath } from "../wire/target.ts";
import { asTransferError } from "./conversation.ts";
import { cannotRead, noSuch } from "./disk-error.ts";
import { digestOfFile } from "./file-digest.ts";
import { readFolderListing } from "./folder-listing.ts";
import { isHiddenName, whyNotHeld } from "./held-name.ts";
import { LocalFile } from "./local-file.ts";
import type { LocalTree, Names } from "./local-tree.ts";
import type { FileState } from "./mirror.ts";
import { pathOf, type RemoteUrl } from "./origin.ts";
import { probe } from "./probe.ts";
import type { RemoteEntry } from "./remote-entry.ts";
import type { TreeProblem } from "./remote-tree.ts";
import type { Session } from "./session.ts";
import { TransferError } from "./transfer-error.ts";
import { isSameDigest } from "./verify.ts";

export type LocalTreeFile = { readonly names: Names; readonly path: string; readonly sizeBytes: number };

export type LocalTreeContent = {
  readonly files: readonly LocalTreeFile[];
  /** What is not sent, and why: hidden names, symbolic links, what is no file. Not printable yet. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Folders that can't be read, and names that can't be used. */
  readonly problems: readonly TreeProblem[];
};

/** Finds the files of `tree`. @throws {TransferError} phase `read` when its root can't be read. */
export function readLocalTree(tree: LocalTree): LocalTreeContent {
  const content = { files: [], skipped: [], problems: [] };
  if (tree.look([])?.kind !== "folder") throw cannotRead(tree.root, noSuch("folder", tree.root));
  collect(tree, [], content);
  return content;
}

const HIDDEN = "it is hidden";

type Collected = {
  readonly files: LocalTreeFile[];
  readonly skipped: { path: string; reason: string }[];
  readonly problems: TreeProblem[];
};

function collect(tree: LocalTree, parent: Names, content: Collected): void {
  const inside = tree.list(parent);
  for (const name of inside.unusable) collectUnusable([...parent, name].join("/"), name, content);
  for (const name of inside.names) {
    const names = [...parent, name];
    try {
      collectOne(tree, names, content);
    } catch (error) {
      content.problems.push({ path: names.join("/"), error: asTransferError(error) });
    }
  }
}

function collectUnusable(path: string, name: string, content: Collected): void {
  if (isHiddenName(name)) content.skipped.push({ path, reason: HIDDEN });
  else
    content.problems.push({ path, error: cannotRead(path, "its name is not UTF-8; rename it to send it") });
}

function collectOne(tree: LocalTree, names: Names, content: Collected): void {
  const path = names.join("/");
  if (isHiddenName(names.at(-1) ?? "")) {
    content.skipped.push({ path, reason: HIDDEN });
    return;
  }
  const reason = whyNotHeld(names.at(-1) ?? "");
  if (reason !== undefined) throw cannotRead(path, `${reason}; rename it to send it`);
  const found = tree.look(names);
  if (found?.kind === "folder") collect(tree, names, content);
  else if (found?.kind === "file")
    content.files.push({ names, path: tree.pathOf(names), sizeBytes: found.sizeBytes });
  // SECURITY: a link could lead to any file of this machine, and would publish it.
  else if (found !== undefined) content.skipped.push({ path, reason: "it is a link or no regular file" });
}

/** The URL of `names` below the folder at `base`. */
export function urlBelow(base: RemoteUrl, names: Names, options: { readonly isFolder: boolean }): RemoteUrl {
  const path = pathOf(base);
  const folder = path.endsWith("/") ? path : `${path}/`;
  const tail = names.length === 0 ? "" : formatUrlPath(names, options).replace(/^\/(?:\.\/)?/, "");
  return { origin: base.origin, target: `${folder}${tail}` };
}

/** What a server has in the folders that are sent to; each is listed once. */
export class RemoteContent {
  readonly #session: Session;
  readonly #base: RemoteUrl;
  readonly #signal: AbortSignal | undefined;
  readonly #listings = new Map<string, Promise<ReadonlyMap<string, RemoteEntry> | undefined>>();

  constructor(session: Session, base: RemoteUrl, signal?: AbortSignal) {
    this.#session = session;
    this.#base = base;
    this.#signal = signal;
  }

  /**
   * Compares `file` with what the server has under its name: the same when size and SHA-256 digest are. Dates say nothing,
   * since an upload doesn't carry one. A server that tells no digest has no file that is known to be the same.
   *
   * @throws {TransferError} when there is no answer, the file can't be read, or changes meanwhile.
   */
  async compare(file: LocalTreeFile): Promise<FileState> {
    const name = file.names.at(-1) ?? "";
    const listing = await this.#listingOf(file.names.slice(0, -1));
    const listed = listing?.get(name);
    if (listing !== undefined && listed === undefined) return "missing";
    if (listed?.sizeBytes !== undefined && listed.sizeBytes !== file.sizeBytes) return "changed";
    const url = urlBelow(this.#base, file.names, { isFolder: false });
    const facts = await probe(this.#session, url, { wantsDigest: true, signal: this.#signal });
    if (facts.status === 404) return "missing";
    if (facts.sizeBytes !== file.sizeBytes || facts.sha256 === undefined) return "changed";
    return isSameDigest(facts.sha256, await this.#digestOf(file)) ? "same" : "changed";
  }

  async #digestOf({ path }: LocalTreeFile): Promise<Uint8Array> {
    const file = new LocalFile(path);
    try {
      return await digestOfFile(file, this.#signal);
    } finally {
      file.close();
    }
  }

  /** @returns by name; `undefined` when the server doesn't tell what is there. */
  #listingOf(folder: Names): Promise<ReadonlyMap<string, RemoteEntry> | undefined> {
    const key = folder.join("/");
    const known = this.#listings.get(key) ?? this.#list(folder);
    this.#listings.set(key, known);
    return known;
  }

  async #list(folder: Names): Promise<ReadonlyMap<string, RemoteEntry> | undefined> {
    try {
      const url = urlBelow(this.#base, folder, { isFolder: true });
      const { entries } = await readFolderListing(this.#session, url, { signal: this.#signal });
      return new Map(entries.map((entry) => [entry.name, entry]));
    } catch (error) {
      if (!(error instanceof TransferError) || error.phase !== "answer") throw error;
      return error.status === 404 ? new Map() : undefined;
    }
  }
}
