/**
 * A file fetched over a long and lossy way, where one connection is slow whatever the way could carry.
 */
import { mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BenchContext, BenchRow } from "./bench-context.ts";
import { runClient } from "./client-run.ts";
import { FAR_ADDRESS, LossyLink } from "./lossy-link.ts";
import { makeLargeFile } from "./corpus.ts";
import { metric, rotate, Samples } from "./results.ts";

const PORT = 8080;
const DELAY_MS = 25;
const LOSS = 0.01;

const METRICS = [
  metric("seconds", "time", "s"),
  metric("cpuSeconds", "CPU", "s"),
  metric("rate", "MB/s", ""),
];

const TITLE = `\`get\` over a way with a round trip of ${2 * DELAY_MS} ms and ${LOSS * 100} % loss, from netfile`;

export const LOSSY_ROW: BenchRow = { name: "lossy", title: TITLE, measure: measureLossy };

async function measureLossy(context: BenchContext) {
  if (Bun.which("aria2c") === null) throw new Error("aria2c is not here");
  await using link = await LossyLink.open({ delayMs: DELAY_MS, loss: LOSS, seed: 1 });
  const folder = join(context.scratch, "lossy");
  mkdirSync(folder, { recursive: true });
  makeLargeFile(join(folder, "file.jpg"), context.sizes.lossyBytes);
  const command = [context.netfile, "serve", String(PORT), folder, "--host", FAR_ADDRESS, "--quiet"];
  const server = Bun.spawn([...link.far(command)], { stdout: "pipe", stderr: "ignore" });
  try {
    await server.stdout.getReader().read();
    return await measureFetchers(context, link, join(folder, "fetched", "file.jpg"));
  } finally {
    server.kill();
    await server.exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureFetchers(context: BenchContext, link: LossyLink, path: string) {
  mkdirSync(dirname(path));
  const url = `http://${FAR_ADDRESS}:${PORT}/file.jpg`;
  const own = [context.netfile, "get", url, path, "--force", "--quiet"];
  // By itself aria2c divides nothing below 40 MiB.
  const aria = ["aria2c", "-q", "--no-conf", "--allow-overwrite=true", "--file-allocation=none"];
  const place = ["-d", dirname(path), "-o", "file.jpg", url];
  const subjects = [
    { name: "netfile", command: own },
    { name: "netfile -x 8", command: [...own, "-x", "8"] },
    { name: "aria2c", command: [...aria, "-x8", "-s8", "-k1M", ...place] },
  ];
  const samples = new Samples();
  for (let round = 0; round < context.rounds; round++) {
    for (const { name, command } of rotate(subjects, round)) {
      context.tell(`${LOSSY_ROW.name}, round ${round + 1} of ${context.rounds}: ${name}`);
      rmSync(path, { force: true });
      const { seconds, cpuSeconds } = await runClient(link.near(command));
      if (statSync(path).size !== context.sizes.lossyBytes) throw new Error(`${name} fell short`);
      samples.add(name, { seconds, cpuSeconds, rate: context.sizes.lossyBytes / 1e6 / seconds });
    }
  }
  return {
    name: LOSSY_ROW.name,
    title: TITLE,
    reference: "aria2c",
    metrics: METRICS,
    results: samples.medians(),
  };
}
