/**
 * Connections to servers that may be gone for a moment, being restarted for instance: they are tried again for a while. All
 * who want one wait together, so that a server's absence is counted once, however many wait for it.
 */
import type { Clock } from "../base/clock.ts";
import { errorCode } from "../base/failure.ts";
import { formatHostPort } from "../net/endpoint.ts";
import { dial, type DialOptions, type Opened } from "./dial.ts";
import { throwIfInterrupted } from "./interruption.ts";
import type { Origin } from "./origin.ts";
import { pause, RetryPolicy } from "./retry.ts";
import { TransferError } from "./transfer-error.ts";

export type ConnectorOptions = {
  /** How often in a row a server that was reached before is tried again when it can't be any more. */
  readonly retries: number;
  /** Whether a server that was never reached is, too: it may be one that is being started. */
  readonly isForNew: boolean;
  readonly clock: Clock;
};

/** What is known of one server. */
type Absence = {
  isReached: boolean;
  policy: RetryPolicy;
  /** Counts the waits: who has begun to connect in an earlier one adds none. */
  round: number;
  /** When the current wait is over, on the monotonic clock. */
  untilMs: number;
};

export class Connector {
  readonly #options: ConnectorOptions;
  readonly #absences = new Map<string, Absence>();

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /**
   * Connects to `origin`.
   *
   * @param onWait told once of each wait, in a sentence.
   * @throws {TransferError} phase `resolve` or `connect`; final when all that may be tried has been.
   */
  async connect(origin: Origin, options: DialOptions, onWait?: (text: string) => void): Promise<Opened> {
    const absence = this.#absenceOf(origin);
    for (;;) {
      await this.#waitFor(absence, options.signal);
      const { round } = absence;
      try {
        const opened = await dial(origin, options);
        absence.isReached = true;
        absence.policy = this.#newPolicy();
        return opened;
      } catch (error) {
        if (!(error instanceof TransferError) || error.phase !== "connect") throw error;
        throwIfInterrupted("connect", options.signal);
        if (absence.round === round) this.#beginWait(absence, error, onWait);
      }
    }
  }

  /** Connects without waiting, for what is not needed. @throws {TransferError} */
  async connectAtOnce(origin: Origin, options: DialOptions): Promise<Opened> {
    const opened = await dial(origin, options);
    this.#absenceOf(origin).isReached = true;
    return opened;
  }

  /** @throws the failure when nothing is tried any more. */
  #beginWait(absence: Absence, error: TransferError, onWait: ((text: string) => void) | undefined): void {
    const { retries, isForNew, clock } = this.#options;
    // Before a server was ever reached, that nothing listens there is more often a slip in the name or the port than a server
    // that is being started: the user is told at once.
    if (!absence.isReached && !isForNew) throw isNobodyThere(error) ? error.asFinal() : error;
    const delayMs = absence.policy.delayAfter(error, { gainedBytes: 0, retryAfterMs: undefined });
    if (delayMs === undefined) throw retries > 0 ? error.asFinal() : error;
    absence.round += 1;
    absence.untilMs = clock.monotonicMs() + delayMs;
    onWait?.(`${error.whatHappened}. Trying again in ${(delayMs / 1000).toFixed(1)} s`);
  }

  async #waitFor({ untilMs }: Absence, signal: AbortSignal): Promise<void> {
    await pause(untilMs - this.#options.clock.monotonicMs(), signal);
    throwIfInterrupted("connect", signal);
  }

  #absenceOf({ host, port }: Origin): Absence {
    const key = formatHostPort(host, port);
    const known = this.#absences.get(key);
    if (known !== undefined) return known;
    const absence = { isReached: false, policy: this.#newPolicy(), round: 0, untilMs: 0 };
    this.#absences.set(key, absence);
    return absence;
  }

  #newPolicy(): RetryPolicy {
    return new RetryPolicy({ retries: this.#options.retries });
  }
}

function isNobodyThere(error: TransferError): boolean {
  return errorCode(error.cause) === "ECONNREFUSED";
}
