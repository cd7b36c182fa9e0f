/**
 * Large files: what a GiB costs the server, and how fast it comes. curl reads and throws away.
 */
import { startServers } from "./bench-context.ts";
import type { BenchContext, BenchRow } from "./bench-context.ts";
import { runClient } from "./client-run.ts";
import { metric } from "./results.ts";
import { measureInRounds } from "./rounds.ts";
import type { RunningServer } from "./running-server.ts";

const GIB = 2 ** 30;
const PARALLEL = 16;

type Transfer = {
  readonly name: string;
  readonly title: string;
  /** What the words of curl are, and how many bytes come. */
  readonly words: (context: BenchContext, server: RunningServer) => readonly string[];
  readonly bytes: (context: BenchContext) => number;
  /** http.server knows no ranges. */
  readonly isRange?: boolean;
};

const TRANSFERS: readonly Transfer[] = [
  {
    name: "large",
    title: "A large file, one connection",
    words: (_, server) => ["-o", "/dev/null", server.url("/large.jpg")],
    bytes: ({ sizes }) => sizes.largeBytes,
  },
  {
    name: "large-16",
    title: "Large files, 16 connections at once",
    words: (_, server) => [
      "--parallel",
      "--parallel-immediate",
      "--parallel-max",
      String(PARALLEL),
      ...Array.from({ length: PARALLEL }, () => ["-o", "/dev/null", server.url("/medium.jpg")]).flat(),
    ],
    bytes: ({ sizes }) => sizes.mediumBytes * PARALLEL,
  },
  {
    name: "large-range",
    title: "Half of a large file, from the middle (a range)",
    words: ({ sizes }, server) => [
      "-r",
      `${sizes.largeBytes / 4}-${(sizes.largeBytes * 3) / 4 - 1}`,
      "-o",
      "/dev/null",
      server.url("/large.jpg"),
    ],
    bytes: ({ sizes }) => sizes.largeBytes / 2,
    isRange: true,
  },
];

export const LARGE_ROWS: readonly BenchRow[] = TRANSFERS.map((transfer) => ({
  name: transfer.name,
  title: transfer.title,
  measure: (context) => measureTransfer(transfer, context),
}));

async function measureTransfer(transfer: Transfer, context: BenchContext) {
  const curl = Bun.which("curl");
  const isMeant = (name: string): boolean => transfer.isRange !== true || name !== "http.server";
  await using servers = await startServers(context, ({ name }) => curl !== null && isMeant(name));
  const samples = await measureInRounds({
    ...context,
    row: transfer.name,
    subjects: servers.all,
    measure: async (server) => {
      const words = transfer.words(context, server);
      const before = server.usage();
      const { seconds } = await runClient([curl ?? "curl", "-sS", "--fail", ...words]);
      const after = server.usage();
      const bytes = transfer.bytes(context);
      return {
        cpuPerGib: (after.cpuMs - before.cpuMs) / 1000 / (bytes / GIB),
        rate: bytes / 1e6 / seconds,
        memoryMib: after.memoryBytes / 2 ** 20,
      };
    },
  });
  return {
    name: transfer.name,
    title: transfer.title,
    reference: "nginx",
    metrics: [
      metric("cpuPerGib", "CPU per GiB", "s"),
      metric("rate", "MB/s", ""),
      metric("memoryMib", "memory", "MiB"),
    ],
    results: samples.medians(),
  };
}
