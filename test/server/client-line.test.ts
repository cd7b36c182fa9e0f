import { afterEach, describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { canSendFiles } from "../../src/net/send-file.ts";
import { limitUnsent } from "../../src/net/tcp-options.ts";
import { ClientLine, UNSENT_BYTES } from "../../src/server/client-line.ts";
import { DEFAULT_SERVER_LIMITS } from "../../src/server/limits.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { readTcpOption, TCP_NOTSENT_LOWAT } from "../support/tcp-option.ts";

const KIB = 1024;

let end = (): void => {};

async function openLine(): Promise<{ line: ClientLine; socket: Socket }> {
  const accepted = Promise.withResolvers<Socket>();
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: (socket) => accepted.resolve(socket), data() {} },
  });
  limitUnsent(listener.fd, UNSENT_BYTES);
  const client = await Bun.connect({
    hostname: "127.0.0.1",
    port: listener.port,
    socket: { open: (socket) => socket.pause(), data() {} },
  });
  end = () => {
    client.end();
    listener.stop(true);
  };
  const socket = await accepted.promise;
  const context = { limits: DEFAULT_SERVER_LIMITS, clock: new ManualClock() };
  return { line: new ClientLine(socket, { closed() {} }, context), socket };
}

afterEach(() => end());

describe("ClientLine.flush()", () => {
  test.skipIf(!canSendFiles())(
    "lets the kernel take much for few clients that read, and little for many",
    async () => {
      const { line, socket } = await openLine();
      const unsentKib = () => (readTcpOption(socket.fd, TCP_NOTSENT_LOWAT) ?? 0) / KIB;
      expect(unsentKib()).toBe(256);
      expect([line.flush(1), unsentKib()]).toEqual(["empty", 256]);
      line.outbox.push(new Uint8Array(64 * KIB * KIB));
      expect([line.flush(64), unsentKib()]).toEqual(["blocked", 4096]);
      expect([line.flush(65), unsentKib()]).toEqual(["blocked", 256]);
      line.flush(64);
      line.outbox.clear();
      expect([line.flush(64), unsentKib()]).toEqual(["empty", 256]);
    },
  );
});
