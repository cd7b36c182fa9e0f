import { describe, expect, test } from "bun:test";
import { parseBooleanItem, parseCountItem } from "../../src/semantics/structured-item.ts";

describe("parseBooleanItem()", () => {
  test.each([
    ["?1", true],
    ["?0", false],
    [" ?1  ", true],
    ["?1;a=1;b", true],
    [undefined, undefined],
    ["", undefined],
    ["1", undefined],
    ["true", undefined],
    ["?2", undefined],
    ["?", undefined],
    ["?1x", undefined],
    ["?1 ?0", undefined],
    ["?1, ?0", undefined],
    ["?1, item=?0", undefined],
    ["?1,", undefined],
    ["?1;", undefined],
    ["\t?1", undefined],
    ["(?1)", undefined],
    ['"?1"', undefined],
  ])("reads %p as %p (RFC 9651 §4.2.8)", (value, expected) => {
    expect(parseBooleanItem(value)).toBe(expected);
  });
});

describe("parseCountItem()", () => {
  test.each([
    ["0", 0],
    ["42", 42],
    ["0042", 42],
    ["-0", 0],
    ["7;q=1", 7],
    ["999999999999999", 999_999_999_999_999],
    [undefined, undefined],
    ["", undefined],
    ["1000000000000000", undefined],
    ["-1", undefined],
    ["+1", undefined],
    ["1.0", undefined],
    ["1.", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    ["1 2", undefined],
    ["1, 2", undefined],
    ["1, item=3", undefined],
    ["?1", undefined],
    ["@1", undefined],
    ['"1"', undefined],
  ])("reads %p as %p (RFC 9651 §4.2.4)", (value, expected) => {
    expect(parseCountItem(value)).toBe(expected);
  });
});
