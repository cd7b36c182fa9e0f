/**
 * What the figures were measured on: nothing that names the machine, or a path of it.
 */
import { availableParallelism, cpus, release, totalmem } from "node:os";

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  /** `2026-01-31`. */
  readonly date: string;
};

/** Describes this machine. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "an unknown processor",
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `Linux ${/^\d+\.\d+/.exec(release())?.[0] ?? ""}`.trim(),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** The version that a program tells of itself: the first thing in `output` that looks like one. */
export function parseVersion(output: string): string {
  return /\d+\.\d+(?:\.\d+)*/.exec(output)?.[0] ?? "unknown";
}

/** Asks a program for its version. */
export function askVersion(program: string, words: readonly string[]): string {
  const { stdout, stderr } = Bun.spawnSync([program, ...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  return parseVersion(`${stdout.toString()}\n${stderr.toString()}`);
}
