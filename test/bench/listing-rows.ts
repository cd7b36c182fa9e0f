/**
 * Listings of long folders: when the first byte comes, when the last, and what they cost.
 */
import { startServers } from "./bench-context.ts";
import type { BenchContext, BenchRow } from "./bench-context.ts";
import { metric, Samples } from "./results.ts";
import { measureInRounds } from "./rounds.ts";
import type { RunningServer } from "./running-server.ts";

/** Listings in one measurement: one alone is too short for the clock of /proc. */
const TIMES = 3;

/** Rows for folders of `counts` entries. */
export function listingRows(counts: readonly number[]): readonly BenchRow[] {
  return counts.map((count) => ({
    name: `listing-${count}`,
    title: titleOf(count),
    measure: (context) => measureListing(count, context),
  }));
}

/** Nobody's page is cut to size for the comparison; but a reader should know. */
function titleOf(count: number): string {
  return `Page of a folder of ${count.toLocaleString("en")} entries (netfile shows 1,000 at a time, caddy up to 10,000)`;
}

async function measureListing(count: number, context: BenchContext) {
  await using servers = await startServers(context, ({ lacks }) => !lacks.includes("listing"));
  const samples = await measureInRounds({
    ...context,
    row: `listing-${count}`,
    subjects: servers.all,
    measure: (server) => measureServer(server, `/listing-${count}/`),
  });
  return {
    name: `listing-${count}`,
    title: titleOf(count),
    reference: "nginx",
    metrics: [
      metric("totalMs", "time", "ms"),
      metric("firstMs", "first byte", "ms"),
      metric("cpuMs", "CPU", "ms"),
      metric("sizeKib", "size", "KiB"),
      metric("memoryMib", "memory", "MiB"),
    ],
    results: samples.medians(),
  };
}

async function measureServer(server: RunningServer, path: string): Promise<Record<string, number>> {
  const samples = new Samples();
  const before = server.usage();
  for (let time = 0; time < TIMES; time++) samples.add("", await fetchListing(server.url(path)));
  const after = server.usage();
  return {
    ...samples.medians()[0]?.values,
    cpuMs: (after.cpuMs - before.cpuMs) / TIMES,
    memoryMib: after.memoryBytes / 2 ** 20,
  };
}

/** Asked for as a browser does, but uncompressed: the same bytes for everyone. */
async function fetchListing(url: string): Promise<{ firstMs: number; totalMs: number; sizeKib: number }> {
  const startMs = performance.now();
  const answer = await fetch(url, { headers: { Accept: "text/html", "Accept-Encoding": "identity" } });
  if (!answer.ok || answer.body === null) throw new Error(`${url} was answered ${answer.status}`);
  let firstMs: number | undefined;
  let bytes = 0;
  for await (const chunk of answer.body) {
    firstMs ??= performance.now() - startMs;
    bytes += chunk.length;
  }
  const totalMs = performance.now() - startMs;
  return { firstMs: firstMs ?? totalMs, totalMs, sizeKib: bytes / 1024 };
}
