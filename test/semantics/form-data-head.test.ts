import { describe, expect, test } from "bun:test";
import { FormDataError, parsePartHead } from "../../src/semantics/form-data-head.ts";

const read = (text: string): ReturnType<typeof parsePartHead> => parsePartHead(Buffer.from(text));
const fileNameOf = (parameter: string): string | undefined =>
  read(`Content-Disposition: form-data; name="f"; ${parameter}`).fileName;

describe("parsePartHead()", () => {
  test("reads name, file name and type (RFC 7578 §4.2, §4.4)", () => {
    expect(
      read('Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain'),
    ).toEqual({
      name: "file",
      fileName: "a.txt",
      mediaType: "text/plain",
    });
  });

  test("reads a field that is no file", () => {
    expect(read("content-disposition:FORM-DATA;NAME=note")).toEqual({
      name: "note",
      fileName: undefined,
      mediaType: undefined,
    });
  });

  test("reads folded lines, as MIME has them", () => {
    expect(read('Content-Disposition: form-data;\r\n name="a";\r\n\tfilename="b"').fileName).toBe("b");
  });

  test.each(["7bit", "8bit", "binary", "Binary"])("passes over Content-Transfer-Encoding %s", (encoding) => {
    expect(
      read(`Content-Transfer-Encoding: ${encoding}\r\nContent-Disposition: form-data; name=a`).name,
    ).toBe("a");
  });

  test.each([
    ['filename="naïve €😀.txt"', "naïve €😀.txt"],
    ['filename="a%22b.txt"', 'a"b.txt'],
    ['filename="a%0D%0Ab.txt"', "a\r\nb.txt"],
    ['filename="100%41%2F%0d.txt"', "100%41%2F%0d.txt"],
    ['filename="a%2522b.txt"', "a%2522b.txt"],
    ['filename="a\\"b.txt"', 'a"b.txt'],
    ['filename="a\\\\b.txt"', "a\\b.txt"],
    ['filename="C:\\dir\\x.txt"', "C:\\dir\\x.txt"],
    ['filename="\\..\\b"', "\\..\\b"],
    ['filename="a;b=c.txt"', "a;b=c.txt"],
    ['filename=""', ""],
  ])("reads %p as browsers and curl write it", (parameter, fileName) => {
    expect(fileNameOf(parameter)).toBe(fileName);
  });

  test.each([
    ["filename*=utf-8''n%C3%A4me.txt", "näme.txt"],
    ["filename*=UTF-8'de'%22%41%22", '"A"'],
    ["filename*=utf-8''..%2Fx%00.txt", "../x\0.txt"],
    [`filename="=?utf-8?B?w6QudHh0?="; filename*=utf-8''%C3%A4.txt`, "ä.txt"],
    [`filename*=utf-8''%C3%A4.txt; filename="=?utf-8?Q?=C3=A4.txt?="`, "ä.txt"],
    ["filename=a; filename*=UTF-8''x.txt", "a"],
    [`filename=""; filename*=UTF-8''x.txt`, ""],
    ['filename="=?utf-8?B?w6QudHh0?="', "=?utf-8?B?w6QudHh0?="],
    [`filename="=?utf-8?B?w6QudHh0?="; filename*=utf-8''%zz`, "=?utf-8?B?w6QudHh0?="],
    ["filename*=utf-8''%E4.txt", undefined],
    ["filename*=iso-8859-1''%E4.txt", undefined],
    ["filename*=utf-8'a.txt", undefined],
    ["filename*=a.txt", undefined],
  ])("reads %p as .NET and old urllib3 write it (RFC 8187 §3.2.1)", (parameter, fileName) => {
    expect(fileNameOf(parameter)).toBe(fileName);
  });

  test("decodes the field's name as the file's (WHATWG HTML)", () => {
    expect(read('Content-Disposition: form-data; name="a%22%0D%0A%25"').name).toBe('a"\r\n%25');
  });

  test.each([
    ["", "no lines"],
    ["Content-Type: text/plain", "no disposition"],
    ["Content-Disposition: attachment; name=a", "another disposition"],
    ["Content-Disposition: form-data", "no name"],
    ["Content-Disposition: form-data; filename=a", "a file name only"],
    ["Content-Disposition: form-data; name", "a name without a value"],
    ['Content-Disposition: form-data; name="a', "an open quote"],
    ['Content-Disposition: form-data; name="a\\"', "an escaped last quote"],
    ["Content-Disposition: form-data; name=a; name=b", "two names"],
    ["Content-Disposition: form-data; name=a; filename=b; filename=c", "two file names"],
    [
      "Content-Disposition: form-data; name=a; filename*=utf-8''b; filename*=utf-8''c",
      "two extended file names",
    ],
    ["Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b", "two dispositions"],
    ["Content-Disposition : form-data; name=a", "a space before the colon"],
    [" Content-Disposition: form-data; name=a", "a fold at the start"],
    ["Content-Disposition: form-data; name=a\r\nx", "a line without a colon"],
    ["Content-Disposition: form-data; name=a\r\n: x", "a line without a name"],
    ["Content-Disposition: form-data; name=a\nX: y", "a bare LF"],
    ["Content-Disposition: form-data; name=a\rX: y", "a bare CR"],
    ['Content-Disposition: form-data; name="a\0"', "a NUL"],
    ['Content-Disposition: form-data; name="a\u001b"', "a control character"],
    ["Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64", "base64"],
    [
      "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: quoted-printable",
      "quoted-printable",
    ],
  ])("refuses %p: %s", (text) => {
    expect(() => read(text)).toThrow(FormDataError);
  });

  test("refuses text that is not UTF-8", () => {
    const head = Buffer.from('Content-Disposition: form-data; name="\u00e4"', "latin1");
    expect(() => parsePartHead(head)).toThrow("The head of a part is not UTF-8");
  });
});
