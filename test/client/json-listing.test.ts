import { describe, expect, test } from "bun:test";
import { parseJsonListing } from "../../src/client/json-listing.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";
import { TransferError } from "../../src/client/transfer-error.ts";

const NOW_MS = Date.UTC(2026, 10, 21);
const url = parseRemoteUrl("http://example.org/");
const parse = (value: unknown) => parseJsonListing(JSON.stringify(value), url, NOW_MS);

const CADDY =
  '[{"name":"sub/","size":4096,"url":"./sub/","mod_time":"2026-11-21T05:04:16.156184267Z","mode":2147484141,"is_dir":true,"is_symlink":false},{"name":"a b\\u0026c.txt","size":3,"url":"./a%20b\\u0026c.txt","mod_time":"2026-11-21T05:04:16.156184267Z","mode":420,"is_dir":false,"is_symlink":false}]';
const NGINX = `[
{ "name":"sub", "type":"directory", "mtime":"Sat, 21 Nov 2026 05:04:16 GMT" },
{ "name":"a b&c.txt", "type":"file", "mtime":"Sat, 21 Nov 2026 05:04:16 GMT", "size":3 }
]`;
const AT_MS = Date.UTC(2026, 10, 21, 5, 4, 16);

describe("parseJsonListing()", () => {
  test.each([
    ["Caddy's", CADDY, "a b&c.txt", 156],
    ["nginx's", NGINX, "a b&c.txt", 0],
  ])("reads %s", (_name, text, file, ms) => {
    const modifiedMs = AT_MS + ms;
    expect(parseJsonListing(text, url, NOW_MS)).toEqual({
      entries: [
        { name: "sub", kind: "folder", sizeBytes: undefined, modifiedMs },
        { name: file, kind: "file", sizeBytes: 3, modifiedMs },
      ],
      unusable: [],
    });
  });

  test("leaves out what nginx lists as neither file nor folder", () => {
    const other = { name: "run.sock", type: "other", mtime: "Sat, 21 Nov 2026 05:04:16 GMT" };
    const file = { name: "a", type: "file", size: 3 };
    expect(parse([other, file])).toMatchObject({ entries: [{ name: "a" }], unusable: [] });
  });

  test("reads netfile's own", () => {
    const entries = [{ name: "a.txt", kind: "file", size: 1, modified: "2026-11-21T05:04:16.000Z" }];
    expect(parse({ path: "/", entries }).entries).toEqual([
      { name: "a.txt", kind: "file", sizeBytes: 1, modifiedMs: AT_MS },
    ]);
  });

  test.each(["", ".", "..", "../x", "/etc/passwd", "a/b", "..\\x", "a\u0000", "C:\\x", "\ud800"])(
    "CVE-2014-4877, CVE-2025-27142: tells of the name %p and takes the others",
    (name) => {
      const size = 1;
      const entries = [
        { name, kind: "file", size },
        { name: "ok", kind: "file", size },
      ];
      const read = parse({ entries });
      expect(read.unusable).toEqual([name]);
      expect(read.entries.map((entry) => entry.name)).toEqual(["ok"]);
      const caddy = parse(entries.map((entry) => ({ name: entry.name, size, is_dir: false })));
      expect(caddy.unusable).toEqual([name]);
    },
  );

  test.each([
    ["a number", 1],
    ["text", "x"],
    ["null", null],
    ["a list of numbers", [1]],
    ["no entries", {}],
    ["a name that is a number", [{ name: 1, is_dir: false }]],
    ["a size that is none", { entries: [{ name: "a", kind: "file", size: -1 }] }],
    ["an odd kind", [{ name: "a", type: "socket" }]],
  ])("refuses %s", (_name, value) => {
    expect(() => parse(value)).toThrow(TransferError);
  });

  test("refuses what is no JSON", () => {
    expect(() => parseJsonListing("{", url, NOW_MS)).toThrow(TransferError);
  });
});
