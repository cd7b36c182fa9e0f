import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { join } from "node:path";
import { parseRemoteUrl, UrlError } from "../../src/client/origin.ts";
import { OutputTemplate, TemplateError } from "../../src/client/output-template.ts";
import { TransferError } from "../../src/client/transfer-error.ts";

const expand = (template: string, url: string, n = 7) =>
  new OutputTemplate(template).expand(parseRemoteUrl(url), n).join("/");

describe("OutputTemplate", () => {
  test.each([
    ["{name}", "http://h/a/b.txt", "b.txt"],
    ["{host}/{path}", "http://h:81/a/b%20c.txt?x=1", "h/a/b c.txt"],
    ["{host}-{n}-{name}", "http://[::1]/a/", "__1-7-index.html"],
    ["all/{path}", "http://h/", "all/index.html"],
    ["{n}{n}", "http://h/x", "77"],
    ["{name}", "http://h/%1b[1A", "_[1A"],
  ])("%s of %s is %s", (template, url, expected) => {
    expect(expand(template, url)).toBe(expected);
  });

  test.each(["{x}", "{}", "{name", "name}", "../{name}", "/{name}", "a//b", "a/", "..", "{constructor}"])(
    "refuses %p",
    (template) => expect(() => new OutputTemplate(template)).toThrow(TemplateError),
  );

  test.each([
    ["{name}", "http://h/..%2f..%2fetc%2fpasswd"],
    ["{path}", "http://h/..%2f/a.txt"],
    ["{path}", "http://h/a%5c..%5cb/c.txt"],
    ["{path}", "http://h/a//b.txt"],
    ["{path}", "http://h/%00/b.txt"],
    ["{path}", "http://h/%ff/b.txt"],
    ["{path}", `http://h/${"x".repeat(256)}/b.txt`],
    ["{name}{name}", `http://h/${"x".repeat(200)}`],
  ])("CVE-2014-4877: %s of %s is refused", (template, url) => {
    expect(() => expand(template, url)).toThrow(TransferError);
  });

  test("never leaves the folder, whatever the URL is", () => {
    const piece = fc.constantFrom(
      "..",
      ".",
      "/",
      "%2f",
      "%2e",
      "\\",
      "%5c",
      "%00",
      "a",
      "C:",
      "%25",
      " ",
      "?",
      "{n}",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          const path = join("/top", expand("{host}/{path}/{name}", `http://h/${pieces.join("")}`));
          expect(path).toStartWith("/top/h/");
        } catch (error) {
          if (!(error instanceof TransferError || error instanceof UrlError)) throw error;
        }
      }),
    );
  });
});
