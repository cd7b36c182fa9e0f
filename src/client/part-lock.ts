/**
 * Keeps two runs from writing the same part file: a file beside it that names the process which made it. One whose
 * process is gone, as after a crash, is taken over; and one whose process can't be asked about, when nothing has moved for long.
 */
import { linkSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { errorCode } from "../base/failure.ts";
import { isJsonObject } from "../base/json-object.ts";
import { printable } from "../base/printable.ts";
import { identifyThisProcess, isRunning, type ProcessIdentity } from "../base/process-identity.ts";
import { removeQuietly } from "../base/remove-quietly.ts";
import { cannotSave } from "./disk-error.ts";
import { TransferError } from "./transfer-error.ts";

const TAKEOVERS = 5;
/** What tells nothing of its owner is given up when it has not changed for so long. Who is at it writes far more often. */
const IDLE_LIFE_MS = 3_600_000;

/** Files that this process holds: its own second transfer is somebody else, too. */
const held = new Set<string>();

export class PartLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Takes the lock at `path`.
   * @param partPath of the file that it is for, which its owner writes to: when neither has changed for an hour, an owner that
   *   can't be asked about is taken for gone. Without one it never is.
   * @throws {TransferError} phase `save` when a running process has it.
   */
  static take(path: string, target: string, partPath?: string): PartLock {
    const isHeldHere = held.has(path);
    const own = identifyThisProcess();
    const ownPath = `${path}-${own.pid}-${crypto.randomUUID().slice(0, 8)}`;
    try {
      writeFileSync(ownPath, JSON.stringify(own), { flag: "wx", mode: 0o600 });
    } catch (error) {
      // On a full disk it is there, and empty.
      removeQuietly(ownPath);
      throw cannotSave(target, error);
    }
    try {
      for (let takeover = 0; takeover < TAKEOVERS; takeover += 1) {
        if (giveName(ownPath, path, target)) {
          held.add(path);
          return new PartLock(path);
        }
        const owner = readOwner(path);
        const state = owner === undefined ? "gone" : stateOf(owner, own);
        const isForsaken = state === "unknown" && isIdle([path, partPath], ownPath);
        if (isHeldHere || (state !== "gone" && !isForsaken)) throw isBusy(target, path, owner);
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
  const state = owner === undefined ? "unknown" : stateOf(owner, identifyThisProcess());
  return state === "gone" || (state === "unknown" && Date.now() - changedAtMs(path) > IDLE_LIFE_MS);
}

/**
 * Whether none of `paths` has changed for long; one that isn't there has not.
 * @param freshPath was made just now: a file system of another machine has a clock of its own.
 */
function isIdle(paths: readonly (string | undefined)[], freshPath: string): boolean {
  const nowMs = statSync(freshPath).mtimeMs;
  return paths.every((path) => path !== undefined && nowMs - changedAtMs(path) > IDLE_LIFE_MS);
}

/** In ms since the epoch: long ago where there is no such file, and not yet where that can't be told. */
function changedAtMs(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  } catch {
    return Infinity;
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
function clearAway(path: string, asidePath: string, dead: ProcessIdentity | undefined): void {
  try {
    renameSync(path, asidePath);
  } catch {
    return;
  }
  if (JSON.stringify(readOwner(asidePath)) === JSON.stringify(dead)) removeQuietly(asidePath);
  else renameSync(asidePath, path);
}

function readOwner(path: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isIdentity(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (!isJsonObject(value) || typeof value["pid"] !== "number") return false;
  return ["host", "boot", "namespace", "start"].every((key) => typeof value[key] === "string");
}

/** Whether the owner is still at it; `unknown` where it can't be asked about from here. */
function stateOf(owner: ProcessIdentity, here: ProcessIdentity): "running" | "gone" | "unknown" {
  if (owner.host !== here.host) return "unknown";
  // No process outlives its machine's restart.
  if (owner.boot !== here.boot) return "gone";
  if (owner.namespace !== here.namespace) return "unknown";
  return isRunning(owner.pid, owner.start) ? "running" : "gone";
}

function isBusy(target: string, path: string, owner: ProcessIdentity | undefined): TransferError {
  const what = `Cannot save "${printable(target)}"`;
  if (owner === undefined) {
    return new TransferError("save", `${what}: another process is fetching it; wait for it, or end it`);
  }
  const here = identifyThisProcess();
  const isSameHost = owner.host === here.host;
  const place = isSameHost && owner.namespace !== here.namespace ? " of another PID namespace" : "";
  const advice =
    isSameHost && place === ""
      ? "wait for it, or end it"
      : `if that one is gone, remove "${printable(path)}", or try again when nothing has changed for an hour`;
  const who = `process ${owner.pid}${place} on "${printable(owner.host)}"`;
  return new TransferError("save", `${what}: ${who} is fetching it; ${advice}`);
}
