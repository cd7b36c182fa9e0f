import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, encodeUtf8 } from "../../src/base/bytes.ts";
import type { FileSlice, Piece, ReadableFile } from "../../src/base/piece.ts";
import { Outbox, OutboxError, type Writer } from "../../src/net/outbox.ts";

/** A kernel that takes what the test lets it take. */
class FakeSocket implements Writer {
  readonly received: Uint8Array[] = [];
  writes = 0;
  #room: number;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.#room = room;
  }

  makeRoom(bytes: number): void {
    this.#room = bytes;
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    this.writes += 1;
    const taken = Math.min(length, this.#room);
    this.#room -= taken;
    this.received.push(Uint8Array.from(bytes.subarray(offset, offset + taken)));
    return taken;
  }

  get text(): string {
    return Buffer.from(concatBytes(this.received)).toString("latin1");
  }
}

class FakeFile implements ReadableFile {
  readonly content: Uint8Array;
  readonly mostPerRead: number;

  constructor(content: Uint8Array, mostPerRead = Number.POSITIVE_INFINITY) {
    this.content = content;
    this.mostPerRead = mostPerRead;
  }

  read(target: Uint8Array, position: number): number {
    const part = this.content.subarray(position, position + Math.min(target.length, this.mostPerRead));
    target.set(part);
    return part.length;
  }

  close(): void {}
}

function slice(text: string, position: number, length: number, mostPerRead?: number): FileSlice {
  return { kind: "slice", file: new FakeFile(encodeUtf8(text), mostPerRead), position, length };
}

describe("Outbox", () => {
  test("sends a small head and a small file in one write", () => {
    const socket = new FakeSocket();
    const outbox = new Outbox(socket);
    outbox.push(encodeUtf8("head "));
    outbox.push(slice("0123456789", 2, 5));
    outbox.push(encodeUtf8(" tail"));
    expect(outbox.flush()).toBe("empty");
    expect(socket.text).toBe("head 23456 tail");
    expect(socket.writes).toBe(1);
    expect(outbox.writtenBytes).toBe(15);
  });

  test("keeps what the kernel does not take, in order", () => {
    const socket = new FakeSocket(3);
    const outbox = new Outbox(socket);
    outbox.push(encodeUtf8("abcdef"));
    outbox.push(slice("XYZ", 0, 3));
    expect(outbox.flush()).toBe("blocked");
    expect(outbox.pendingBytes).toBe(6);
    socket.makeRoom(4);
    expect(outbox.flush()).toBe("blocked");
    socket.makeRoom(100);
    expect(outbox.flush()).toBe("empty");
    expect(socket.text).toBe("abcdefXYZ");
  });

  test("goes on after a short read", () => {
    const socket = new FakeSocket();
    const outbox = new Outbox(socket);
    outbox.push(slice("0123456789", 0, 10, 3));
    expect(outbox.flush()).toBe("empty");
    expect(socket.text).toBe("0123456789");
  });

  test("throws when a file is shorter than its slice, and sends nothing made up", () => {
    const socket = new FakeSocket();
    const outbox = new Outbox(socket);
    outbox.push(slice("0123", 0, 10));
    expect(() => outbox.flush()).toThrow(OutboxError);
    expect(socket.text).toBe("");
  });

  test("keeps the end of a slice until it is known that nobody has written over it", () => {
    let isIntact = true;
    let asked = 0;
    const content = encodeUtf8("0123456789".repeat(100));
    const file: ReadableFile = {
      read: (target, position) => new FakeFile(content).read(target, position),
      close: () => {},
      isIntact: () => {
        asked += 1;
        return isIntact;
      },
    };
    const socket = new FakeSocket(300);
    const outbox = new Outbox(socket);
    outbox.push({ kind: "slice", file, position: 0, length: 500 });
    outbox.push({ kind: "slice", file, position: 500, length: 500 });
    expect(outbox.flush()).toBe("blocked");
    socket.makeRoom(300);
    expect(outbox.flush()).toBe("blocked");
    expect(asked).toBeGreaterThan(0);
    isIntact = false;
    socket.makeRoom(1000);
    expect(() => outbox.flush()).toThrow("written over");
    expect(socket.text).toBe("0123456789".repeat(60));
  });

  test("throws OutboxError when a file can't be read", () => {
    const outbox = new Outbox(new FakeSocket());
    const file: ReadableFile = {
      read: () => {
        throw new Error("EIO");
      },
      close: () => {},
    };
    outbox.push({ kind: "slice", file, position: 0, length: 5 });
    expect(() => outbox.flush()).toThrow(OutboxError);
  });

  test("yields after a turn's share, so that others are served", () => {
    const size = 20 * 1024 * 1024;
    const file: ReadableFile = { read: (target) => target.length, close: () => {} };
    const outbox = new Outbox({ write: (_bytes, _offset, length) => length });
    outbox.push({ kind: "slice", file, position: 0, length: size });
    let turns = 1;
    for (; outbox.flush() === "yielded"; turns++) expect(outbox.pendingBytes).toBeGreaterThan(0);
    expect(turns).toBeGreaterThanOrEqual(4);
    expect(outbox.writtenBytes).toBe(size);
  });

  test("says when the socket is closed", () => {
    const outbox = new Outbox({ write: () => -1 });
    outbox.push(encodeUtf8("x"));
    expect(outbox.flush()).toBe("closed");
  });

  test("forgets everything on clear()", () => {
    const socket = new FakeSocket(1);
    const outbox = new Outbox(socket);
    outbox.push(encodeUtf8("abc"));
    outbox.flush();
    outbox.clear();
    socket.makeRoom(10);
    outbox.push(encodeUtf8("Z"));
    expect(outbox.flush()).toBe("empty");
    expect(socket.text).toBe("aZ");
  });

  test("delivers every byte once and in order, whatever the kernel takes", () => {
    const pieces = fc.array(fc.tuple(fc.boolean(), fc.string({ maxLength: 40 })), { maxLength: 30 });
    const rooms = fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 60 });
    fc.assert(
      fc.property(pieces, rooms, (texts, steps) => {
        const socket = new FakeSocket(0);
        const outbox = new Outbox(socket);
        const ascii = texts.map(([isFile, text]) => [isFile, text.replace(/[^ -~]/g, "?")] as const);
        for (const [isFile, text] of ascii) {
          const piece: Piece = isFile ? slice(`..${text}..`, 2, text.length) : encodeUtf8(text);
          outbox.push(piece);
        }
        for (const room of steps) {
          socket.makeRoom(room);
          outbox.flush();
        }
        socket.makeRoom(Number.POSITIVE_INFINITY);
        expect(outbox.flush()).toBe("empty");
        expect(socket.text).toBe(ascii.map(([, text]) => text).join(""));
      }),
    );
  });
});
