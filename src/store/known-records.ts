/**
 * Which unfinished uploads there are in a root, as far as this process knows. They are few and may be counted often, and the
 * root may hold 100,000 names: to read it for each upload that begins takes many times longer than to begin it. What other
 * processes begin and end is known from the next reading on.
 */
import { readdirSync } from "node:fs";
import { asyncFiles } from "../base/late-modules.ts";
import type { HeldFolder } from "./reach.ts";
import { parseRecordName, removeRecord } from "./unfinished-record.ts";

export class KnownRecords {
  /** `undefined` before the root has been read for the first time. */
  #ids: Set<string> | undefined;

  /** How many there are. Throws the system's error when the root must be read and can't be. */
  count(root: HeldFolder): number {
    this.#ids ??= new Set(idsIn(readdirSync(root.path)));
    return this.#ids.size;
  }

  /**
   * Reads the root anew, and others are served meanwhile; a record that is removed meanwhile may be known again afterwards.
   * @returns every name in it. Rejects with the system's error.
   */
  async read(root: HeldFolder): Promise<readonly string[]> {
    const before = [...(this.#ids ?? [])];
    const names = await asyncFiles().readdir(root.path);
    const found = new Set(idsIn(names));
    const ids = (this.#ids ??= new Set());
    for (const id of before) if (!found.has(id)) ids.delete(id);
    for (const id of found) ids.add(id);
    return names;
  }

  /** Takes note of a record that was written. */
  add(id: string): void {
    this.#ids?.add(id);
  }

  /** Removes a record. Never throws. */
  remove(root: HeldFolder, id: string): void {
    this.#ids?.delete(id);
    removeRecord(root, id);
  }
}

function idsIn(names: readonly string[]): readonly string[] {
  return names.map(parseRecordName).filter((id) => id !== undefined);
}
