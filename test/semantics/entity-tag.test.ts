import { describe, expect, test } from "bun:test";
import {
  type EntityTag,
  formatEntityTag,
  matchesStrongly,
  matchesWeakly,
  parseEntityTag,
  parseEntityTagList,
} from "../../src/semantics/entity-tag.ts";

const strong = (opaque: string): EntityTag => ({ isWeak: false, opaque });
const weak = (opaque: string): EntityTag => ({ isWeak: true, opaque });

describe("parseEntityTag()", () => {
  test.each([
    ['"xyzzy"', strong("xyzzy")],
    ['W/"xyzzy"', weak("xyzzy")],
    ['""', strong("")],
    ['"a,b"', strong("a,b")],
    ['"a\\"', strong("a\\")],
    ['"!#~\u0080\u00ff"', strong("!#~\u0080\u00ff")],
  ])("reads %p (RFC 9110 §8.8.3)", (text, tag) => {
    expect(parseEntityTag(text)).toEqual(tag);
  });

  test.each([
    "",
    "xyzzy",
    '"xyzzy',
    'xyzzy"',
    'w/"xyzzy"',
    'W "xyzzy"',
    'W/ "xyzzy"',
    "W/xyzzy",
    '"a b"',
    '"a\tb"',
    '"a"b"',
    '"a\u007f"',
    '"a\u0100"',
    '"a", "b"',
    ' "a"',
    '"a" ',
    "'a'",
    "*",
  ])("refuses %p", (text) => {
    expect(parseEntityTag(text)).toBeUndefined();
  });
});

describe("parseEntityTagList()", () => {
  test.each([
    ["*", "*" as const],
    ['"a"', [strong("a")]],
    ['"xyzzy", "r2d2xxxx", "c3piozzzz"', [strong("xyzzy"), strong("r2d2xxxx"), strong("c3piozzzz")]],
    ['W/"xyzzy", W/"r2d2xxxx"', [weak("xyzzy"), weak("r2d2xxxx")]],
    ['"a","b"', [strong("a"), strong("b")]],
    ['"a" \t,\t "b"', [strong("a"), strong("b")]],
    ['"a,b", W/"c"', [strong("a,b"), weak("c")]],
    ['"a\\", "b"', [strong("a\\"), strong("b")]],
    [', "a",, ,"b" ,', [strong("a"), strong("b")]],
  ])("reads %p (RFC 9110 §13.1.1, §5.6.1.2)", (text, tags) => {
    expect(parseEntityTagList(text)).toEqual(tags);
  });

  test.each(["", ",", " , ", "abc", '"a" "b"', '"a", b', '"a", *', '*, "a"', '"a"; "b"', '"a', "**"])(
    "refuses %p",
    (text) => {
      expect(parseEntityTagList(text)).toBeUndefined();
    },
  );
});

describe("formatEntityTag()", () => {
  test.each(['"xyzzy"', 'W/"xyzzy"', '""'])("writes %p as it was read", (text) => {
    expect(formatEntityTag(parseEntityTag(text)!)).toBe(text);
  });
});

describe("matchesStrongly() and matchesWeakly()", () => {
  // The table of RFC 9110 §8.8.3.2.
  test.each([
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
    ['"1"', 'W/"1"', false, true],
    ['"a"', '"A"', false, false],
  ])("%p and %p: strongly %p, weakly %p (RFC 9110 §8.8.3.2)", (a, b, strongly, weakly) => {
    expect(matchesStrongly(parseEntityTag(a)!, parseEntityTag(b)!)).toBe(strongly);
    expect(matchesWeakly(parseEntityTag(a)!, parseEntityTag(b)!)).toBe(weakly);
  });
});
