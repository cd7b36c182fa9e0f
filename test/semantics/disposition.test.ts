import { describe, expect, test } from "bun:test";
import { formatAttachment, parseDisposition } from "../../src/semantics/disposition.ts";

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

describe("parseDisposition()", () => {
  // RFC 6266 §5, RFC 8187 §3.2.3, and the cases by which browsers are compared.
  test.each<readonly [value: string, type: string, fileName: string | undefined]>([
    ["inline", "inline", undefined],
    ["INLINE", "inline", undefined],
    ["Attachment; filename=example.html", "attachment", "example.html"],
    ['INLINE; FILENAME= "an example.html"', "inline", "an example.html"],
    ["attachment; filename*= UTF-8''%e2%82%ac%20rates", "attachment", "€ rates"],
    ["attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates", "attachment", "€ rates"],
    ["attachment; filename*=UTF-8''%e2%82%ac; filename=x", "attachment", "€"],
    ["attachment; filename*=UTF-8'en'%C2%A3%20rates", "attachment", "£ rates"],
    ["attachment; filename*=iso-8859-1''foo-%E4.html", "attachment", "foo-ä.html"],
    ['attachment; filename="f\\oo.html"', "attachment", "foo.html"],
    ['attachment; filename="\\"quoting\\" tested.html"', "attachment", '"quoting" tested.html'],
    ['attachment; filename="Here\'s a semicolon;.html"', "attachment", "Here's a semicolon;.html"],
    ['attachment; foo="bar"; filename="foo.html"', "attachment", "foo.html"],
    ['attachment; filename ="foo.html"', "attachment", "foo.html"],
    ["attachment; filename=foo.html ;", "attachment", "foo.html"],
    ["attachment; filename='foo.bar'", "attachment", "'foo.bar'"],
    ['attachment; filename="foo-\u00e4.html"', "attachment", "foo-ä.html"],
    ['attachment; filename="foo-\u00c3\u00a4.html"', "attachment", "foo-ä.html"],
    ['attachment; filename="foo-%41.html"', "attachment", "foo-%41.html"],
    ['attachment; filename="../../x"', "attachment", "../../x"],
    ['attachment; filename=""', "attachment", ""],
    ["attachment; xfilename=foo.html", "attachment", undefined],
    ['foobar; filename="x"', "foobar", "x"],
    // An extended name that can't be decoded is passed over.
    ["attachment; filename*=UTF-8''foo-%E4.html; filename=x", "attachment", "x"],
    ["attachment; filename*=UTF-16''foo; filename=x", "attachment", "x"],
    ["attachment; filename*=''foo; filename=x", "attachment", "x"],
    ["attachment; filename*=foo; filename=x", "attachment", "x"],
    ["attachment; filename*=UTF-8'foo; filename=x", "attachment", "x"],
    ["attachment; filename*=UTF-8''f%zz; filename=x", "attachment", "x"],
    ["attachment; filename*=UTF-8''f%4; filename=x", "attachment", "x"],
    ["attachment; filename*=\"UTF-8''foo-%c3%a4.html\"", "attachment", undefined],
  ])("reads %p (RFC 6266)", (value, type, fileName) => {
    expect(parseDisposition(value)).toEqual({ type, name: undefined, fileName });
  });

  test("reads the name of a form field too (RFC 7578 §4.2)", () => {
    expect(parseDisposition('form-data; name="file"; filename="a.txt"')).toEqual({
      type: "form-data",
      name: "file",
      fileName: "a.txt",
    });
  });

  test.each([
    undefined,
    "",
    '"attachment"',
    "filename=foo.html",
    "; filename=foo.html",
    "attachment filename=foo",
    "attachment, inline",
    "inline; attachment; filename=foo.html",
    "attachment; filename=foo bar.html",
    "attachment; filename=foo,bar.html",
    'attachment; filename="foo',
    'attachment; filename="foo"bar',
    'attachment; filename="foo.html"; filename="bar.html"',
    "attachment; filename=foo[1](2).html",
    "attachment; filename=foo-ä.html",
    "attachment; filename",
    "attachment; filename=",
  ])("refuses %p", (value) => {
    expect(parseDisposition(value)).toBeUndefined();
  });

  test.each(["plans.pdf", "naïve €.txt", 'a"b\\c%41.txt', "😀\r\n\0", "'()*"])(
    "reads back what formatAttachment() writes of %p",
    (fileName) => {
      expect(parseDisposition(formatAttachment(fileName))?.fileName).toBe(fileName);
    },
  );
});
