import { describe, expect, test } from "bun:test";
import { parseMediaType } from "../../src/semantics/media-type.ts";

describe("parseMediaType()", () => {
  // The four examples of RFC 9110 §8.3.1 are the same type.
  test.each([
    "text/html;charset=utf-8",
    "Text/HTML;Charset=utf-8",
    'text/html; charset="utf-8"',
    "text/html;charset=utf-8 ",
  ])("reads %p (RFC 9110 §8.3.1)", (value) => {
    expect(parseMediaType(value)).toEqual({ type: "text/html", parameters: new Map([["charset", "utf-8"]]) });
  });

  test.each([
    ["image/svg+xml", "image/svg+xml"],
    ["application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"],
    ["a/b;", "a/b"],
  ])("reads %p without parameters", (value, type) => {
    expect(parseMediaType(value)).toEqual({ type, parameters: new Map() });
  });

  test("keeps the case of values and the first of two parameters", () => {
    expect(parseMediaType("a/b; X=Yz; x=2")?.parameters).toEqual(new Map([["x", "Yz"]]));
  });

  test.each([
    undefined,
    "",
    "text",
    "text/",
    "/html",
    "text/html/x",
    "text /html",
    "te xt/html",
    "text/html, text/plain",
    "text/html; charset",
  ])("refuses %p", (value) => {
    expect(parseMediaType(value)).toBeUndefined();
  });
});
