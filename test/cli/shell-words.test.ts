import { describe, expect, test } from "bun:test";
import fc from "fast-check";

import { UsageError } from "../../src/cli/exit.ts";
import { quoteRest, quoteWord, splitWords } from "../../src/cli/shell-words.ts";

describe("quoteRest()", () => {
  test.each(["a'b", 'a"b', "a\\b", "a b", "#", 'it\'s "so"\\'])("is read back in every quote: %j", (text) => {
    for (const quote of ["'", '"'] as const) {
      expect(splitWords(`${quote}x${quoteRest(text, quote)}${quote}`)).toEqual([`x${text}`]);
    }
    expect(splitWords(`x${quoteRest(text, undefined)}`)).toEqual([`x${text}`]);
  });
});

describe("splitWords()", () => {
  test.each<[string, string[]]>([
    ["", []],
    ["   \t ", []],
    ["# comment", []],
    ["  # comment", []],
    ["GET server/a.txt", ["GET", "server/a.txt"]],
    ["\tget  a.txt  b.txt \r", ["get", "a.txt", "b.txt"]],
    ["get a.txt # comment", ["get", "a.txt"]],
    ["get a#1.txt", ["get", "a#1.txt"]],
    ["get \\#1.txt", ["get", "#1.txt"]],
    ["get '#1.txt'", ["get", "#1.txt"]],
    ["get 'a b'", ["get", "a b"]],
    ['get "a b"', ["get", "a b"]],
    ["get a\\ b", ["get", "a b"]],
    ['get a" "b', ["get", "a b"]],
    ["get ''", ["get", ""]],
    ["get 'a\\b'", ["get", "a\\b"]],
    ['get "a\\"b\\\\c\\d"', ["get", 'a"b\\c\\d']],
    ["get it\\'s", ["get", "it's"]],
    ['get "it\'s"', ["get", "it's"]],
    ["put C:\\photos\\a.txt", ["put", "C:\\photos\\a.txt"]],
    ["get a\\", ["get", "a\\"]],
    ["get ä\u00a0b", ["get", "ä", "b"]],
  ])("splits %j", (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  test.each(["get 'a", 'get "a', 'get "a\\"', "'"])("refuses the open quote of %j", (line) => {
    expect(() => splitWords(line)).toThrow(UsageError);
    expect(() => splitWords(line)).toThrow("is not closed");
  });
});

describe("quoteWord()", () => {
  test("writes every word so that it is read back as one", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), (word) => {
        expect(splitWords(quoteWord(word))).toEqual([word]);
      }),
    );
  });

  test("leaves plain words alone", () => {
    expect(quoteWord("photo-1#2.jpg")).toBe("photo-1#2.jpg");
  });
});
