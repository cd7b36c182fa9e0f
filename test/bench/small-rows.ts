/**
 * Small files over many connections: what a request costs.
 */
import { FEW_FILES, KIB } from "./corpus.ts";
import { startServers } from "./bench-context.ts";
import type { BenchContext, BenchRow } from "./bench-context.ts";
import { bareListener } from "./bun-programs.ts";
import { runLoad } from "./load.ts";
import { metric } from "./results.ts";
import { measureInRounds } from "./rounds.ts";
import type { RunningServer } from "./running-server.ts";
import { runWrk } from "./wrk.ts";
import type { Load, LoadResult } from "./wrk.ts";

const CONNECTIONS = 64;
/** Long enough for a just-in-time compiler, and for a cache to have seen every file. */
const WARM_UP_S = 2;

type Variant = {
  readonly name: string;
  readonly title: string;
  readonly folder: "1k" | "16k";
  readonly files: "few" | "many";
  readonly closes?: boolean;
  readonly isConditional?: boolean;
  readonly hasLog?: boolean;
};

const VARIANTS: readonly Variant[] = [
  { name: "1k", title: "1 KiB, 64 keep-alive connections, 10 files", folder: "1k", files: "few" },
  { name: "1k-many", title: "1 KiB, 64 keep-alive connections, 10,000 files", folder: "1k", files: "many" },
  { name: "16k", title: "16 KiB, 64 keep-alive connections, 10 files", folder: "16k", files: "few" },
  {
    name: "16k-many",
    title: "16 KiB, 64 keep-alive connections, 10,000 files",
    folder: "16k",
    files: "many",
  },
  { name: "304", title: "`If-None-Match` → 304, 10 files", folder: "1k", files: "few", isConditional: true },
  { name: "log", title: "1 KiB with the access log on", folder: "1k", files: "few", hasLog: true },
  {
    name: "connection",
    title: "1 KiB, a new connection per request",
    folder: "1k",
    files: "few",
    closes: true,
  },
];

export const SMALL_ROWS: readonly BenchRow[] = VARIANTS.map((variant) => ({
  name: variant.name,
  title: variant.title,
  measure: (context) => measureVariant(variant, context),
}));

async function measureVariant(variant: Variant, context: BenchContext) {
  const hasLog = variant.hasLog === true;
  const isMeant = (lacks: readonly string[]): boolean => !hasLog || !lacks.includes("log");
  const installed = [...context.installed, await bareListener(context, answerOf(variant))];
  await using servers = await startServers({ ...context, installed }, ({ lacks }) => isMeant(lacks), {
    hasLog,
  });
  const loads = new Map<RunningServer, Load>();
  for (const server of servers.all) {
    const load = await makeLoad(variant, context, server);
    if (load === undefined) continue;
    loads.set(server, load);
    await generate(context, server.port, { ...load, seconds: variant.files === "few" ? 1 : WARM_UP_S });
  }
  const samples = await measureInRounds({
    ...context,
    row: variant.name,
    subjects: [...loads.keys()],
    measure: (server) => measureLoad(context, server, loads.get(server)),
  });
  return {
    name: variant.name,
    title: variant.title,
    reference: "nginx",
    metrics: [
      metric("cpuUs", "CPU per request", "µs"),
      metric("rate", "requests/s", ""),
      metric("p50Us", "p50", "µs"),
      metric("p99Us", "p99", "µs"),
      metric("memoryMib", "memory", "MiB"),
      metric("failures", "failed", ""),
    ],
    results: samples.medians(),
  };
}

/** An answer as long as netfile's, for a listener that has but one. */
function answerOf({ folder, closes = false, isConditional }: Variant) {
  const fields = `Date: ${new Date().toUTCString()}\r\nServer: bare\r\nETag: "0123456789-0123456789-0123456789"`;
  const connection = closes ? "\r\nConnection: close" : "";
  if (isConditional === true) {
    return { head: `HTTP/1.1 304 Not Modified\r\n${fields}${connection}`, contentBytes: 0, closes };
  }
  const contentBytes = folder === "1k" ? KIB : 16 * KIB;
  const head = `HTTP/1.1 200 OK\r\n${fields}\r\nContent-Type: text/plain\r\nContent-Length: ${contentBytes}${connection}`;
  return { head, contentBytes, closes };
}

async function makeLoad(
  { folder, files, closes, isConditional }: Variant,
  { sizes, seconds }: BenchContext,
  server: RunningServer,
): Promise<Load | undefined> {
  const count = files === "few" ? FEW_FILES : sizes.manyFiles;
  const tags = isConditional === true ? await fetchTags(server, folder, count) : [];
  // Without entity tags there is no 304 to be had by them.
  if (isConditional === true && tags.length < count) return undefined;
  return { folder, count, connections: CONNECTIONS, seconds, closes: closes === true, tags };
}

async function fetchTags(server: RunningServer, folder: string, count: number): Promise<readonly string[]> {
  const tags: string[] = [];
  for (let index = 0; index < count; index++) {
    const answer = await fetch(server.url(`/${folder}/${index}.txt`), { method: "HEAD" });
    const tag = answer.headers.get("ETag");
    if (tag !== null) tags.push(tag);
  }
  return tags;
}

async function measureLoad(
  context: BenchContext,
  server: RunningServer,
  load: Load | undefined,
): Promise<Record<string, number>> {
  if (load === undefined) return {};
  const before = server.usage();
  const result = await generate(context, server.port, load);
  const after = server.usage();
  return {
    cpuUs: ((after.cpuMs - before.cpuMs) * 1000) / result.requests,
    rate: result.requests / result.seconds,
    p50Us: result.p50Us,
    p99Us: result.p99Us,
    memoryMib: after.memoryBytes / 2 ** 20,
    failures: result.failures,
  };
}

function generate({ scratch }: BenchContext, port: number, load: Load): Promise<LoadResult> {
  const wrk = Bun.which("wrk");
  return wrk === null ? runLoad(port, load) : runWrk(wrk, port, load, scratch);
}
