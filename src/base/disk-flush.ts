/**
 * Brings what is written to a file onto the disk. With a large one it begins while the bytes still come, so that little is
 * left to wait for at their end, when the system would otherwise hold gigabytes.
 */
import { fdatasync, fsync } from "node:fs";

/** After each of so many new bytes the disk begins with them, unless it is still busy with those before. */
const STEP_BYTES = 32 * 1024 * 1024;

export class DiskFlush {
  readonly #descriptor: number;
  #newBytes = 0;
  /** Calls at work on the descriptor, in threads. */
  #workers = 0;
  /** A disk tells of an error once, to whoever asks first. */
  #failure: Error | undefined;
  readonly #onIdle: (() => void)[] = [];

  /** @param descriptor of a file that is open for writing. Whoever has it closes it when this is idle, see {@link whenIdle}. */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Takes note that so many bytes have been written. */
  noteWritten(bytes: number): void {
    this.#newBytes += bytes;
    if (this.#newBytes < STEP_BYTES || this.#workers > 0) return;
    this.#newBytes = 0;
    this.#workers += 1;
    fdatasync(this.#descriptor, (error) => this.#done(error ?? undefined));
  }

  /** Waits until all that has been written is on the disk, and is idle then. Rejects with the system's error, an earlier one as well. */
  async finish(): Promise<void> {
    this.#workers += 1;
    try {
      await syncDescriptor(this.#descriptor);
      this.#done(undefined);
    } catch (error) {
      this.#done(error instanceof Error ? error : new Error(String(error)));
    }
    await new Promise<void>((resolve) => this.whenIdle(resolve));
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Calls `then` once no thread works on the descriptor any more, at once if none does.
   * SECURITY: before, it may not be closed: its number could be another file's by the time the thread uses it.
   */
  whenIdle(then: () => void): void {
    if (this.#workers > 0) this.#onIdle.push(then);
    else then();
  }

  #done(failure: Error | undefined): void {
    this.#workers -= 1;
    this.#failure ??= failure;
    if (this.#workers > 0) return;
    for (const then of this.#onIdle.splice(0)) then();
  }
}

/** Waits until all that has been written to `descriptor`, of a file or a folder, is on the disk. Rejects with the system's error. */
export function syncDescriptor(descriptor: number): Promise<void> {
  // By hand: `promisify` brings node:util with it, which takes as long to load as a third of this program.
  return new Promise((resolve, reject) => {
    fsync(descriptor, (error) => (error === null ? resolve() : reject(error)));
  });
}
