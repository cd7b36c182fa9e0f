import { describe, expect, test } from "bun:test";
import { parseQuality } from "../../src/semantics/quality.ts";

describe("parseQuality()", () => {
  test.each([
    ["0", 0],
    ["0.", 0],
    ["0.000", 0],
    ["0.001", 0.001],
    ["0.5", 0.5],
    ["1", 1],
    ["1.", 1],
    ["1.000", 1],
  ])("reads %p (RFC 9110 §12.4.2)", (text, quality) => {
    expect(parseQuality(text)).toBe(quality);
  });

  test.each([
    "",
    ".5",
    "0.0001",
    "1.001",
    "1.5",
    "2",
    "-0",
    "-1",
    "+1",
    "00",
    "1e0",
    "NaN",
    "0,5",
    " 1",
    "0.5 ",
  ])("refuses %p", (text) => {
    expect(parseQuality(text)).toBeUndefined();
  });
});
