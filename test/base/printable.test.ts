import { describe, expect, test } from "bun:test";
import fc from "fast-check";

import { printable } from "../../src/base/printable.ts";

describe("printable()", () => {
  test.each([
    ["plain text, ümläuts, 日本語, 🙂", "plain text, ümläuts, 日本語, 🙂"],
    ["a\nb\r\tc", "a\\x0ab\\x0d\\x09c"],
    ["\u001b]0;owned\u0007", "\\x1b]0;owned\\x07"],
    ["\u001b[2J", "\\x1b[2J"],
    ["\u009b31m", "\\x9b31m"],
    ["\u007f", "\\x7f"],
    ["\u0000", "\\x00"],
    ["gpj.\u202eexe", "gpj.\\u{202e}exe"],
    ["\u2066a\u2069", "\\u{2066}a\\u{2069}"],
    ["a\u2028b", "a\\u{2028}b"],
    ["\ufeffx", "\\u{feff}x"],
    ["\ud800x", "\\u{d800}x"],
  ])("makes %j harmless", (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test("leaves no control character, whatever comes (CVE-2009-4487)", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});
