import { describe, expect, test } from "bun:test";

import { assertNever } from "../../src/base/assert-never.ts";
import { systemClock } from "../../src/base/clock.ts";
import { errorCode, errorText, fileReason } from "../../src/base/failure.ts";
import { formatJsonLine } from "../../src/base/json-line.ts";
import { pieceLength } from "../../src/base/piece.ts";

describe("errorCode()", () => {
  test.each([
    [Object.assign(new Error("x"), { code: "ENOENT" }), "ENOENT"],
    [{ code: "EPIPE" }, "EPIPE"],
    [Object.assign(new Error("x"), { code: 2 }), undefined],
    [new Error("x"), undefined],
    ["ENOENT", undefined],
    [null, undefined],
    [undefined, undefined],
  ])("is found or not (%#)", (error, code) => {
    expect(errorCode(error)).toBe(code);
  });
});

describe("errorText()", () => {
  test.each([
    [new Error("first\nsecond"), "first"],
    ["text", "text"],
    [undefined, "undefined"],
    [new Error(""), ""],
  ])("is one line (%#)", (error, text) => {
    expect(errorText(error)).toBe(text);
  });
});

describe("assertNever()", () => {
  test("throws when an alternative slips through", () => {
    expect(() => assertNever("new" as never)).toThrow('Unexpected alternative: "new"');
  });
});

describe("systemClock", () => {
  test("goes on, and knows the year", () => {
    const before = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
    expect(systemClock.nowMs()).toBeGreaterThan(Date.UTC(2024, 0));
  });
});

describe("pieceLength()", () => {
  test("is that of the bytes or of the slice", () => {
    const file = { read: () => 0, close: () => undefined };
    expect(pieceLength(Uint8Array.of(1, 2))).toBe(2);
    expect(pieceLength({ kind: "slice", file, position: 5, length: 7 })).toBe(7);
  });
});

describe("formatJsonLine()", () => {
  test("is printable ASCII that reads back as the value", () => {
    const value = { name: "a\u001b\u007f\u009b\u202eä🙂\n" };
    const line = formatJsonLine(value);
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(line)).toEqual(value);
  });
});

describe("fileReason()", () => {
  test.each([
    [
      Object.assign(new Error("ENOENT: no such file or directory, open 'x'"), { code: "ENOENT" }),
      "there is no such file or folder",
    ],
    [Object.assign(new Error("EACCES: x"), { code: "EACCES" }), "permission denied"],
    [Object.assign(new Error("Odd"), { code: "EODD" }), "Odd"],
    ["thrown text", "thrown text"],
  ])("gives words (%#)", (error, words) => {
    expect(fileReason(error)).toBe(words);
  });
});
