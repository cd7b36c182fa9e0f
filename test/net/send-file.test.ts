/** Large slices over a real socket, by the kernel and by ordinary writes: the same bytes either way. */
import { afterAll, describe, expect, test } from "bun:test";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReadableFile } from "../../src/base/piece.ts";
import { Outbox, OutboxError, type Writer } from "../../src/net/outbox.ts";
import { canSendFiles } from "../../src/net/send-file.ts";
import { readTcpOption, TCP_CORK } from "../support/tcp-option.ts";

const folder = mkdtempSync(join(tmpdir(), "netfile-send-"));
const size = 9_000_001;
const content = Buffer.alloc(size, "The quick brown fox. ");
writeFileSync(join(folder, "big"), content);
afterAll(() => rmSync(folder, { recursive: true }));

class TestFile implements ReadableFile {
  readonly descriptor = openSync(join(folder, "big"), "r");
  readonly fd: number | undefined;
  reads = 0;

  /** @param shownFd what the outbox is told of the descriptor. */
  constructor(shownFd: "its own" | "none" | "a pipe's") {
    if (shownFd === "its own") this.fd = this.descriptor;
    if (shownFd === "a pipe's") this.fd = 0x7ffffff;
  }

  read(target: Uint8Array, position: number): number {
    this.reads += 1;
    return readSync(this.descriptor, target, 0, target.length, position);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** An outbox to whoever listens on `port`; `room.notify` is called when there is room again. */
async function connectOutbox(port: number) {
  const room = { notify: () => {} };
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data() {}, drain: () => room.notify() },
  });
  return { socket, outbox: new Outbox(socket), room };
}

/** Sends head, slice and tail of `file` to a socket that reads, and gives all that it has read. */
async function send(file: TestFile): Promise<Buffer> {
  const received: Buffer[] = [];
  const closed = Promise.withResolvers<void>();
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (_, chunk) => void received.push(chunk), close: () => closed.resolve() },
  });
  const { socket, outbox, room } = await connectOutbox(listener.port);
  outbox.push(Buffer.from("head "));
  outbox.push({ kind: "slice", file, position: 3, length: size - 3 });
  outbox.push(Buffer.from(" tail"));
  for (let result = outbox.flush(); result !== "empty"; result = outbox.flush()) {
    if (result === "blocked") await new Promise<void>((resolve) => (room.notify = resolve));
    else expect(result).toBe("yielded");
  }
  socket.end();
  await closed.promise;
  listener.stop(true);
  file.close();
  return Buffer.concat(received);
}

const expected = Buffer.concat([Buffer.from("head "), content.subarray(3), Buffer.from(" tail")]);

describe("Outbox with a file of the system", () => {
  test.skipIf(!canSendFiles())("leaves a large slice to the kernel", async () => {
    const file = new TestFile("its own");
    expect((await send(file)).equals(expected)).toBe(true);
    // Only what an ordinary write needs, to learn that the socket is full.
    expect(file.reads).toBeLessThan(40);
  });

  test.skipIf(!canSendFiles())("keeps parts of segments back until it has sent all", async () => {
    const file = new TestFile("its own");
    const received = Promise.withResolvers<void>();
    let left = size;
    const reading = Promise.withResolvers<Bun.Socket>();
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(peer) {
          peer.pause();
          reading.resolve(peer);
        },
        data(_, chunk) {
          left -= chunk.length;
          if (left === 0) received.resolve();
        },
      },
    });
    const { socket, outbox, room } = await connectOutbox(listener.port);
    outbox.push(content.subarray(0, 100));
    outbox.push({ kind: "slice", file, position: 100, length: size - 100 });
    let result = outbox.flush();
    for (; result === "yielded"; result = outbox.flush());
    expect(result).toBe("blocked");
    expect(readTcpOption(socket.fd, TCP_CORK)).toBe(1);
    (await reading.promise).resume();
    for (; result !== "empty"; result = outbox.flush()) {
      if (result === "blocked") await new Promise<void>((resolve) => (room.notify = resolve));
    }
    expect(readTcpOption(socket.fd, TCP_CORK)).toBe(0);
    // The last part of a segment has not been left behind.
    await received.promise;
    socket.end();
    listener.stop(true);
    file.close();
  });

  test.each(["its own", "none"] as const)(
    "sends many short slices in order (descriptor: %s)",
    async (shownFd) => {
      const file = new TestFile(shownFd);
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      const received: Buffer[] = [];
      const listener = Bun.listen({
        hostname: "127.0.0.1",
        port: 0,
        socket: { data: (_, chunk) => void received.push(chunk), close: () => close() },
      });
      const { socket, outbox, room } = await connectOutbox(listener.port);
      const sent: Buffer[] = [];
      for (let index = 0; index < 400; index++) {
        const head = Buffer.from(`head ${index} `);
        const [position, length] = [index * 20_011, 1 + ((index * 977) % 20_000)];
        outbox.push(head);
        outbox.push({ kind: "slice", file, position, length });
        sent.push(head, content.subarray(position, position + length));
        for (let result = outbox.flush(); result !== "empty"; result = outbox.flush()) {
          if (result === "blocked") await new Promise<void>((resolve) => (room.notify = resolve));
        }
      }
      socket.end();
      await closed;
      listener.stop(true);
      file.close();
      expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true);
    },
  );

  test("reads it where there is no descriptor", async () => {
    const file = new TestFile("none");
    expect((await send(file)).equals(expected)).toBe(true);
    expect(file.reads).toBeGreaterThan(10);
  });

  test("reads it where the kernel can't send it", async () => {
    const file = new TestFile("a pipe's");
    expect((await send(file)).equals(expected)).toBe(true);
  });

  test.skipIf(!canSendFiles())("throws when the file became shorter", async () => {
    const path = join(folder, "shrinking");
    writeFileSync(path, content);
    const descriptor = openSync(path, "r+");
    ftruncateSync(descriptor, 0);
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const socket = await Bun.connect({ hostname: "127.0.0.1", port: listener.port, socket: { data() {} } });
    const writer: Writer = socket;
    const outbox = new Outbox(writer);
    const file = { fd: descriptor, read: () => 0, close: () => closeSync(descriptor) };
    outbox.push({ kind: "slice", file, position: 0, length: size });
    expect(() => outbox.flush()).toThrow(OutboxError);
    file.close();
    socket.end();
    listener.stop(true);
  });
});
