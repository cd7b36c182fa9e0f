/**
 * What all connections of a server share.
 */
import type { Clock } from "../base/clock.ts";
import type { Site } from "../site/respond.ts";
import type { KnownHeads } from "../wire/known-heads.ts";
import type { ServerLimits } from "./limits.ts";
import type { ServerObserver } from "./observer.ts";
import type { Register, Registered } from "./register.ts";
import type { TurnQueue } from "./turns.ts";

export type ConnectionContext<T extends Registered> = {
  readonly site: Site;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly register: Register<T>;
  /** Requests' heads of late. */
  readonly knownHeads: KnownHeads;
  /** Who has much to write takes turns. */
  readonly turns: TurnQueue;
  readonly observer: ServerObserver;
  /** Called after each answer, with the time on the monotonic clock. */
  readonly onActivity: (nowMs: number) => void;
  /** Called once, when the connection's life is over. */
  readonly onClosed: (connection: T) => void;
};
