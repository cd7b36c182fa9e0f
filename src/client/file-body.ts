/**
 * Takes a file's bytes as they come, over one connection or several, each to its place: onto the disk, into the digests,
 * into the counts; and holds their rate between what the user allows and what counts as a stall.
 */
import type { Clock } from "../base/clock.ts";
import type { Fields } from "../wire/fields.ts";
import type { Connection } from "./connection.ts";
import { readBody } from "./conversation.ts";
import type { Segment } from "./download-plan.ts";
import { FileHash } from "./file-hash.ts";
import { type Pace, stallError, StallWatch } from "./pace.ts";
import type { PartStore } from "./part-store.ts";
import { ProgressMeter } from "./progress.ts";
import type { LastWait, TransferProgress } from "./report.ts";
import { RttSamples } from "./rtt-samples.ts";
import type { Reply } from "./session.ts";
import { TransferError } from "./transfer-error.ts";

export type FileBodyOptions = {
  readonly clock: Clock;
  /** Over how long a rate that is next to nothing counts as a stall. */
  readonly stallWindowMs: number;
  readonly pace: Pace | undefined;
  readonly onProgress: ((progress: TransferProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
};

/** Thrown to stop reading a body whose rest another connection fetches. */
const SEGMENT_FULL = new Error("The segment is full");

export class FileBody {
  readonly hash: FileHash;
  readonly rtt = new RttSamples();
  readonly #store: PartStore;
  readonly #options: FileBodyOptions;
  readonly #meter: ProgressMeter;
  #receivedBytes = 0;

  constructor(store: PartStore, options: FileBodyOptions) {
    this.#store = store;
    this.#options = options;
    this.hash = new FileHash(store);
    this.#meter = new ProgressMeter(options.clock, undefined, options.onProgress, store.written);
  }

  /** What came over the network, whatever became of it. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Sets the counts by what is on the disk, and has a digest begin with it. */
  recount(): void {
    const { written, version } = this.#store;
    this.#meter.restart(written.totalBytes, version?.totalBytes);
    this.hash.expect(version?.totalBytes ?? 0);
    void this.hash.advance(written.prefixEnd);
  }

  /** Tells the final count, and what is still waited for, if anything. */
  finish(waitsFor?: LastWait): void {
    this.#meter.finish(waitsFor);
  }

  /**
   * Takes an answer's body into `segment`.
   *
   * @returns the trailers; `undefined` when the rest belongs to another connection now: this one is closed then.
   * @throws {TransferError} when it is cut short or stalls, or can't be saved; the connection is closed.
   */
  async take({ head, connection }: Reply, segment: Segment): Promise<Fields | undefined> {
    const { stallWindowMs, pace } = this.#options;
    const watch = new StallWatch(stallWindowMs, pace?.rateBytesPerS, () =>
      connection.abandon(stallError("receive", stallWindowMs)),
    );
    connection.lend = () => this.hash.lend(segment.position);
    try {
      const trailers = await readBody(connection, (bytes) => {
        watch.count(bytes.length);
        return this.#receive(segment, bytes, connection);
      });
      if (segment.end !== undefined && segment.position < segment.end) {
        if (head.framing.kind !== "chunked" || !isHint(segment)) throw endedSooner();
        this.#forgetHint(segment);
      }
      return trailers;
    } catch (error) {
      connection.close();
      if (error === SEGMENT_FULL) return undefined;
      throw error;
    } finally {
      connection.lend = undefined;
      watch.stop();
    }
  }

  /** HEAD has told another length than this answer has, which says itself where it ends (RFC 9112 §6.3). */
  #forgetHint(segment: Segment): void {
    segment.end = undefined;
    segment.askedEnd = undefined;
    this.#store.learn({ totalBytes: undefined });
    this.recount();
  }

  #receive(segment: Segment, bytes: Uint8Array, connection: Connection): void | Promise<void> {
    this.#receivedBytes += bytes.length;
    if (isHint(segment) && segment.position + bytes.length > segment.end) this.#forgetHint(segment);
    const { position, end } = segment;
    const room = end === undefined ? bytes.length : end - position;
    const taken = bytes.length > room ? bytes.subarray(0, Math.max(0, room)) : bytes;
    const latest = { bytes: taken, position };
    this.#store.write(taken, position, this.hash.readsBack(latest) ? "soon" : "later");
    segment.position += taken.length;
    const hashing = this.hash.advance(this.#store.written.prefixEnd, latest);
    this.#meter.advance(taken.length);
    this.rtt.sample(connection, this.#options.clock.monotonicMs());
    // Where the segment was cut short, what follows comes over another connection.
    if (taken.length < bytes.length || (segment.position === end && end !== segment.askedEnd))
      throw SEGMENT_FULL;
    const due = this.#options.pace?.take(bytes.length, this.#options.signal);
    return hashing === undefined || due === undefined ? (hashing ?? due) : waitForBoth(hashing, due);
  }
}

/** Whether its end is only what HEAD has told. */
function isHint(segment: Segment): segment is Segment & { end: number } {
  return segment.end !== undefined && segment.end === segment.hintedEnd;
}

async function waitForBoth(one: Promise<void>, other: Promise<void>): Promise<void> {
  await one;
  await other;
}

function endedSooner(): TransferError {
  return new TransferError("receive", "The answer ended before the part that was asked for; try again", {
    isRetryable: true,
  });
}
