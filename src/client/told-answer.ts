/**
 * The answer that whoever wants a file is told of: once, although it may take several to fetch it; and how long it took to come.
 */
import { type Answer, describeAnswer, type FirstByte, measureFirstByte } from "./answer.ts";
import type { Arrival } from "./redirect.ts";
import type { Phases } from "./report.ts";

export class ToldAnswer {
  readonly #onAnswer: ((answer: Answer) => void) | undefined;
  readonly #startedAtMs: number;
  #answer: Answer | undefined;
  #isTold = false;
  #firstByte: FirstByte | undefined;

  /** @param startedAtMs on the monotonic clock: a connection older than that is a reused one. */
  constructor(onAnswer: ((answer: Answer) => void) | undefined, startedAtMs: number) {
    this.#onAnswer = onAnswer;
    this.#startedAtMs = startedAtMs;
  }

  /** The last answer; `undefined` before the first. */
  get answer(): Answer | undefined {
    return this.#answer;
  }

  /**
   * Takes note of an answer. The phases stay those of the first.
   * @param totalBytes the length of the whole, where it is known already.
   */
  note({ reply, url }: Arrival, totalBytes: number | undefined): Answer {
    const described = describeAnswer(reply, url, this.#startedAtMs);
    this.#answer = { ...described, totalBytes: totalBytes ?? described.totalBytes };
    this.#firstByte ??= measureFirstByte(reply);
    return this.#answer;
  }

  /** Adds the length of the whole to the last answer, which has brought only a part. */
  learnTotal(totalBytes: number | undefined): void {
    if (this.#answer !== undefined) this.#answer = { ...this.#answer, totalBytes };
  }

  /** Tells of the last answer, unless one has been told of already. Throws what the listener throws. */
  tell(): void {
    if (this.#isTold || this.#answer === undefined) return;
    this.#isTold = true;
    this.#onAnswer?.(this.#answer);
  }

  /**
   * The phases of a transfer that was over at `transferredAtMs` and on the disk at `savedAtMs`, on the monotonic clock; `undefined`
   * before the first answer.
   */
  phasesUntil(transferredAtMs: number, savedAtMs: number): Phases | undefined {
    if (this.#firstByte === undefined) return undefined;
    const { phases, atMs } = this.#firstByte;
    return { ...phases, transferMs: transferredAtMs - atMs, saveMs: savedAtMs - transferredAtMs };
  }
}
