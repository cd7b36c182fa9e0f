/**
 * Who a process is, so that another one can tell later whether it still runs: ids are used again, and mean something only on
 * one machine, between two of its starts, in one PID namespace.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { errorCode } from "./failure.ts";
import { os } from "./late-modules.ts";
import { once } from "./once.ts";

/** What can't be told on a system is empty. */
export type ProcessIdentity = {
  /** The machine's name. */
  readonly host: string;
  /** Names the time since it was last started. */
  readonly boot: string;
  /** The PID namespace (pid_namespaces(7)): what containers have of their own. */
  readonly namespace: string;
  readonly pid: number;
  /** When the process began, in the system's own unit, digits only. */
  readonly start: string;
};

/** This process. */
export const identifyThisProcess = once((): ProcessIdentity => {
  return {
    host: os().hostname(),
    boot: readBoot(),
    namespace: readNamespace(),
    pid: process.pid,
    start: readStart(process.pid),
  };
});

/** Names the time since the machine was last started; empty where there is no such name. */
export const readBoot = once((): string => readText("/proc/sys/kernel/random/boot_id").trim());

/**
 * Whether the process `pid` of this PID namespace that began at `start` still runs. Where nobody can tell when processes began,
 * any process with that number counts. A zombie doesn't run.
 */
export function isRunning(pid: number, start: string): boolean {
  if (!isThere(pid)) return false;
  if (start === "") return true;
  const found = readStart(pid);
  return found === "" ? process.platform !== "linux" : found === start;
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: somebody else's process, but a process.
    return errorCode(error) === "EPERM";
  }
}

/** Field 22 of `/proc/<pid>/stat` (proc(5)); empty where there is none, or the process only waits for its parent. */
function readStart(pid: number): string {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold anything, also parentheses and spaces.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? "" : (rest[18] ?? "");
}

function readNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
