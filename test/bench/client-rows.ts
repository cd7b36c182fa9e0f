/**
 * The client's half: a large file fetched to disk, and sent from it.
 */
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { startServers } from "./bench-context.ts";
import type { BenchContext, BenchRow } from "./bench-context.ts";
import { runClient } from "./client-run.ts";
import { metric } from "./results.ts";
import type { Metric } from "./results.ts";
import { measureInRounds } from "./rounds.ts";
import { RunningServer } from "./running-server.ts";
import { NETFILE } from "./server-kinds.ts";
import type { ServerKind } from "./server-kinds.ts";

const GIB = 2 ** 30;

const METRICS: readonly Metric[] = [
  metric("seconds", "time", "s"),
  metric("cpuPerGib", "CPU per GiB", "s"),
  metric("rate", "MB/s", ""),
  metric("memoryMib", "memory", "MiB"),
];

/** A client and its words for fetching `url` to `path`. */
type Fetcher = { readonly name: string; readonly words: (url: string, path: string) => readonly string[] };

const OTHER_FETCHERS: readonly Fetcher[] = [
  { name: "curl", words: (url, path) => ["curl", "-sS", "--fail", "-o", path, url] },
  { name: "wget", words: (url, path) => ["wget", "-q", "-O", path, url] },
  {
    name: "aria2c",
    words: (url, path) => [
      "aria2c",
      "-q",
      "--no-conf",
      "--allow-overwrite=true",
      "--file-allocation=none",
      "-d",
      join(path, ".."),
      "-o",
      "fetched.jpg",
      url,
    ],
  },
];

export const CLIENT_ROWS: readonly BenchRow[] = [
  {
    name: "get",
    title: "`get` of a large file to disk, from nginx: nothing to verify it by",
    measure: (context) => measureGet(context, "get", "nginx"),
  },
  {
    name: "get-verified",
    title: "`get` of a large file to disk, from netfile: netfile and aria2c verify its SHA-256",
    measure: (context) => measureGet(context, "get-verified", "netfile"),
  },
  { name: "put", title: "`put` of a large file to netfile", measure: measurePut },
];

async function measureGet(context: BenchContext, name: string, serverName: string) {
  const netfile: Fetcher = {
    name: "netfile",
    words: (url, path) => [context.netfile, "get", url, path, "--force", "--quiet"],
  };
  const fetchers = [netfile, ...OTHER_FETCHERS.filter((one) => Bun.which(one.name) !== null)];
  const path = join(context.scratch, "fetched.jpg");
  await using servers = await startServers(context, (kind) => kind.name === serverName);
  const [server] = servers.all;
  if (server === undefined) throw new Error(`${serverName} is not here`);
  const url = server.url("/large.jpg");
  // The first answer computes the digest, the page cache is filled.
  await runClient(netfile.words(url, path));
  const samples = await measureInRounds({
    ...context,
    row: name,
    subjects: fetchers,
    measure: async ({ name: fetcher, words }) => {
      rmSync(path, { force: true });
      const values = await measureClient(words(url, path), context.sizes.largeBytes);
      if (statSync(path).size !== context.sizes.largeBytes) throw new Error(`${fetcher} fell short`);
      return values;
    },
  });
  rmSync(path, { force: true });
  const title = CLIENT_ROWS.find((row) => row.name === name)?.title ?? name;
  return { name, title, reference: "curl", metrics: METRICS, results: samples.medians() };
}

async function measurePut(context: BenchContext) {
  const folder = join(context.scratch, "inbox");
  mkdirSync(folder, { recursive: true });
  const kind: ServerKind = {
    ...NETFILE,
    command: (place) => [
      ...NETFILE.command({ ...place, root: folder }),
      "--upload",
      "--on-exist",
      "replace",
      "--max-upload",
      "8G",
    ],
  };
  const path = join(context.root, "large.jpg");
  const scratch = join(context.scratch, "put");
  const place = { program: context.netfile, root: context.root, scratch, logFile: undefined };
  const server = await RunningServer.start(kind, place);
  const url = server.url("/received.jpg");
  const senders = [
    { name: "netfile", command: [context.netfile, "put", path, url, "--quiet"] },
    { name: "curl", command: ["curl", "-sS", "--fail", "-o", "/dev/null", "-T", path, url] },
  ].filter(({ name }) => name === "netfile" || Bun.which(name) !== null);
  try {
    const samples = await measureInRounds({
      ...context,
      row: "put",
      subjects: senders,
      measure: ({ command }) => {
        rmSync(join(folder, "received.jpg"), { force: true });
        return measureClient(command, context.sizes.largeBytes);
      },
    });
    const title = "`put` of a large file to netfile";
    return { name: "put", title, reference: "curl", metrics: METRICS, results: samples.medians() };
  } finally {
    await server.stop();
  }
}

async function measureClient(command: readonly string[], bytes: number): Promise<Record<string, number>> {
  const { seconds, cpuSeconds, memoryBytes } = await runClient(command);
  return {
    seconds,
    cpuPerGib: cpuSeconds / (bytes / GIB),
    rate: bytes / 1e6 / seconds,
    memoryMib: memoryBytes / 2 ** 20,
  };
}
