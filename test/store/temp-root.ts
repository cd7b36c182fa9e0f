/**
 * Folders for the tests of the store: a root that is served, and beside it a place that must never be reached.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { EntryName, Folder, OpenFile, Store } from "../../src/store/store.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { parseUrlPath, type UrlPath } from "../../src/wire/target.ts";

export const WAYS =
  process.platform === "linux" ? (["descriptor", "portable"] as const) : (["portable"] as const);

export const SECRET = "outside the root";

/** Where thousands of files are made in no time, if there is such a place. */
export const FAST_BASE = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export type TempRoot = {
  readonly root: string;
  /** Holds `secret.txt` with {@link SECRET}. */
  readonly outside: string;
  /** Absolute path of `path` in the root. */
  at(path: string): string;
  /** Makes a file, and the folders on the way. */
  file(path: string, content?: string | Uint8Array): string;
  /** Names in a folder of the root, hidden ones too, sorted. */
  list(path?: string): string[];
  remove(): void;
};

export function makeTempRoot(base = tmpdir()): TempRoot {
  const top = realpathSync(mkdtempSync(join(base, "netfile-store-")));
  const root = join(top, "www");
  const outside = join(top, "www-secret");
  mkdirSync(root);
  mkdirSync(outside);
  writeFileSync(join(outside, "secret.txt"), SECRET);
  return {
    root,
    outside,
    at: (path) => join(root, path),
    file(path, content = path) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
      return join(root, path);
    },
    list: (path = ".") => readdirSync(join(root, path)).sort(),
    remove: () => rmSync(top, { recursive: true, force: true }),
  };
}

/** The path that a peer asks for; `path` as it stands in a request line. */
export function urlPath(path: string): UrlPath {
  const parsed = parseUrlPath(path);
  if (parsed === undefined) throw new Error(`not a path: ${path}`);
  return parsed;
}

/** A path of these very names, whether or not a parser would let them through. */
export function rawPath(names: readonly string[], isFolder = false): UrlPath {
  return { names, isFolder } as unknown as UrlPath;
}

/** What `find` says of `path`: `file: <its content>`, `folder`, or `undefined`. */
export function findText(store: Store, path: string | UrlPath): string | undefined {
  const found = store.find(typeof path === "string" ? urlPath(path) : path);
  if (found?.kind !== "file") return found?.kind;
  const text = readAll(found.file);
  found.file.close();
  return `file: ${text}`;
}

export function findFile(store: Store, path: string): OpenFile {
  const found = store.find(urlPath(path));
  if (found?.kind !== "file") throw new Error(`no file at ${path}`);
  return found.file;
}

export function readAll(file: OpenFile): string {
  const target = Buffer.alloc(file.sizeBytes);
  return target.toString("utf8", 0, file.read(target, 0));
}

/** The kind of the StoreError that `action` throws or rejects with; `undefined` when it doesn't fail. */
export async function storeErrorKind(action: () => unknown): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error.kind;
    throw error;
  }
}

/** What this process has open, by the paths that the kernel shows (Linux). */
export function openPaths(): readonly string[] {
  return readdirSync("/proc/self/fd").map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return "the folder that was read just now";
    }
  });
}

/** Makes a FIFO or a device with the system's tool; returns false where that isn't possible. */
export function makeSpecial(...command: string[]): boolean {
  const tool = Bun.which(command[0] ?? "");
  return tool !== null && Bun.spawnSync([tool, ...command.slice(1)]).exitCode === 0;
}

/** All names in `folder`, which stays open. */
export async function allNames(folder: Folder): Promise<readonly EntryName[]> {
  return (await Array.fromAsync(folder.names())).flat();
}
