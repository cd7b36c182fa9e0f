import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { FileHash, THREAD_ABOVE_BYTES } from "../../src/client/file-hash.ts";
import type { DigestAlgorithm } from "../../src/semantics/digest.ts";
import { makeTemporaryFolder, type TemporaryFolder, transferErrorOf } from "../support/client-session.ts";

const SIZE = 2 * THREAD_ABOVE_BYTES + 12_345;
const CONTENT = Buffer.alloc(SIZE, "0123456789abcdef!");

let folder: TemporaryFolder;
let fd: number;
beforeEach(() => {
  folder = makeTemporaryFolder();
  fd = openSync(folder.at("file"), "w+");
});
afterEach(() => {
  closeSync(fd);
  folder.remove();
});

const write = (start: number, end: number) => writeSync(fd, CONTENT, start, end - start, start);
const read = (target: Uint8Array, position: number) => readSync(fd, target, 0, target.length, position);
const digestOf = (algorithm: DigestAlgorithm, bytes: Uint8Array) =>
  new Bun.CryptoHasher(algorithm === "sha-256" ? "sha256" : "sha512").update(bytes).digest("hex");
const hex = (digest: Uint8Array | undefined) => Buffer.from(digest ?? []).toString("hex");

describe.each(["in a thread", "here"])("FileHash %s", (way) => {
  const makeHash = () => new FileHash(way === "here" ? { read } : { read, fd });

  test("is that of the whole, in whatever order the bytes came, whatever is needed when", async () => {
    const hash = makeHash();
    hash.need("sha-256");
    write(SIZE - 5000, SIZE);
    void hash.advance(0);
    write(0, THREAD_ABOVE_BYTES);
    void hash.advance(THREAD_ABOVE_BYTES);
    hash.need("sha-512");
    write(THREAD_ABOVE_BYTES, SIZE - 5000);
    void hash.advance(SIZE);
    const digests = await hash.finish(SIZE);
    expect([...digests.keys()].toSorted()).toEqual(["sha-256", "sha-512"]);
    expect(hex(digests.get("sha-256"))).toBe(digestOf("sha-256", CONTENT));
    expect(hex(digests.get("sha-512"))).toBe(digestOf("sha-512", CONTENT));
  });

  test("is that of the whole when the bytes are passed on as they are written, in order or not", async () => {
    const hash = makeHash();
    hash.need("sha-256");
    const pass = (start: number, end: number, prefixEnd = end) => {
      write(start, end);
      const bytes = Buffer.from(CONTENT.subarray(start, end));
      void hash.advance(prefixEnd, { bytes, position: start });
      // What was passed is not kept.
      bytes.fill(0);
    };
    const step = 300_001;
    const gap = THREAD_ABOVE_BYTES + 5 * step;
    for (let at = 0; at < gap; at += step) pass(at, Math.min(at + step, gap));
    pass(gap + step, gap + 2 * step, gap);
    pass(gap, gap + step, gap + 2 * step);
    for (let at = gap + 2 * step; at < SIZE; at += step) {
      pass(at, Math.min(at + step, SIZE));
      if (at % 7 === 0) await Bun.sleep(1);
    }
    expect(hex((await hash.finish(SIZE)).get("sha-256"))).toBe(digestOf("sha-256", CONTENT));
  });

  test("is that of the new content when the file begins anew", async () => {
    const hash = makeHash();
    hash.need("sha-256");
    writeSync(fd, Buffer.alloc(THREAD_ABOVE_BYTES), 0, THREAD_ABOVE_BYTES, 0);
    void hash.advance(THREAD_ABOVE_BYTES);
    ftruncateSync(fd, 0);
    hash.restart();
    write(0, SIZE);
    void hash.advance(SIZE);
    expect(hex((await hash.finish(SIZE)).get("sha-256"))).toBe(digestOf("sha-256", CONTENT));
  });

  test("says when the file has become shorter", async () => {
    const hash = makeHash();
    hash.need("sha-256");
    write(0, SIZE);
    void hash.advance(SIZE);
    const finishing = transferErrorOf(hash.finish(SIZE + 1));
    expect((await finishing).message).toBe("The part file became shorter while it was checked");
  });

  test("of nothing is known, and of no algorithm nothing", async () => {
    expect(await makeHash().finish(0)).toEqual(new Map());
    const hash = makeHash();
    hash.need("sha-256");
    expect(hex((await hash.finish(0)).get("sha-256"))).toBe(digestOf("sha-256", new Uint8Array(0)));
  });

  test("ends when it is interrupted", async () => {
    const hash = makeHash();
    hash.need("sha-256");
    write(0, SIZE);
    const controller = new AbortController();
    const finishing = transferErrorOf(hash.finish(SIZE, controller.signal));
    controller.abort();
    expect((await finishing).message).toBe("The transfer was interrupted");
  });

  test("begins nothing any more once it is stopped", async () => {
    const hash = makeHash();
    hash.need("sha-256");
    write(0, SIZE);
    void hash.advance(SIZE);
    const finishing = hash.finish(SIZE);
    hash.stop();
    await finishing;
    void hash.advance(SIZE);
  });
});

