/**
 * `netfile get` for many files: several URLs, a list of them, or a whole folder.
 */
import { readFileSync } from "node:fs";
import { extname } from "node:path";

import { errorText, fileReason } from "../base/failure.ts";
import { printable } from "../base/printable.ts";
import { nameFromUrl } from "../client/destination.ts";
import { cannotSave } from "../client/disk-error.ts";
import { download } from "../client/download.ts";
import { LocalTree } from "../client/local-tree.ts";
import type { Names } from "../client/local-tree.ts";
import { parseRemoteUrl } from "../client/origin.ts";
import type { RemoteUrl } from "../client/origin.ts";
import { OutputTemplate } from "../client/output-template.ts";
import type { BatchItem } from "./batch.ts";
import { LocalFileError, UsageError } from "./exit.ts";
import { refuseFolderPage } from "./folder-page.ts";
import { getTree } from "./get-tree.ts";
import { runBatch } from "./batch-run.ts";
import type { BatchRun } from "./batch-run.ts";
import { lookAtPath } from "./look-at-path.ts";
import { chooseDestination, isUrl } from "./remote-words.ts";
import type { StrictArgs } from "./strict-args.ts";
import type { Terminal } from "./terminal.ts";
import type { Telling } from "./transfer-run.ts";

/** Runs `get` for many files. @throws {UsageError | UrlError} before anything is transferred. */
export async function runGetMany(args: StrictArgs, terminal: Terminal, telling: Telling): Promise<number> {
  if (args.value("output") === "-" || args.words.at(-1) === "-") {
    throw new UsageError("Many files can't be printed; fetch them one by one, or name a folder");
  }
  if (args.isOn("recursive")) return getTree(args, terminal, telling);
  const { urls, folder } = await readManyWords(args);
  const template = readTemplate(args);
  const targets = urls.map((url, index) => targetOf(url, index + 1, template));
  refuseTwins(targets);
  const settings = {
    command: "get",
    subject: { name: folder },
    stopsAfter: "any failure",
    terminal,
    telling,
  } as const;
  return runBatch(args, settings, async (run) => {
    const tree = new LocalTree(folder, { make: true });
    const isForced = args.isOn("force");
    const context = { run, tree, isForced, isNameOfUrl: template === undefined };
    await run.batch.run(targets.map((target) => itemOf(target, context)));
  });
}

type Target = {
  readonly url: RemoteUrl;
  /** Where it will be saved, or why it can't be. */
  readonly place: { readonly names: Names } | { readonly error: unknown };
};

function targetOf(url: RemoteUrl, n: number, template: OutputTemplate | undefined): Target {
  try {
    return { url, place: { names: template?.expand(url, n) ?? [nameFromUrl(url)] } };
  } catch (error) {
    return { url, place: { error } };
  }
}

/** Two downloads that would be saved under one name are a slip that is best told before the first one begins. */
function refuseTwins(targets: readonly Target[]): void {
  const seen = new Set<string>();
  for (const { place } of targets) {
    if ("error" in place) continue;
    const path = place.names.join("/");
    if (seen.has(path)) {
      throw new UsageError(
        `Two of the URLs would be saved as "${printable(path)}"; tell them apart with --output-template "{n}-{name}"`,
      );
    }
    seen.add(path);
  }
}

type Context = {
  readonly run: BatchRun;
  readonly tree: LocalTree;
  readonly isForced: boolean;
  /** The names that files get are those of their URLs. */
  readonly isNameOfUrl: boolean;
};

function itemOf({ url, place }: Target, { run, tree, isForced, isNameOfUrl }: Context): BatchItem {
  const name = "names" in place ? place.names.join("/") : url.target;
  return {
    name,
    url,
    run: async (hooks) => {
      if ("error" in place) throw place.error;
      tree.makeFolder(place.names.slice(0, -1));
      const path = tree.pathOf(place.names);
      // A folder as the destination would mean a file in it.
      if (tree.look(place.names)?.kind === "folder") throw cannotSave(path, "there is a folder of this name");
      const result = await download(run.session, {
        ...hooks,
        ...run.downloading,
        url,
        destination: { kind: "path", path },
        force: isForced,
        signal: run.signal,
        onAnswer: (answer) => {
          hooks.onAnswer(answer);
          if (isNameOfUrl) refuseFolderPage(url, answer, tree.root);
        },
      });
      if (result.isUnchanged) return { kind: "unchanged" };
      return { kind: "transferred", done: { ...result, savedAs: result.savedPath } };
    },
  };
}

/** Reads `URL... [DIR]`, and the URLs of `--input-file`. The same URL is fetched once. */
async function readManyWords(
  args: StrictArgs,
): Promise<{ readonly urls: readonly RemoteUrl[]; readonly folder: string }> {
  const { words } = args;
  const last = words.at(-1);
  const hasFolder = last !== undefined && !isUrl(last);
  const given = hasFolder ? words.slice(0, -1) : words;
  const stray = given.find((word) => !isUrl(word));
  if (stray !== undefined) {
    throw new UsageError(`"${printable(stray)}" is not a URL; the order is URL... DIR`);
  }
  const output = args.value("output");
  if (output !== undefined) refuseFileName(output);
  const folder = chooseDestination(hasFolder ? last : undefined, output) ?? ".";
  const urls: RemoteUrl[] = given.map(parseRemoteUrl);
  const list = args.value("input-file");
  if (list !== undefined) urls.push(...parseUrlList(await readList(list), list));
  if (urls.length === 0)
    throw new UsageError("There is no URL to fetch; write one, or a list of them with -i");
  const known = new Set<string>();
  const unique = urls.filter((url) => {
    const key = JSON.stringify(url);
    return known.has(key) ? false : known.add(key);
  });
  return { urls: unique, folder };
}

/** `-o out.txt` means a file, and many can't be one; `-o new` may be a folder to be made. */
function refuseFileName(output: string): void {
  if (output.endsWith("/") || extname(output) === "" || lookAtPath(output)?.isDirectory() === true) return;
  throw new UsageError(
    `Many files go into a folder, and "${printable(output)}" is none; end its name with a slash to have it made`,
  );
}

/**
 * Reads a list of URLs, one a line; empty lines and those that begin with `#` are passed over.
 * @throws {UsageError} that names the line.
 */
export function parseUrlList(text: string, name: string): readonly RemoteUrl[] {
  const urls: RemoteUrl[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const word = line.trim();
    if (word === "" || word.startsWith("#")) continue;
    try {
      urls.push(parseRemoteUrl(word));
    } catch (error) {
      throw new UsageError(`${errorText(error)} (line ${index + 1} of ${printable(name)})`);
    }
  }
  return urls;
}

async function readList(path: string): Promise<string> {
  try {
    return path === "-" ? await Bun.stdin.text() : readFileSync(path, "utf8");
  } catch (error) {
    throw new LocalFileError(`Cannot read the list "${printable(path)}": ${fileReason(error)}`);
  }
}

function readTemplate(args: StrictArgs): OutputTemplate | undefined {
  const text = args.value("output-template");
  try {
    return text === undefined ? undefined : new OutputTemplate(text);
  } catch (error) {
    throw new UsageError(`The value of --output-template can't be used: ${errorText(error)}`);
  }
}
