/**
 * The shell's history: lines of earlier sessions, in a file that only its owner reads.
 */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const MAX_LINES = 500;
const OWNER_ONLY = { mode: 0o600 } as const;

export class ShellHistory {
  readonly #path: string | undefined;

  /** @param stateFolder where a user's state lives; without one nothing is kept. */
  constructor(stateFolder: string | undefined) {
    this.#path = stateFolder === undefined ? undefined : `${stateFolder}/netfile/history`;
  }

  /** The lines of earlier sessions, the newest first. A history that can't be read is none. */
  load(): readonly string[] {
    if (this.#path === undefined) return [];
    try {
      const lines = readFileSync(this.#path, "utf8")
        .split("\n")
        .filter((line) => line !== "");
      // Cut now and then, so that it does not grow for ever.
      if (lines.length > 2 * MAX_LINES) {
        writeFileSync(this.#path, `${lines.slice(-MAX_LINES).join("\n")}\n`, OWNER_ONLY);
      }
      return lines.slice(-MAX_LINES).toReversed();
    } catch {
      return [];
    }
  }

  /** Keeps one line; not one that begins with a space, which is how a person keeps a line out. */
  add(line: string): void {
    if (this.#path === undefined || line.trim() === "" || line.startsWith(" ")) return;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      appendFileSync(this.#path, `${line}\n`, OWNER_ONLY);
    } catch {
      // A read-only home is no reason to disturb.
    }
  }
}
