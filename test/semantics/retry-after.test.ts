import { describe, expect, test } from "bun:test";
import { parseRetryAfter } from "../../src/semantics/retry-after.ts";

const NOW_MS = Date.UTC(1999, 11, 31, 23, 59, 0) + 500;

describe("parseRetryAfter()", () => {
  test.each([
    ["120", 120_000],
    ["0", 0],
    ["Fri, 31 Dec 1999 23:59:59 GMT", 58_500],
    ["Friday, 31-Dec-99 23:59:59 GMT", 58_500],
    ["Fri, 31 Dec 1999 23:59:00 GMT", 0],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["9".repeat(400), Number.MAX_SAFE_INTEGER],
  ])("reads %p (RFC 9110 §10.2.3)", (value, ms) => {
    expect(parseRetryAfter(value, NOW_MS)).toBe(ms);
  });

  test.each([undefined, "", "soon", "-1", "+1", "1.5", "0x10", "120 ", "120, 120", "1999-12-31"])(
    "refuses %p",
    (value) => {
      expect(parseRetryAfter(value, NOW_MS)).toBeUndefined();
    },
  );
});
