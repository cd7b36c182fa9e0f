import { describe, expect, test } from "bun:test";
import { formatAttachment, parseExtendedValue } from "../../src/semantics/disposition.ts";

describe("formatAttachment()", () => {
  test.each([
    ["plans.pdf", 'attachment; filename="plans.pdf"'],
    ["two words.txt", 'attachment; filename="two words.txt"'],
    ["a;b=c.txt", 'attachment; filename="a;b=c.txt"'],
    ["it's (1).txt", 'attachment; filename="it\'s (1).txt"'],
    ["€ rates.txt", "attachment; filename=\"_ rates.txt\"; filename*=UTF-8''%E2%82%AC%20rates.txt"],
    ["naïve.txt", "attachment; filename=\"na_ve.txt\"; filename*=UTF-8''na%C3%AFve.txt"],
    ["😀.png", "attachment; filename=\"_.png\"; filename*=UTF-8''%F0%9F%98%80.png"],
    ['say "hi".txt', "attachment; filename=\"say _hi_.txt\"; filename*=UTF-8''say%20%22hi%22.txt"],
    ["a\\b", "attachment; filename=\"a_b\"; filename*=UTF-8''a%5Cb"],
    ["100%25.txt", "attachment; filename=\"100_25.txt\"; filename*=UTF-8''100%2525.txt"],
    ["ä'()*!~.txt", "attachment; filename=\"_'()*!~.txt\"; filename*=UTF-8''%C3%A4%27%28%29%2A!~.txt"],
    [
      "a\r\nSet-Cookie: x=1",
      "attachment; filename=\"a__Set-Cookie: x=1\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D1",
    ],
    ["a\0\u007f\u0085", "attachment; filename=\"a___\"; filename*=UTF-8''a%00%7F%C2%85"],
    ["\ud800", "attachment; filename=\"_\"; filename*=UTF-8''%EF%BF%BD"],
    ["", 'attachment; filename=""'],
  ])("writes %p (RFC 6266 §4, RFC 8187 §3.2)", (fileName, value) => {
    expect(formatAttachment(fileName)).toBe(value);
  });
});

describe("parseExtendedValue()", () => {
  test.each([
    ["UTF-8'en'%C2%A3%20rates", "£ rates"],
    ["UTF-8''%c2%a3%20and%20%e2%82%ac%20rates", "£ and € rates"],
    ["utf-8'de-1996'a!#$&+-.^_`|~", "a!#$&+-.^_`|~"],
    ["UTF-8''", ""],
    ["iso-8859-1'en'%A3%20rates", undefined],
    ["UTF-8''%A3", undefined],
    ["UTF-8''%C3%A", undefined],
    ["UTF-8''a b", undefined],
    ["UTF-8''a'b", undefined],
    ["UTF-8'e n'a", undefined],
    ["UTF-8'a", undefined],
    ["''a", undefined],
  ])("reads %p as %p (RFC 8187 §3.2)", (text, value) => {
    expect(parseExtendedValue(text)).toBe(value);
  });
});
