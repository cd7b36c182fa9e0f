/**
 * What a server costs: CPU time and memory of its processes, from Linux's /proc.
 */
import { readdirSync, readFileSync } from "node:fs";

/** CPU time ever used, and memory held now, summed over a process and its descendants. */
export type Usage = { readonly cpuMs: number; readonly memoryBytes: number };

/** One process as `/proc/PID/stat` tells it (proc_pid_stat(5)). */
export type ProcessStat = { readonly pid: number; readonly parent: number; readonly cpuMs: number };

/** The unit of times in /proc: USER_HZ is 100 on every Linux. */
const MS_PER_TICK = 10;

/** Reads `/proc/PID/stat`; `undefined` when malformed. The CPU time includes that of children that have ended. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  // The name stands in parentheses and may hold any character, parentheses too.
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 2).split(" ");
  const [pid, parent] = [Number.parseInt(text, 10), Number(fields[1])];
  const ticks = [11, 12, 13, 14].map((index) => Number(fields[index]));
  if (end < 0 || Number.isNaN(pid + parent) || ticks.some(Number.isNaN)) return undefined;
  return { pid, parent, cpuMs: ticks.reduce((sum, tick) => sum + tick, 0) * MS_PER_TICK };
}

/** Reads `VmRSS` of `/proc/PID/status`, in bytes; 0 when it is not there. */
export function parseResidentBytes(text: string): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

/** The usage of the process `root` and all that descend from it. */
export function readUsage(root: number): Usage {
  let usage: Usage = { cpuMs: 0, memoryBytes: 0 };
  for (const { pid, cpuMs } of findTree(root, readProcesses())) {
    const memoryBytes = parseResidentBytes(readProc(pid, "status"));
    usage = { cpuMs: usage.cpuMs + cpuMs, memoryBytes: usage.memoryBytes + memoryBytes };
  }
  return usage;
}

/** Those of `processes` that are `root` or descend from it. */
export function findTree(root: number, processes: readonly ProcessStat[]): readonly ProcessStat[] {
  const self = processes.filter(({ pid }) => pid === root);
  const children = processes.filter(({ parent }) => parent === root);
  return [...self, ...children.flatMap(({ pid }) => findTree(pid, processes))];
}

function readProcesses(): readonly ProcessStat[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => parseProcessStat(readProc(Number(pid), "stat")) ?? []);
}

/** A file of a process; empty when the process has ended. */
function readProc(pid: number, name: "stat" | "status"): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
}
