/**
 * A body that is taken to its end, from a server that may be slow but not next to silent.
 */
import type { Fields } from "../wire/fields.ts";
import type { Connection } from "./connection.ts";
import { readBody } from "./conversation.ts";
import { type Pace, stallError, stallWindowOf, StallWatch } from "./pace.ts";
import type { SessionOptions } from "./session.ts";

/** By which limits it is watched. */
export type BodyLimits = Pick<SessionOptions, "silenceMs" | "stallWindowMs" | "clock"> & {
  readonly pace?: Pace | undefined;
};

/**
 * Takes a body as `readBody` does. The time that `receive` takes is not the server's.
 * @throws {TransferError} also when it brings next to nothing; and whatever `receive` throws. The connection is closed then.
 */
export async function readWatchedBody(
  connection: Connection,
  limits: BodyLimits,
  receive: (bytes: Uint8Array) => void | Promise<void>,
): Promise<Fields> {
  const windowMs = stallWindowOf(limits);
  const { clock, pace } = limits;
  const watch = new StallWatch(windowMs, pace?.rateBytesPerS, () => {
    if (connection.isAwaited) connection.abandon(stallError("receive", windowMs));
  });
  const wait = async (pending: Promise<void>): Promise<void> => {
    const fromMs = clock.monotonicMs();
    await pending;
    watch.excuse(clock.monotonicMs() - fromMs);
  };
  try {
    return await readBody(connection, (bytes) => {
      watch.count(bytes.length);
      const pending = receive(bytes);
      return pending === undefined ? undefined : wait(pending);
    });
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    watch.stop();
  }
}
