/**
 * The shell without its input: it is told a command, does it over one kept connection, and answers with an exit code.
 */
import { statSync } from "node:fs";
import { resolve } from "node:path";

import { assertNever } from "../base/assert-never.ts";
import { printable } from "../base/printable.ts";
import type { Answer, download } from "../client/download.ts";
import type { FolderListing, readFolderListing } from "../client/folder-listing.ts";
import { whyNotListed } from "../client/held-name.ts";
import { remoteFile } from "../client/origin.ts";
import type { RemoteUrl } from "../client/origin.ts";
import type { RemoteEntry } from "../client/remote-entry.ts";
import type { Session } from "../client/session.ts";
import { TransferError } from "../client/transfer-error.ts";
import type { upload } from "../client/upload.ts";
import { downloadTask } from "./download-task.ts";
import { describeEnding, describeFailure, EXIT, UsageError } from "./exit.ts";
import { formatRows } from "./help.ts";
import { formatPanel } from "./panel.ts";
import { remoteNameFor } from "./remote-words.ts";
import type { ServerWords } from "./remote-words.ts";
import { resolveRemotePath, SHELL_ROWS } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";
import { formatEntries } from "./shell-listing.ts";
import { runTransfer } from "./transfer-run.ts";
import type { TransferEnd, TransferSettings } from "./transfer-run.ts";

/** The client's functions, so that a test can stand in for the network. */
export type RemoteActions = {
  readonly download: typeof download;
  readonly upload: typeof upload;
  readonly readFolderListing: typeof readFolderListing;
};

export type ShellOptions = {
  readonly server: ServerWords;
  readonly session: Session;
  readonly actions: RemoteActions;
  readonly settings: TransferSettings;
  /** Replace local files. */
  readonly force: boolean;
  /** Absolute path. */
  readonly localFolder: string;
};

/** A person who has pressed TAB waits no longer. */
const COMPLETION_MS = 3000;

export class ShellSession {
  readonly #options: ShellOptions;
  #folder: string;
  #localFolder: string;
  #lastAnswer: Answer | undefined;
  readonly #listings = new Map<string, readonly RemoteEntry[]>();

  constructor(options: ShellOptions) {
    this.#options = options;
    this.#folder = options.server.folder;
    this.#localFolder = options.localFolder;
  }

  /** The folder on the server that paths start from: begins and ends with a slash. */
  get folder(): string {
    return this.#folder;
  }

  /** The folder of this machine that paths start from. */
  get localFolder(): string {
    return this.#localFolder;
  }

  /**
   * What the folder on the server at `path` held when it was last listed, for completion; it is listed now when it was not
   * before. Never rejects: what can't be listed in good time is nothing.
   */
  async entriesOf(path: string): Promise<readonly RemoteEntry[]> {
    const known = this.#listings.get(path);
    if (known !== undefined) return known;
    const { actions, session } = this.#options;
    try {
      const signal = AbortSignal.timeout(COMPLETION_MS);
      const { entries } = await actions.readFolderListing(session, this.#url(path), { signal });
      this.#listings.set(path, entries);
      return entries;
    } catch {
      return [];
    }
  }

  /**
   * Does one command. Never rejects: what went wrong has been told.
   * @returns its exit code.
   */
  async run(command: ShellCommand, signal: AbortSignal): Promise<number> {
    try {
      return await this.#dispatch(command, signal);
    } catch (error) {
      const failure = describeEnding(signal) ?? describeFailure(error);
      await this.#options.settings.log.error(failure.text);
      return failure.code;
    }
  }

  async #dispatch(command: ShellCommand, signal: AbortSignal): Promise<number> {
    const { err } = this.#options.settings.terminal;
    switch (command.kind) {
      case "get":
        return this.#get(command, signal);
      case "put":
      case "post":
        return this.#put(command, signal);
      case "ls":
        return this.#show(await this.#list(command.path ?? ".", signal));
      case "cd":
        return this.#changeFolder(command.path ?? "/", signal);
      case "lcd":
        return this.#changeLocalFolder(command.folder);
      case "info":
        return this.#info(signal);
      case "help":
        err.print(`${formatRows("Commands", SHELL_ROWS, err.colors)}\n`);
        return EXIT.done;
      case "quit":
        return EXIT.done;
      default:
        return assertNever(command);
    }
  }

