import { describe, expect, test } from "bun:test";
import { splitList, trimOws } from "../../src/semantics/field-list.ts";

describe("splitList()", () => {
  test.each([
    ["foo ,bar,charlie", ["foo", "bar", "charlie"]],
    ["foo , ,bar,", ["foo", "bar"]],
    [", , ,", []],
    ["", []],
    [" \t", []],
    ["a", ["a"]],
    ["\ta \t,\t b\t", ["a", "b"]],
    ['"a,b", c', ['"a,b"', "c"]],
    ['a="x\\",y", b', ['a="x\\",y"', "b"]],
    ['a="x\\\\", b', ['a="x\\\\"', "b"]],
    ['"open, b', ['"open, b']],
    ['"open\\', ['"open\\']],
    ["a\\,b", ["a\\", "b"]],
    ["a b, c", ["a b", "c"]],
    ["\u00a0a, b", ["\u00a0a", "b"]],
  ])("splits %p (RFC 9110 §5.6.1.2)", (value, elements) => {
    expect(splitList(value)).toEqual(elements);
  });
});

describe("trimOws()", () => {
  test.each([
    ["", ""],
    [" ", ""],
    ["a", "a"],
    ["\t a b \t", "a b"],
    ["\u00a0a\v", "\u00a0a\v"],
  ])("cuts spaces and tabs, nothing else, off %p (RFC 9110 §5.6.3)", (text, trimmed) => {
    expect(trimOws(text)).toBe(trimmed);
  });
});
