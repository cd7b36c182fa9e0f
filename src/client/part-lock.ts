/**
 * Keeps two runs from writing the same part file: a file beside it that names the process which made it. One whose
 * process is gone, as after a crash, is taken over.
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
    const own = identifyThisProcess();
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
        if (isHeldHere || (owner !== undefined && mayRun(owner, own))) throw isBusy(target, path, owner);
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
  if (owner !== undefined) return !mayRun(owner, identifyThisProcess());
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

/** Whether the owner may still be at it: one that can't be asked about from here, may. */
function mayRun(owner: ProcessIdentity, here: ProcessIdentity): boolean {
  if (owner.host !== here.host) return true;
  // No process outlives its machine's restart.
  if (owner.boot !== here.boot) return false;
  return owner.namespace !== here.namespace || isRunning(owner.pid, owner.start);
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
      : `if that one is gone, remove "${printable(path)}"`;
  const who = `process ${owner.pid}${place} on "${printable(owner.host)}"`;
  return new TransferError("save", `${what}: ${who} is fetching it; ${advice}`);
}
