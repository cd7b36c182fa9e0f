/**
 * Finds out what is below a folder of a server: one listing after the other, a few at a time. Every folder is one name
 * deeper than the one that lists it, so that no link leads back; how deep and how much is limited.
 */
import { printable } from "../base/printable.ts";
import { formatUrlPath } from "../wire/target.ts";
import { asTransferError } from "./conversation.ts";
import { cannotSave } from "./disk-error.ts";
import { readFolderListing, type FolderListing } from "./folder-listing.ts";
import { foldName, isHiddenName, whyNotHeld, whyNotListed } from "./held-name.ts";
import { runPool } from "./job-pool.ts";
import type { Names } from "./local-tree.ts";
import { formatRemoteUrl, pathOf, type RemoteUrl } from "./origin.ts";
import { noListing, type RemoteEntry } from "./remote-entry.ts";
import { pause, RetryPolicy } from "./retry.ts";
import type { Session } from "./session.ts";
import { TransferError } from "./transfer-error.ts";

export type RemoteFile = {
  /** Plain names that this machine can hold. */
  readonly names: Names;
  readonly url: RemoteUrl;
  readonly sizeBytes: number | undefined;
  readonly modifiedMs: number | undefined;
};

/** Something that is left out, and why. `path` is not printable yet. */
export type TreeProblem = { readonly path: string; readonly error: TransferError };

export type RemoteTree = {
  readonly files: readonly RemoteFile[];
  readonly folders: readonly Names[];
  /** Names that can't be used, folders that can't be listed. */
  readonly problems: readonly TreeProblem[];
  /** Hidden files and folders, which are left out. */
  readonly hidden: readonly string[];
  /** Whether every folder could be listed: only then is what isn't in it known not to be there. */
  readonly isComplete: boolean;
};

export type TreeOptions = {
  /** So many listings are asked for at once. */
  readonly jobs: number;
  /** How often a listing that broke is asked for again; 0 by default. */
  readonly retries?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onCount?: (counts: { readonly folders: number; readonly files: number }) => void;
  readonly limits?: TreeLimits;
};

export type TreeLimits = { readonly depth: number; readonly entries: number };

export const DEFAULT_TREE_LIMITS: TreeLimits = { depth: 64, entries: 500_000 };

type Folder = { readonly names: Names; readonly url: RemoteUrl };

/**
 * Reads the tree below `url`.
 * @throws {TransferError} when `url` itself can't be listed, or the user ends it.
 */
export async function readRemoteTree(
  session: Session,
  url: RemoteUrl,
  options: TreeOptions,
): Promise<RemoteTree> {
  session.keepOwnFieldsFor(url);
  const first = await readListing(session, url, options);
  return new TreeReader(session, options).read(first);
}

/** One listing, and again when it broke: one that is missing would keep all the rest from being a mirror. */
async function readListing(
  session: Session,
  url: RemoteUrl,
  { signal, retries = 0 }: TreeOptions,
): Promise<FolderListing> {
  const policy = new RetryPolicy({ retries });
  for (;;) {
    try {
      return await readFolderListing(session, url, { signal });
    } catch (error) {
      const failure = asTransferError(error);
      const delayMs = policy.delayAfter(failure, { gainedBytes: 0, retryAfterMs: undefined });
      if (delayMs === undefined || signal?.aborted === true) throw failure;
      await pause(delayMs, signal);
    }
  }
}

class TreeReader {
  readonly #session: Session;
  readonly #options: TreeOptions;
  readonly #limits: TreeLimits;
  readonly #files: RemoteFile[] = [];
  readonly #folders: Names[] = [];
  readonly #problems: TreeProblem[] = [];
  readonly #hidden: string[] = [];
  #entryCount = 0;
  #isComplete = true;
  /** The folders of the next level. */
  #next: Folder[] = [];

  constructor(session: Session, options: TreeOptions) {
    this.#session = session;
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_TREE_LIMITS;
  }

