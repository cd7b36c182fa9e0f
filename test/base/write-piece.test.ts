import { afterEach, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePiece } from "../../src/base/write-piece.ts";

const folder = mkdtempSync(join(tmpdir(), "netfile-write-"));
afterEach(() => rmSync(folder, { recursive: true }));

test("writePiece() writes what is left, 64 KiB of it at most, at a position or where the file stands", () => {
  const path = join(folder, "file");
  const bytes = Buffer.alloc(150_000, "abcdefg");
  const fd = openSync(path, "w+");
  expect(writePiece(fd, bytes, 0)).toBe(65_536);
  expect(writePiece(fd, bytes, 65_536)).toBe(65_536);
  expect(writePiece(fd, bytes, 131_072, 131_072)).toBe(18_928);
  closeSync(fd);
  expect(readFileSync(path).equals(bytes)).toBe(true);
});
