/**
 * What every row of the benchmark works with.
 */
import { join } from "node:path";
import type { Sizes } from "./corpus.ts";
import type { RowResult } from "./results.ts";
import { RunningServer } from "./running-server.ts";
import type { ServerKind } from "./server-kinds.ts";

/** A server that is installed here. */
export type Installed = { readonly kind: ServerKind; readonly program: string };

export type BenchContext = {
  /** netfile first. */
  readonly installed: readonly Installed[];
  /** Path of the compiled executable. */
  readonly netfile: string;
  /** The folder that all serve. */
  readonly root: string;
  readonly scratch: string;
  readonly sizes: Sizes;
  readonly rounds: number;
  /** Of a load, in each round. */
  readonly seconds: number;
  /** Says what is under way. */
  readonly tell: (text: string) => void;
};

/** One line of the benchmark's table, or one table of its own. */
export type BenchRow = {
  readonly name: string;
  readonly title: string;
  readonly measure: (context: BenchContext) => Promise<RowResult>;
};

/** Starts the servers that `isMeant` picks, side by side; those that don't start are left out, with a word. */
export async function startServers(
  context: BenchContext,
  isMeant: (kind: ServerKind) => boolean,
  options: { readonly hasLog: boolean } = { hasLog: false },
): Promise<RunningServers> {
  const running: RunningServer[] = [];
  for (const { kind, program } of context.installed.filter((one) => isMeant(one.kind))) {
    const scratch = join(context.scratch, `${kind.name}-${running.length}`);
    const logFile = options.hasLog ? join(scratch, "access.log") : undefined;
    try {
      running.push(await RunningServer.start(kind, { program, root: context.root, scratch, logFile }));
    } catch (error) {
      context.tell(`${kind.name} is left out: ${String(error)}`);
    }
  }
  return new RunningServers(running);
}

/** Servers that end together, at the end of a block (`await using`). */
export class RunningServers implements AsyncDisposable {
  readonly all: readonly RunningServer[];

  constructor(all: readonly RunningServer[]) {
    this.all = all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((server) => server.stop()));
  }
}