  async read(first: FolderListing): Promise<RemoteTree> {
    this.#take([], first);
    while (this.#next.length > 0) {
      const level = this.#next;
      this.#next = [];
      await runPool(level, { jobs: this.#options.jobs }, (folder) => this.#list(folder));
    }
    return {
      files: this.#files.sort((a, b) => compareNames(a.names, b.names)),
      folders: this.#folders.sort(compareNames),
      problems: this.#problems,
      hidden: this.#hidden,
      isComplete: this.#isComplete,
    };
  }

  async #list({ names, url }: Folder): Promise<void> {
    const { signal } = this.#options;
    try {
      const listing = await readListing(this.#session, url, this.#options);
      // A folder that is elsewhere could be one that was there already, and so on for ever.
      if (formatRemoteUrl(listing.url) !== formatRemoteUrl(url)) {
        throw noListing(url, `it leads elsewhere, to ${formatRemoteUrl(listing.url)}`);
      }
      this.#take(names, listing);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      this.#isComplete = false;
      this.#problems.push({ path: `${names.join("/")}/`, error: asTransferError(error) });
    }
  }

  #take(parent: Names, { url, entries, unusable }: FolderListing): void {
    for (const name of unusable) {
      const path = pathIn(parent, name);
      if (!this.#hasRoom(path)) break;
      this.#problems.push({ path, error: cannotSave(name, whyNotListed(name)) });
    }
    const taken = new Set<string>();
    for (const entry of entries) this.#takeEntry({ names: parent, url }, entry, taken);
    this.#options.onCount?.({ folders: this.#folders.length + 1, files: this.#files.length });
  }

  #takeEntry(parent: Folder, entry: RemoteEntry, taken: Set<string>): void {
    const path = pathIn(parent.names, entry.name);
    if (!this.#hasRoom(path)) return;
    if (isHiddenName(entry.name)) {
      this.#hidden.push(path);
      return;
    }
    const reason = whyNotHeld(entry.name) ?? whyNotBeside(entry.name, taken);
    if (reason !== undefined) {
      this.#problems.push({ path, error: cannotSave(path, reason) });
      return;
    }
    if (entry.kind === "folder" && parent.names.length >= this.#limits.depth)
      this.#leaveOut(path, `it is more than ${this.#limits.depth} folders deep`);
    else this.#add(parent, entry);
  }

  #add(parent: Folder, { name, kind, sizeBytes, modifiedMs }: RemoteEntry): void {
    const names = [...parent.names, name];
    const url = childUrl(parent.url, name, kind);
    if (kind === "file") {
      this.#files.push({ names, url, sizeBytes, modifiedMs });
      return;
    }
    this.#folders.push(names);
    this.#next.push({ names, url });
  }

  /**
   * Counts an entry of whatever kind: what is left out is remembered, too.
   * @returns whether it is within the limit; beyond it one problem says it all.
   */
  #hasRoom(path: string): boolean {
    const { entries } = this.#limits;
    this.#entryCount += 1;
    if (this.#entryCount === entries + 1) this.#leaveOut(path, `there are more than ${entries} entries`);
    return this.#entryCount <= entries;
  }

  #leaveOut(path: string, reason: string): void {
    this.#isComplete = false;
    const message = `Cannot list "${printable(path)}": ${reason}; it is left out`;
    this.#problems.push({ path, error: new TransferError("answer", message) });
  }
}

/** The URL of what is called `name` in the folder at `url`. */
export function childUrl(url: RemoteUrl, name: string, kind: "file" | "folder"): RemoteUrl {
  const path = pathOf(url);
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  // A name that begins a path gets "./" in front where it would read as a host; behind a folder it needs none.
  const tail = formatUrlPath([name], { isFolder: kind === "folder" }).replace(/^\/(?:\.\/)?/, "");
  return { origin: url.origin, target: `${folder}${tail}` };
}

function whyNotBeside(name: string, taken: Set<string>): string | undefined {
  const folded = foldName(name);
  if (taken.has(folded)) return "to this machine it is the same name as another one's";
  taken.add(folded);
  return undefined;
}

function pathIn(parent: Names, name: string): string {
  return [...parent, name].join("/");
}

function compareNames(a: Names, b: Names): number {
  const [x, y] = [a.join("/"), b.join("/")];
  return x < y ? -1 : x > y ? 1 : 0;
}
