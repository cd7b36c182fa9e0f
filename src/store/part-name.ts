/**
 * Names of temporary files: `.netfile-<machine>-<pid>-<start>-<random>.part`. They begin with a dot and so are
 * neither found nor listed, and they say whose they are, so that a later server can tell which ones were left behind
 * by a process that was killed.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { randomHex } from "../base/bytes.ts";
import { os } from "../base/late-modules.ts";

/** Who writes a temporary file. */
export type PartOwner = {
  /** Machine, boot and process namespace: only where it is the same do process ids mean the same. */
  readonly machine: string;
  readonly pid: number;
  /**
   * When the process started, in the system's own unit; `"0"` where it can't be told. Ids are used again, this pair
   * isn't.
   */
  readonly start: string;
};

const PART_NAME = /^\.netfile-([0-9a-z]+)-([0-9]+)-([0-9]+)-[0-9a-f]+\.part$/;

/**
 * Temporary files whose owner can't be asked about are given up when nothing was written to them for so long. Far
 * above every limit on stalled uploads.
 */
export const FOREIGN_PART_AGE_MS = 3_600_000;

/** This process, as an owner. */
export function describeThisProcess(): PartOwner {
  const identity = [os().hostname(), readText("/proc/sys/kernel/random/boot_id"), readNamespace()].join("\n");
  return { machine: Bun.hash(identity).toString(36), pid: process.pid, start: readStart(process.pid) ?? "0" };
}

/** Makes a name for a temporary file of `owner`, hidden and not to be guessed. */
export function makePartName(owner: PartOwner): string {
  return `.netfile-${owner.machine}-${owner.pid}-${owner.start}-${randomHex(8)}.part`;
}

/** @returns `undefined` for a name that is not a temporary file's. */
export function parsePartName(name: string): PartOwner | undefined {
  const [, machine, pid, start] = PART_NAME.exec(name) ?? [];
  if (machine === undefined || pid === undefined || start === undefined) return undefined;
  return { machine, pid: Number(pid), start };
}

/**
 * Whether nobody writes to a temporary file of `owner` any more.
 *
 * @param here this process.
 * @param idleMs since the last write to the file.
 */
export function isAbandoned(owner: PartOwner, here: PartOwner, idleMs: number): boolean {
  if (owner.machine !== here.machine) return idleMs > FOREIGN_PART_AGE_MS;
  if (!isAlive(owner.pid)) return true;
  if (owner.start === "0") return owner.pid !== here.pid && idleMs > FOREIGN_PART_AGE_MS;
  return readStart(owner.pid) !== owner.start;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: somebody else's process, but a process.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/**
 * Field 22 of `/proc/<pid>/stat`; `undefined` where there is none, or the process is dead and only waits for its
 * parent.
 */
function readStart(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold anything, also parentheses and spaces.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? undefined : rest[18];
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
