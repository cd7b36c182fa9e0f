/**
 * What an upload sends: a file, or what comes out of a pipe.
 */
import type { Piece } from "../base/piece.ts";

export interface Content {
  /** In bytes; `undefined` when nobody knows it before the end. */
  readonly sizeBytes: number | undefined;
  /** Whether it can be sent a second time from its beginning. */
  readonly isRepeatable: boolean;
  /**
   * Gives what follows the first `position` bytes: it is good until more is asked for, and not empty.
   *
   * @returns `"later"` when nothing is there yet: `onReady` is called once when something is. `"end"` when nothing will be.
   * @throws {TransferError} phase `read`.
   */
  next(position: number, onReady: () => void): Piece | "later" | "end";
}
