/**
 * Files that a server is asked for the first time: nothing of them is in its own memory, though they are in the system's.
 */
import { join } from "node:path";
import type { BenchContext, BenchRow, Installed } from "./bench-context.ts";
import { runOnce } from "./load.ts";
import { metric } from "./results.ts";
import { measureInRounds } from "./rounds.ts";
import { RunningServer } from "./running-server.ts";

const CONNECTIONS = 64;

export const FIRST_ROW: BenchRow = {
  name: "first",
  title: "1 KiB, each file for the first time, from a server just started",
  measure: measureFirst,
};

async function measureFirst(context: BenchContext) {
  const samples = await measureInRounds({
    ...context,
    row: "first",
    subjects: context.installed.map((installed) => ({ name: installed.kind.name, installed })),
    measure: ({ installed }) => measureOne(context, installed),
  });
  return {
    name: "first",
    title: `1 KiB, each of ${context.sizes.manyFiles.toLocaleString("en")} files for the first time, from a server just started`,
    reference: "nginx",
    metrics: [
      metric("cpuUs", "CPU per request", "µs"),
      metric("p50Us", "p50", "µs"),
      metric("p99Us", "p99", "µs"),
      metric("memoryMib", "memory", "MiB"),
      metric("failures", "failed", ""),
    ],
    results: samples.medians(),
  };
}

async function measureOne(
  { root, scratch, sizes }: BenchContext,
  { kind, program }: Installed,
): Promise<Record<string, number>> {
  const place = { program, root, scratch: join(scratch, `first-${kind.name}`), logFile: undefined };
  const server = await RunningServer.start(kind, place);
  try {
    const before = server.usage();
    const { requests, p50Us, p99Us, failures } = await runOnce(server.port, {
      folder: "1k",
      count: sizes.manyFiles,
      connections: CONNECTIONS,
      closes: false,
      tags: [],
    });
    const after = server.usage();
    const cpuUs = ((after.cpuMs - before.cpuMs) * 1000) / requests;
    return { cpuUs, p50Us, p99Us, memoryMib: after.memoryBytes / 2 ** 20, failures };
  } finally {
    await server.stop();
  }
}
