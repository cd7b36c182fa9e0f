/**
 * What waits to be written to a socket: bytes and slices of files, in order. `Bun`'s sockets never buffer (a write
 * takes what the kernel takes), so the rest waits here until the socket drains. Small pieces leave together in one
 * write; a slice is read only when the kernel can take it, so a transfer costs the same memory whatever its size.
 */
import { ptr } from "bun:ffi";
import { pieceLength, type FileSlice, type Piece } from "../base/piece.ts";
import { canSendFiles, sendAhead, sendFile } from "./send-file.ts";
import { cork, uncork } from "./tcp-options.ts";

/** The writing end of a socket. */
export interface Writer {
  /** The socket's descriptor, where bytes may go past `write`: absent when they have to be encrypted. */
  readonly fd?: number;
  /** Writes what the kernel takes of `bytes[offset, offset + length)`: 0 when it is full, -1 when the socket is closed. */
  write(bytes: Uint8Array, offset: number, length: number): number;
}

/**
 * What a flush came to.
 * - `empty`: everything is with the kernel. `blocked`: the kernel is full; flush again when the socket drains.
 * - `yielded`: the turn's share is used up; flush again in a later turn. `closed`: the socket takes nothing any more.
 */
export type FlushResult = "empty" | "blocked" | "yielded" | "closed";

/** A file gave not what was promised to the peer: it shrank, was written over, or could not be read. */
export class OutboxError extends Error {
  override readonly name = "OutboxError";
}

const SCRATCH_BYTES = 512 * 1024;
const LEAST_CHUNK_BYTES = 32 * 1024;
/** Slices of this size and more are left to the kernel: below, one write with what stands before costs less. */
const LEAST_SENT_BYTES = 4 * 1024;
/** The end of a slice that others may write over is not left to the kernel: it goes when it is known that nobody has. */
const HELD_BYTES = 4 * 1024;
/** With a slice of this size and more, what fills no segment waits for what follows. */
const LEAST_CORKED_BYTES = 256 * 1024;
/** So much is asked of the kernel at a time: at most 0.5 ms of its work when the file is in memory. */
const SENT_CHUNK_BYTES = 1024 * 1024;
/** A socket may get room between two calls; but not so often in a row. */
const MOST_DECLINES = 8;
/** One fast peer may not keep the others waiting: when so much is written, about 0.1 ms, they have their turn. */
const TURN_BYTES = 256 * 1024;

// One for all connections: what `write` took is copied by then, so the buffer is free again when flush returns.
const scratch = new Uint8Array(new ArrayBuffer(SCRATCH_BYTES));
const scratchAddress = ptr(scratch);

export class Outbox {
  readonly #writer: Writer;
  readonly #pieces: Piece[] = [];
  /** Bytes of the first piece that are gone already. */
  #offset = 0;
  #pendingBytes = 0;
  #writtenBytes = 0;
  /** How much to read ahead of a write: what the kernel took of late, so that little is read twice. */
  #chunkBytes = SCRATCH_BYTES;
  /** How often in a row the kernel may still decline to send a slice by itself although there is room. */
  #declinesLeft: number;
  /** Whether a part of a segment may wait in the kernel for what follows. */
  #isCorked = false;

  constructor(writer: Writer) {
    this.#writer = writer;
    this.#declinesLeft = writer.fd !== undefined && canSendFiles() ? MOST_DECLINES : 0;
  }

  /** Bytes pushed and not yet with the kernel. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Bytes handed to the kernel since the beginning. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  get isEmpty(): boolean {
    return this.#pendingBytes === 0;
  }

  /** Appends `piece`; bytes must not change until they are written. */
  push(piece: Piece): void {
    const length = pieceLength(piece);
    if (length === 0) return;
    this.#pieces.push(piece);
    this.#pendingBytes += length;
  }

  /** Forgets what is pending. The owner of a slice's file closes it. */
  clear(): void {
    this.#pieces.length = 0;
    this.#offset = 0;
    this.#pendingBytes = 0;
  }