  async #get(command: ShellCommand & { kind: "get" }, signal: AbortSignal): Promise<number> {
    const { path, destination } = command;
    const remote = resolveRemotePath(this.#folder, path);
    const isPrinted = destination === "-" || (destination === undefined && remote.endsWith("/"));
    // A trailing slash says "folder" and must survive.
    const local = destination?.endsWith("/") === true ? "/" : "";
    const place = `${resolve(this.#localFolder, destination ?? ".")}${local}`;
    const { session, actions, settings } = this.#options;
    const task = downloadTask((options) => actions.download(session, options), {
      url: this.#url(remote),
      name: remote,
      signal,
      path: isPrinted ? undefined : place,
      output: settings.terminal.out,
      isPage: isPrinted && destination === undefined,
      force: this.#options.force || command.isForced,
    });
    return this.#remember(await runTransfer(task, settings)).exitCode;
  }

  async #put(command: ShellCommand & { kind: "put" | "post" }, signal: AbortSignal): Promise<number> {
    const { session, actions, settings } = this.#options;
    const { kind, file } = command;
    const path = resolve(this.#localFolder, file);
    const url = this.#url(remoteNameFor(path, resolveRemotePath(this.#folder, command.path ?? ".")));
    const method = kind === "put" ? "PUT" : "POST";
    const end = await runTransfer(
      {
        command: kind,
        url,
        name: file,
        signal,
        isUnwanted: () => false,
        start: (hooks) => actions.upload(session, { path, url, method, signal, ...hooks }),
      },
      settings,
    );
    this.#listings.clear();
    return this.#remember(end).exitCode;
  }

  async #show({ entries, unusable }: FolderListing): Promise<number> {
    const { terminal, log } = this.#options.settings;
    terminal.out.print(formatEntries(entries));
    for (const name of unusable) await log.warn(`"${name}" is left out: ${whyNotListed(name)}`);
    return EXIT.done;
  }

  async #list(path: string, signal: AbortSignal): Promise<FolderListing> {
    const folder = resolveRemotePath(this.#folder, `${path}/`);
    const { actions, session } = this.#options;
    const listing = await actions.readFolderListing(session, this.#url(folder), { signal });
    this.#listings.set(folder, listing.entries);
    return listing;
  }

  async #changeFolder(path: string, signal: AbortSignal): Promise<number> {
    try {
      await this.#list(path, signal);
    } catch (error) {
      // A server without listings may have the folder all the same; a refusal tells that it hasn't.
      const isUnlisted =
        error instanceof TransferError && error.phase === "answer" && (error.status ?? 200) < 400;
      if (!isUnlisted) throw error;
    }
    this.#folder = resolveRemotePath(this.#folder, `${path}/`);
    return EXIT.done;
  }

  #changeLocalFolder(folder: string | undefined): number {
    const path = resolve(this.#localFolder, folder ?? ".");
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new UsageError(`There is no folder "${printable(path)}" on this machine; name one that exists`);
    }
    this.#localFolder = path;
    this.#options.settings.terminal.err.print(`${printable(path)}\n`);
    return EXIT.done;
  }

  /** Shows the panel of the last answer; without one yet, asks for the folder's page to have one. */
  async #info(signal: AbortSignal): Promise<number> {
    const { session, actions, settings } = this.#options;
    if (this.#lastAnswer === undefined) {
      await actions.download(session, {
        url: this.#url(this.#folder),
        destination: { kind: "consumer", consume: () => undefined },
        force: false,
        signal,
        onAnswer: (answer) => {
          this.#lastAnswer = answer;
        },
      });
    }
    const { err } = settings.terminal;
    if (this.#lastAnswer !== undefined) err.print(formatPanel(this.#lastAnswer, err.colors));
    return EXIT.done;
  }

  #remember(end: TransferEnd): TransferEnd {
    this.#lastAnswer = end.answer ?? this.#lastAnswer;
    return end;
  }

  #url(path: string): RemoteUrl {
    const { host, port } = this.#options.server;
    return remoteFile(host, port, path);
  }
}
