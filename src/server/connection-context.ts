/**
 * What all connections of a server share.
 */
import type { Site } from "../site/respond.ts";
import type { KnownHeads } from "../wire/known-heads.ts";
import type { ServerLimits } from "./limits.ts";
import type { Register, Registered } from "./register.ts";
import type { TurnQueue } from "./turns.ts";
import type { UnsentContext } from "./unsent-answers.ts";

export type ConnectionContext<T extends Registered> = UnsentContext & {
  readonly site: Site;
  readonly limits: ServerLimits;
  readonly register: Register<T>;
  /** Requests' heads of late. */
  readonly knownHeads: KnownHeads;
  /** Who has much to write takes turns. */
  readonly turns: TurnQueue;
  /** Called once, when the connection's life is over. */
  readonly onClosed: (connection: T) => void;
};