  /**
   * Writes as much as the kernel takes, but no more than one turn's share.
   * @throws {OutboxError} when a file is shorter than its slice, was written over, or can't be read.
   */
  flush(): FlushResult {
    if (this.#hasSliceAhead()) this.#cork();
    const result = this.#writeShare();
    if (this.#isCorked && result === "empty") this.#uncork();
    return result;
  }

  /** Whether a large slice for the kernel comes next: at once, after a head, or after the line between two chunks. */
  #hasSliceAhead(): boolean {
    if (this.#pendingBytes < LEAST_CORKED_BYTES) return false;
    return (
      this.#isForKernel(this.#pieces[0], this.#offset, LEAST_CORKED_BYTES) ||
      this.#isForKernel(this.#pieces[1], 0, LEAST_CORKED_BYTES) ||
      this.#isForKernel(this.#pieces[2], 0, LEAST_CORKED_BYTES)
    );
  }

  /**
   * The kernel sends a slice page by page, and a segment's size is no multiple of a page's: left alone, it sends a
   * small segment after each large one. Once is not enough: the runtime takes the cork off when the socket drains.
   */
  #cork(): void {
    this.#isCorked = true;
    cork(this.#writer.fd ?? -1);
  }

  #uncork(): void {
    this.#isCorked = false;
    uncork(this.#writer.fd ?? -1);
  }

  #writeShare(): FlushResult {
    let budget = TURN_BYTES;
    while (this.#pendingBytes > 0) {
      if (budget <= 0) return "yielded";
      const result = this.#writeSome();
      if (typeof result === "string") return result;
      budget -= result;
    }
    return "empty";
  }

  /** One write: a slice by the kernel, the first bytes alone if they fill it, else as many pieces as fit into the buffer. */
  #writeSome(): number | "blocked" | "closed" {
    const [first] = this.#pieces;
    if (first === undefined) return 0;
    if (this.#isForKernel(first, this.#offset)) return this.#sendSlice(first);
    if (
      first instanceof Uint8Array &&
      (this.#pieces.length === 1 || first.length - this.#offset >= this.#chunkBytes)
    ) {
      return this.#write(first, this.#offset, first.length - this.#offset);
    }
    return this.#writeFilled(this.#fillScratch(this.#chunkBytes));
  }

  #isForKernel(piece: Piece | undefined, offset: number, leastBytes = LEAST_SENT_BYTES): piece is FileSlice {
    if (this.#declinesLeft === 0 || piece === undefined || piece instanceof Uint8Array) return false;
    return kernelBytes(piece, offset) >= leastBytes && piece.file.fd !== undefined;
  }

  /** Writes the first `length` bytes of the scratch buffer: in one segment with the slice, if one follows that the kernel sends. */
  #writeFilled(length: number): number | "blocked" | "closed" {
    const hasNext = this.#declinesLeft > 0 && length < this.#pendingBytes && length < this.#chunkBytes;
    if (!hasNext || this.#isCorked) return this.#write(scratch, 0, length);
    const sent = sendAhead(this.#writer.fd ?? -1, scratchAddress, length);
    this.#consume(sent);
    if (sent === length) return sent;
    const rest = this.#write(scratch, sent, length - sent);
    return typeof rest === "number" ? sent + rest : rest;
  }

  #sendSlice(slice: FileSlice): number | "blocked" | "closed" {
    const length = Math.min(kernelBytes(slice, this.#offset), SENT_CHUNK_BYTES);
    const sent = sendFile(this.#writer.fd ?? -1, slice.file.fd ?? -1, slice.position + this.#offset, length);
    if (sent === 0) throw new OutboxError("The file became shorter while it was being sent");
    if (sent === undefined) return this.#sendOneByte();
    this.#declinesLeft = MOST_DECLINES;
    this.#consume(sent);
    if (sent === length) return sent;
    const more = this.#sendOneByte();
    return typeof more === "number" ? sent + more : more;
  }

  /**
   * Why did the kernel send less than it was asked for? An ordinary write tells: the socket is closed; or it is full, and
   * the runtime learns that it has to watch for room; or there is room: just now, or this file can't be sent in that way.
   */
  #sendOneByte(): number | "blocked" | "closed" {
    const written = this.#write(scratch, 0, this.#fillScratch(1));
    if (typeof written === "number") this.#declinesLeft -= 1;
    return written;
  }

  #write(bytes: Uint8Array, offset: number, length: number): number | "blocked" | "closed" {
    const taken = this.#writer.write(bytes, offset, length);
    if (taken < 0) return "closed";
    if (taken > 0) this.#consume(taken);
    this.#adapt(taken, length);
    return taken < length ? "blocked" : taken;
  }

  #adapt(taken: number, offered: number): void {
    if (taken === offered) this.#chunkBytes = Math.min(SCRATCH_BYTES, this.#chunkBytes * 2);
    else this.#chunkBytes = Math.max(LEAST_CHUNK_BYTES, Math.min(SCRATCH_BYTES, taken * 2));
  }

  /** Copies and reads pieces into the scratch buffer. @returns the number of bytes there, at least 1. */
  #fillScratch(mostBytes: number): number {
    const limit = Math.min(mostBytes, this.#pendingBytes);
    let filled = 0;
    let offset = this.#offset;
    for (const piece of this.#pieces) {
      if (filled >= limit || (filled > 0 && this.#isForKernel(piece, offset))) break;
      const length = Math.min(pieceLength(piece) - offset, limit - filled);
      if (!(piece instanceof Uint8Array)) readSlice(piece, offset, scratch.subarray(filled, filled + length));
      else if (length === piece.length) scratch.set(piece, filled);
      else scratch.set(piece.subarray(offset, offset + length), filled);
      filled += length;
      offset = 0;
    }
    return filled;
  }

  #consume(count: number): void {
    this.#writtenBytes += count;
    if (count === this.#pendingBytes) return this.clear();
    this.#pendingBytes -= count;
    let gone = this.#offset + count;
    let whole = 0;
    for (const piece of this.#pieces) {
      const length = pieceLength(piece);
      if (gone < length) break;
      gone -= length;
      whole += 1;
    }
    if (whole > 0) this.#pieces.splice(0, whole);
    this.#offset = gone;
  }
}

/** How many bytes of `slice`, from `offset` on, the kernel may send by itself. */
function kernelBytes(slice: FileSlice, offset: number): number {
  return slice.length - offset - (slice.file.isIntact === undefined ? 0 : HELD_BYTES);
}

/**
 * Fills `target` from `slice`, beginning `offset` bytes into it.
 *
 * The end of a file that was written over meanwhile is refused: the peer has the beginning of another version, and must see a cut.
 */
function readSlice(slice: FileSlice, offset: number, target: Uint8Array): void {
  let filled = 0;
  while (filled < target.length) {
    const count = readOnce(slice, offset + filled, filled === 0 ? target : target.subarray(filled));
    if (count === 0) throw new OutboxError("The file became shorter while it was being sent");
    filled += count;
  }
  if (offset + filled === slice.length && slice.file.isIntact?.() === false)
    throw new OutboxError("The file was written over while it was being sent");
}

function readOnce(slice: FileSlice, offset: number, target: Uint8Array): number {
  try {
    return slice.file.read(target, slice.position + offset);
  } catch (cause) {
    throw new OutboxError("The file could not be read while it was being sent", { cause });
  }
}
