/**
 * A client's run from its start to its end: time, CPU, memory.
 */
import { readFileSync } from "node:fs";

export type ClientRun = {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** The most it held, looked at often; 0 when it ended before the first look. */
  readonly memoryBytes: number;
};

const LOOK_MS = 40;

/** Runs `command` with nothing on its standard input. Rejects when it fails. */
export async function runClient(command: readonly string[]): Promise<ClientRun> {
  const startMs = performance.now();
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  // Not the greatest memory of rusage, which on Linux counts the process that it was forked from.
  let memoryBytes = 0;
  const looking = setInterval(() => (memoryBytes = Math.max(memoryBytes, readPeakBytes(child.pid))), LOOK_MS);
  const [stderr] = await Promise.all([child.stderr.text(), child.exited]);
  const seconds = (performance.now() - startMs) / 1000;
  clearInterval(looking);
  if (child.exitCode !== 0)
    throw new Error(`${command[0] ?? ""} has ended with ${child.exitCode}: ${stderr}`);
  const cpuSeconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  return { seconds, cpuSeconds, memoryBytes };
}

function readPeakBytes(pid: number): number {
  try {
    return (
      Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024
    );
  } catch {
    return 0;
  }
}
