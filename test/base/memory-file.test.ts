import { afterEach, describe, expect, test } from "bun:test";
import { MemoryFile } from "../../src/base/memory-file.ts";
import type { FileSlice } from "../../src/base/piece.ts";
import { sendFile } from "../../src/net/send-file.ts";

const opened: MemoryFile[] = [];

afterEach(() => {
  for (const memory of opened.splice(0)) memory.close();
});

function openMemory(): MemoryFile {
  const memory = MemoryFile.open();
  if (memory === undefined) throw new Error("there is no memory file here");
  opened.push(memory);
  return memory;
}

function keep(memory: MemoryFile, text: string): FileSlice {
  const slice = memory.keep(new TextEncoder().encode(text));
  if (slice === undefined) throw new Error("there is no memory left");
  return slice;
}

function textOf({ file, position, length }: FileSlice): string {
  const target = new Uint8Array(length);
  expect(file.read(target, position)).toBe(length);
  return new TextDecoder().decode(target);
}

// Where such memory may be in huge pages, there is none.
describe.skipIf(MemoryFile.open() === undefined)("MemoryFile", () => {
  test("keeps what it is given, each beside the others", () => {
    const memory = openMemory();
    const texts = ["a", "b".repeat(4096), "c".repeat(70_000), "d".repeat(300_001)];
    const slices = texts.map((text) => keep(memory, text));
    expect(slices.map(textOf)).toEqual(texts);
    expect(memory.heldBytes).toBeGreaterThanOrEqual(texts.join("").length);
  });

  test("gives memory back, and the place to the next of the same length", () => {
    const memory = openMemory();
    const [first, second] = [keep(memory, "a".repeat(5000)), keep(memory, "b".repeat(5000))];
    const heldBytes = memory.heldBytes;
    memory.release(first);
    expect(memory.heldBytes).toBe(heldBytes / 2);
    const third = keep(memory, "c".repeat(6000));
    expect(third.position).toBe(first.position);
    expect([textOf(second), textOf(third)]).toEqual(["b".repeat(5000), "c".repeat(6000)]);
    // Nothing is left of what was there.
    expect(textOf({ ...third, length: 6001 })).toBe(`${"c".repeat(6000)}\0`);
    memory.release(second);
    memory.release(third);
    expect(memory.heldBytes).toBe(0);
  });

  test("keeps nothing when the system takes nothing", () => {
    const memory = openMemory();
    opened.pop();
    memory.close();
    expect(memory.keep(new Uint8Array(5000))).toBeUndefined();
    expect(memory.heldBytes).toBe(0);
  });

  test("what was sent is not changed when its place is given to something else before it is read", async () => {
    const memory = openMemory();
    const received: Buffer[] = [];
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    const { promise: reader, resolve: read } = Promise.withResolvers<Bun.Socket>();
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(socket) {
          socket.pause();
          read(socket);
        },
        data: (_, chunk) => void received.push(chunk),
        close: () => close(),
      },
    });
    const socket = await Bun.connect({ hostname: "127.0.0.1", port: listener.port, socket: { data() {} } });
    const slice = keep(memory, "old ".repeat(4096));
    expect(sendFile(socket.fd, memory.fd, slice.position, slice.length)).toBe(slice.length);
    memory.release(slice);
    expect(keep(memory, "new ".repeat(4096)).position).toBe(slice.position);
    socket.end();
    (await reader).resume();
    await closed;
    listener.stop(true);
    expect(Buffer.concat(received).toString()).toBe("old ".repeat(4096));
  });
});
