import { afterAll, describe, expect, test } from "bun:test";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canBeTrusted, chooseWrite, KEPT_BELOW_BYTES, writeUncached } from "../../src/base/uncached-write.ts";
import { writePiece } from "../../src/base/write-piece.ts";

const folder = mkdtempSync(join(tmpdir(), "netfile-uncached-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SIZE = 3 * 1024 * 1024 + 4567;
const BYTES = new Uint8Array(SIZE).map((_, index) => (index * 7 + (index >> 8)) % 251);

/** Writes all of `bytes` at `position`. */
function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.length) {
    const count = writeUncached(fd, bytes, written, position + written);
    expect(count).toBeGreaterThan(0);
    written += count;
  }
}

test("chooseWrite() leaves smaller files to an ordinary write", () => {
  expect(chooseWrite(0)).toBe(writePiece);
  expect(chooseWrite(KEPT_BELOW_BYTES - 1)).toBe(writePiece);
  expect(chooseWrite(KEPT_BELOW_BYTES)).toBe(writeUncached);
});

describe("writeUncached()", () => {
  test.each([
    ["pages", 65_536],
    ["pieces that end within pages", 200_003],
    ["what is too little for it", 1000],
    ["all at once", SIZE],
  ])("writes %s, each to its place", (name, step) => {
    const path = join(folder, name);
    const fd = openSync(path, "w");
    for (let at = 0; at < SIZE; at += step) writeAll(fd, BYTES.subarray(at, at + step), at);
    closeSync(fd);
    expect(readFileSync(path).equals(BYTES)).toBe(true);
  });

  test("writes from behind to front, and from memory that threads share", () => {
    const path = join(folder, "backwards");
    const shared = new Uint8Array(new SharedArrayBuffer(SIZE));
    shared.set(BYTES);
    const fd = openSync(path, "w");
    for (let at = 299_999 * 10; at >= 0; at -= 299_999) writeAll(fd, shared.subarray(at, at + 299_999), at);
    closeSync(fd);
    expect(readFileSync(path).equals(BYTES)).toBe(true);
  });

  test("throws what the system says", () => {
    const fd = openSync(join(folder, "backwards"), "r");
    expect(() => writeUncached(fd, BYTES, 0, 0)).toThrow(/EBADF/);
    closeSync(fd);
  });

  test.skipIf(!existsSync("/dev/full"))("throws when the disk is full", () => {
    const fd = openSync("/dev/full", "w");
    expect(() => writeUncached(fd, BYTES, 0, 0)).toThrow(/ENOSPC/);
    closeSync(fd);
  });
});

test.each([
  ["6.18.44-fc-v669", true],
  ["6.16.0", true],
  ["7.0-rc1", true],
  ["6.15.9", false],
  ["6.6.1", false],
  ["5.19", false],
  ["nothing of the kind", false],
])("canBeTrusted(%j) is %p", (kernel, expected) => expect(canBeTrusted(kernel)).toBe(expected));