describe("FileHash, with a thread that begins before the bytes", () => {
  const MANY = Buffer.alloc(48 * 1024 * 1024 + 777, "0123456789abcdef!");
  const STEP = 500_009;

  /** Passes on what follows `start`, waiting where that is asked for. @returns how many pieces would be read from the file. */
  async function pass(hash: FileHash, start = 0): Promise<number> {
    let readBack = 0;
    for (let position = start; position < MANY.length; position += STEP) {
      const latest = { bytes: Buffer.from(MANY.subarray(position, position + STEP)), position };
      if (hash.readsBack(latest)) readBack += 1;
      await hash.advance(position + latest.bytes.length, latest);
    }
    return readBack;
  }

  test("reads nothing from the file when the thread is waited for", async () => {
    const hash = new FileHash({ read, fd });
    hash.need("sha-256");
    hash.expect(MANY.length);
    void hash.advance(0);
    expect(await pass(hash)).toBe(0);
    // The file is empty: it can't have been read.
    expect(hex((await hash.finish(MANY.length)).get("sha-256"))).toBe(digestOf("sha-256", MANY));
  });

  test("reads from the file what was there before, and then nothing any more", async () => {
    const before = 40 * 1024 * 1024;
    writeSync(fd, MANY);
    const hash = new FileHash({ read, fd });
    hash.need("sha-256");
    hash.expect(MANY.length);
    await hash.advance(before);
    ftruncateSync(fd, before);
    expect(await pass(hash, before)).toBe(0);
    expect(hex((await hash.finish(MANY.length)).get("sha-256"))).toBe(digestOf("sha-256", MANY));
  });

  test.each([
    ["can't read the file", 0x7ffffff],
    ["finds the file too short", undefined],
  ])("waits no more for a thread that %s", async (_name, wrongFd) => {
    const hash = new FileHash({ read, fd: wrongFd ?? fd });
    hash.need("sha-256");
    await hash.advance(20 * 1024 * 1024);
    writeSync(fd, MANY);
    await pass(hash, 20 * 1024 * 1024);
    expect(hex((await hash.finish(MANY.length)).get("sha-256"))).toBe(digestOf("sha-256", MANY));
  });

  test("waits no more when it is stopped", async () => {
    const hash = new FileHash({ read, fd });
    hash.need("sha-256");
    const waiting = hash.advance(20 * 1024 * 1024);
    hash.stop();
    await waiting;
  });

  test("takes what was read into the memory that it lent, and only there", async () => {
    const hash = new FileHash({ read, fd });
    hash.need("sha-256");
    hash.expect(MANY.length);
    expect(hash.lend(0)).toBeUndefined();
    void hash.advance(0);
    let lentCount = 0;
    for (let position = 0; position < MANY.length;) {
      expect(hash.lend(position + 1)).toBeUndefined();
      const lent = hash.lend(position);
      if (lent !== undefined) lentCount += 1;
      const length = Math.min(lent?.length ?? STEP, STEP, MANY.length - position);
      const bytes = (lent ?? Buffer.alloc(length)).subarray(0, length);
      bytes.set(MANY.subarray(position, position + length));
      await hash.advance(position + length, { bytes, position });
      position += length;
    }
    expect(lentCount).toBeGreaterThan(MANY.length / STEP / 2);
    expect(hex((await hash.finish(MANY.length)).get("sha-256"))).toBe(digestOf("sha-256", MANY));
  });

  test("needs nothing read back when nobody wants a digest", () => {
    const hash = new FileHash({ read, fd });
    const latest = { bytes: MANY.subarray(0, 1), position: 0 };
    expect(hash.readsBack(latest)).toBe(false);
    hash.need("sha-256");
    expect(hash.readsBack(latest)).toBe(true);
  });
});

test("FileHash reads again where its thread can't", async () => {
  write(0, SIZE);
  const hash = new FileHash({ read, fd: 0x7ffffff });
  hash.need("sha-256");
  void hash.advance(SIZE);
  expect(hex((await hash.finish(SIZE)).get("sha-256"))).toBe(digestOf("sha-256", CONTENT));
});
