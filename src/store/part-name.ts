/**
 * Names of temporary files: `.netfile-<machine>-<pid>-<start>-<random>.part`. They begin with a dot and so are
 * neither found nor listed, and they say whose they are, so that a later server can tell which ones were left behind
 * by a process that was killed.
 */
import { randomHex } from "../base/bytes.ts";
import { identifyThisProcess, isRunning } from "../base/process-identity.ts";

/** Who writes a temporary file. */
export type PartOwner = {
  /** Machine, boot and process namespace: only where it is the same do process ids mean the same. */
  readonly machine: string;
  readonly pid: number;
  /**
   * When the process began, in the system's own unit; `"0"` where it can't be told. Ids are used again, this pair
   * isn't.
   */
  readonly start: string;
};

const UNKNOWN_START = "0";
const PART_NAME = /^\.netfile-([0-9a-z]+)-([0-9]+)-([0-9]+)-[0-9a-f]+\.part$/;

/**
 * Temporary files whose owner can't be asked about are given up when nothing was written to them for so long. Far
 * above every limit on stalled uploads.
 */
export const FOREIGN_PART_AGE_MS = 3_600_000;

/** This process, as an owner. */
export function describeThisProcess(): PartOwner {
  const { host, boot, namespace, pid, start } = identifyThisProcess();
  const machine = Bun.hash([host, boot, namespace].join("\n")).toString(36);
  return { machine, pid, start: start === "" ? UNKNOWN_START : start };
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
  const isStartKnown = owner.start !== UNKNOWN_START;
  if (!isRunning(owner.pid, isStartKnown ? owner.start : "")) return true;
  return !isStartKnown && owner.pid !== here.pid && idleMs > FOREIGN_PART_AGE_MS;
}
