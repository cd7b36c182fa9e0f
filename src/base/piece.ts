/**
 * What travels from a reply to a socket: bytes that are in memory, or a slice of a file that is read only when
 * the socket can take it, so that a transfer costs the same memory whatever its size.
 */

/** A file that is open for reading. What is measured at opening is what is read: one descriptor throughout. */
export interface ReadableFile {
  /**
   * Reads at `position` into the whole of `target`.
   * @returns the number of bytes read; 0 at the end of the file. Throws the system's error.
   */
  read(target: Uint8Array, position: number): number;
  /** Closes the file; a second call does nothing. */
  close(): void;
  /**
   * Whether nothing of it was written over since it was opened: that it only grew does no harm. Asked before the last bytes of a
   * slice are given away. Absent where nobody else can write.
   */
  isIntact?(): boolean;
  /** The descriptor, where the file is one of this system and open: then the kernel can send it by itself. */
  readonly fd?: number | undefined;
}

/** `length` bytes of `file` from `position` (bytes, inclusive). */
export type FileSlice = {
  readonly kind: "slice";
  readonly file: ReadableFile;
  readonly position: number;
  readonly length: number;
};

export type Piece = Uint8Array | FileSlice;

/** Length of `piece` in bytes. */
export function pieceLength(piece: Piece): number {
  return piece.length;
}
