/** Reading past the runtime, over real sockets: what comes by either way is all that was sent, in order. */
import { describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { concatBytes } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { DIRECT_BYTES, DirectReader } from "../../src/net/direct-reader.ts";
import { libc } from "../../src/base/libc.ts";

const CONTENT = Buffer.alloc(24 * 1024 * 1024, "The quick brown fox. ");

const TURN_MS = 2;

type Received = {
  readonly bytes: Uint8Array;
  /** How many of them came past the runtime. */
  readonly directBytes: number;
  /** The most that came so at once. */
  readonly mostBytes: number;
  readonly error: Error | undefined;
};

/** Sends `content`, ends as `end` does, and receives all of it: past the runtime while `allowedBytes` says so. */
async function transfer(
  content: Uint8Array,
  allowedBytes: () => number,
  end: (socket: Socket) => void,
): Promise<Received> {
  const parts: Uint8Array[] = [];
  let directBytes = 0;
  let mostBytes = 0;
  const closed = Promise.withResolvers<Error | undefined>();
  const scratch = Buffer.alloc(DIRECT_BYTES);
  const reader = new DirectReader(() => scratch, systemClock, TURN_MS);
  let position = 0;
  const send = (socket: Socket) => {
    while (position < content.length) {
      const written = socket.write(content, position, content.length - position);
      if (written <= 0) return;
      position += written;
    }
    end(socket);
  };
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: send, drain: send, data() {} },
  });
  await Bun.connect({
    hostname: "127.0.0.1",
    port: listener.port,
    socket: {
      data: (socket, chunk) => {
        parts.push(chunk);
        reader.beginTurn();
        for (
          let read = reader.read(socket.fd, allowedBytes());
          read;
          read = reader.read(socket.fd, allowedBytes())
        ) {
          parts.push(Uint8Array.from(read));
          directBytes += read.length;
          mostBytes = Math.max(mostBytes, read.length);
        }
      },
      close: (_, error) => closed.resolve(error),
    },
  });
  const error = await closed.promise;
  listener.stop(true);
  return { bytes: concatBytes(parts), directBytes, mostBytes, error };
}

const close = (socket: Socket) => void socket.end();

describe("DirectReader", () => {
  test("loses nothing, and leaves the end to the runtime", async () => {
    const { bytes, directBytes, error } = await transfer(CONTENT, () => Infinity, close);
    expect(CONTENT.equals(bytes)).toBe(true);
    expect(error).toBeUndefined();
    if (libc() !== undefined) expect(directBytes).toBeGreaterThan(0);
  });

  test("reads no more than it may", async () => {
    const { bytes, mostBytes } = await transfer(CONTENT, () => 1000, close);
    expect(CONTENT.equals(bytes)).toBe(true);
    expect(mostBytes).toBeLessThanOrEqual(1000);
    expect((await transfer(CONTENT, () => 0, close)).directBytes).toBe(0);
  });

  test("leaves a broken connection to the runtime, which tells", async () => {
    const { error } = await transfer(
      CONTENT,
      () => Infinity,
      (socket) => socket.terminate(),
    );
    expect(error).toMatchObject({ code: "ECONNRESET" });
  });

  test("reads nothing before the runtime has told of bytes, nor from a closed socket", async () => {
    const told = Promise.withResolvers<void>();
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void socket.write("hello"), data() {} },
    });
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: listener.port,
      socket: { data: () => told.resolve() },
    });
    const reader = new DirectReader(() => Buffer.alloc(10), systemClock, 60_000);
    expect(reader.read(socket.fd, 10)).toBeUndefined();
    await told.promise;
    reader.beginTurn();
    expect(reader.read(socket.fd, 10)).toBeUndefined();
    socket.end();
    expect(reader.read(socket.fd, 10)).toBeUndefined();
    listener.stop(true);
  });
});
