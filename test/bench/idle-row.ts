/**
 * Idle connections: the memory of each, beyond what the server holds without any.
 */
import { join } from "node:path";
import { startServers } from "./bench-context.ts";
import type { BenchContext, BenchRow } from "./bench-context.ts";
import { metric, Samples } from "./results.ts";
import type { RunningServer } from "./running-server.ts";

/** A server that takes no more connections than it likes leaves the rest waiting. */
const HOLD_LIMIT_MS = 15_000;
const LOAD_PROGRAM = join(import.meta.dir, "load.ts");

export const IDLE_ROW: BenchRow = {
  name: "idle",
  title: "Idle keep-alive connections, after one request on each",
  measure: measureIdle,
};

async function measureIdle(context: BenchContext) {
  const samples = new Samples();
  await using servers = await startServers(context, ({ lacks }) => !lacks.includes("idle"));
  for (const server of servers.all) {
    context.tell(`idle: ${server.name}`);
    const count = context.sizes.idleConnections;
    const baseBytes = await baseMemory(server);
    const holder = Bun.spawn(
      [process.execPath, LOAD_PROGRAM, "hold", String(server.port), String(count), "/1k/0.txt"],
      {
        stdout: "pipe",
        stderr: "ignore",
      },
    );
    const giveUp = setTimeout(() => holder.kill("SIGKILL"), HOLD_LIMIT_MS);
    const said = await holder.stdout.getReader().read();
    clearTimeout(giveUp);
    if (said.done) {
      context.tell(`idle: ${server.name} is left out, since it did not hold ${count} connections`);
      continue;
    }
    const { memoryBytes } = server.usage();
    samples.add(server.name, {
      perConnectionKib: (memoryBytes - baseBytes) / 1024 / count,
      baseMib: baseBytes / 2 ** 20,
      allMib: memoryBytes / 2 ** 20,
    });
    holder.kill("SIGKILL");
    await holder.exited;
  }
  return {
    name: "idle",
    title: `${context.sizes.idleConnections.toLocaleString("en")} idle keep-alive connections`,
    reference: "nginx",
    metrics: [
      metric("perConnectionKib", "memory per connection", "KiB"),
      metric("baseMib", "memory without", "MiB"),
      metric("allMib", "memory with", "MiB"),
    ],
    results: samples.medians(),
  };
}

/** After some requests: what is loaded and compiled for the first of them is no connection's. */
async function baseMemory(server: RunningServer): Promise<number> {
  for (let count = 0; count < 500; count++) await (await fetch(server.url("/1k/0.txt"))).arrayBuffer();
  return server.usage().memoryBytes;
}
