/**
 * Keeps two runs from writing the same part file: a file beside it that names the process which made it. One whose
 * process is gone, as after a crash, is taken over.
 */
import { linkSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { errorCode } from "../base/failure.ts";
import { os } from "../base/late-modules.ts";
import { printable } from "../base/printable.ts";
import { cannotSave } from "./disk-error.ts";
import { TransferError } from "./transfer-error.ts";

/** A process: the same number means the same one only on the same machine, and with the same start. */
export type LockOwner = { readonly machine: string; readonly pid: number; readonly start: string };

const TAKEOVERS = 5;
const DRAFT_LIFE_MS = 3_600_000;

/** Files that this process holds: its own second transfer is somebody else, too. */
const held = new Set<string>();

export class PartLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Takes the lock at `path`.
   * @throws {TransferError} phase `save` when a running process has it.
   */
  static take(path: string, target: string): PartLock {
    const isHeldHere = held.has(path);
    const own = describeThisProcess();
    const ownPath = `${path}-${own.pid}-${crypto.randomUUID().slice(0, 8)}`;
    try {
      writeFileSync(ownPath, JSON.stringify(own), { flag: "wx", mode: 0o600 });
    } catch (error) {
      throw cannotSave(target, error);
    }
    try {
      for (let takeover = 0; takeover < TAKEOVERS; takeover += 1) {
        if (giveName(ownPath, path, target)) {
          held.add(path);
          return new PartLock(path);
        }
        const owner = readOwner(path);
        if (isHeldHere || (owner !== undefined && isRunning(owner, own))) throw isBusy(target, path, owner);
        clearAway(path, `${ownPath}-old`, owner);
      }
      throw isBusy(target, path, readOwner(path));
    } finally {
      removeQuietly(ownPath);
    }
  }

  /** Gives it back. Never throws. */
  release(): void {
    held.delete(this.#path);
    removeQuietly(this.#path);
  }
}

/**
 * Whether the process that was making a lock under the name `path` is gone. One that did not get to say who it is, is gone
 * after an hour.
 */
export function isDraftAbandoned(path: string): boolean {
  const owner = readOwner(path);
  if (owner !== undefined) return !isRunning(owner, describeThisProcess());
  try {
    return Date.now() - statSync(path).mtimeMs > DRAFT_LIFE_MS;
  } catch {
    return false;
  }
}

/** Whether the lock could be taken: link(2) fails when the name is taken, in the same instant. */
function giveName(from: string, path: string, target: string): boolean {
  try {
    linkSync(from, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    return giveNameWithoutLinks(from, path, target);
  }
}

/** For file systems without hard links. */
function giveNameWithoutLinks(from: string, path: string, target: string): boolean {
  try {
    writeFileSync(path, readFileSync(from), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw cannotSave(target, error);
  }
}

/** Takes the lock of a dead process out of the way; if another run was faster, puts that one's back. */
function clearAway(path: string, asidePath: string, dead: LockOwner | undefined): void {
  try {
    renameSync(path, asidePath);
  } catch {
    return;
  }
  if (JSON.stringify(readOwner(asidePath)) === JSON.stringify(dead)) removeQuietly(asidePath);
  else renameSync(asidePath, path);
}

function readOwner(path: string): LockOwner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value !== "object" || value === null) return undefined;
    const { machine, pid, start } = value as Partial<Record<keyof LockOwner, unknown>>;
    if (typeof machine !== "string" || typeof pid !== "number" || typeof start !== "string") return undefined;
    return { machine, pid, start };
  } catch {
    return undefined;
  }
}

function describeThisProcess(): LockOwner {
  return { machine: os().hostname(), pid: process.pid, start: startOf(process.pid) ?? "" };
}

/** A process of another machine can't be asked about: it may run. */
function isRunning(owner: LockOwner, here: LockOwner): boolean {
  if (owner.machine !== here.machine) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: somebody else's process, but a process.
    if (errorCode(error) !== "EPERM") return false;
  }
  const start = startOf(owner.pid);
  if (start === undefined) return process.platform !== "linux";
  return start === owner.start;
}

/** Boot and field 22 of `/proc/<pid>/stat` (proc(5)); `undefined` where there is none, or for a zombie. */
function startOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold anything.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const start = rest[18];
  return state === "Z" || state === "X" || start === undefined ? undefined : `${bootId() ?? ""}-${start}`;
}

/** Names the time since the machine was last started; `undefined` where there is no such name. */
export function bootId(): string | undefined {
  const text = readText("/proc/sys/kernel/random/boot_id").trim();
  return text === "" ? undefined : text;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function isBusy(target: string, path: string, owner: LockOwner | undefined): TransferError {
  const who =
    owner === undefined ? "another process" : `process ${owner.pid} on "${printable(owner.machine)}"`;
  const advice =
    owner !== undefined && owner.machine !== os().hostname()
      ? `; if that one is gone, remove "${printable(path)}"`
      : "; wait for it, or end it";
  return new TransferError("save", `Cannot save "${printable(target)}": ${who} is fetching it${advice}`);
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone already, or stays; a lock without its process holds nobody up.
  }
}
