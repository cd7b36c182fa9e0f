import { describe, expect, test } from "bun:test";
import {
  type ContentRange,
  formatContentRange,
  formatUnsatisfiedRange,
  parseContentRange,
} from "../../src/semantics/content-range.ts";

describe("parseContentRange()", () => {
  test.each<readonly [value: string, range: ContentRange]>([
    ["bytes 42-1233/1234", { kind: "span", span: { first: 42, last: 1233 }, sizeBytes: 1234 }],
    ["bytes 42-1233/*", { kind: "span", span: { first: 42, last: 1233 }, sizeBytes: undefined }],
    ["bytes */1234", { kind: "unsatisfied", sizeBytes: 1234 }],
    ["bytes */0", { kind: "unsatisfied", sizeBytes: 0 }],
    ["bytes 0-0/1", { kind: "span", span: { first: 0, last: 0 }, sizeBytes: 1 }],
    ["Bytes 0-0/1", { kind: "span", span: { first: 0, last: 0 }, sizeBytes: 1 }],
  ])("reads %p (RFC 9110 §14.4)", (value, range) => {
    expect(parseContentRange(value)).toEqual(range);
  });

  test.each([
    undefined,
    "",
    "bytes",
    "bytes */*",
    "bytes 0-0",
    "bytes=0-0/1",
    "bytes  0-0/1",
    "bytes 5-4/10",
    "bytes 0-10/10",
    "bytes 0-0/0",
    "bytes -5/10",
    "bytes 5-/10",
    "bytes 0-1/-1",
    "bytes 0-1/10 ",
    "bytes 0 - 1/10",
    "items 0-1/10",
    "bytes 0-9007199254740992/*",
    "bytes 0-1/99999999999999999999",
    "bytes */99999999999999999999",
    "bytes 0-1/10, bytes 2-3/10",
  ])("refuses %p", (value) => {
    expect(parseContentRange(value)).toBeUndefined();
  });
});

describe("formatContentRange() and formatUnsatisfiedRange()", () => {
  test("write what parseContentRange() reads (RFC 9110 §14.4)", () => {
    expect(formatContentRange({ first: 42, last: 1233 }, 1234)).toBe("bytes 42-1233/1234");
    expect(formatUnsatisfiedRange(47_022)).toBe("bytes */47022");
  });
});
