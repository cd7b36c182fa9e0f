import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFolderListing } from "../../src/client/folder-listing.ts";
import type { Session } from "../../src/client/session.ts";
import { makeSession, transferErrorOf, urlOn } from "../support/client-session.ts";
import { hear, hearEnd, say, startScriptedServer, type ScriptedServer } from "../support/scripted-server.ts";

// 64 MiB and more take a busy machine a while.
setDefaultTimeout(60_000);

let session: Session;
let server: ScriptedServer;
beforeEach(() => {
  session = makeSession();
});
afterEach(() => {
  session.close();
  server.stop();
});

function serve(body: string, fields = "Content-Type: application/json\r\n", status = "200 OK"): void {
  const bytes = Buffer.from(body, "utf8");
  const head = `HTTP/1.1 ${status}\r\n${fields}Content-Length: ${bytes.length}\r\n\r\n`;
  server = startScriptedServer([[hear, say(head), say(bytes), hearEnd]]);
}

const list = () => readFolderListing(session, urlOn(server, "/sub/"));
const entry = (value: object) => JSON.stringify({ path: "/", entries: [value] });

describe("readFolderListing()", () => {
  test("reads a listing", async () => {
    const modified = "2026-01-02T03:04:05.678Z";
    serve(
      JSON.stringify({
        path: "/sub/",
        entries: [
          { name: "ordner", kind: "folder", modified },
          { name: "a ü😀.txt", kind: "file", size: 12, modified, extra: [1] },
          { name: ".hidden", kind: "file", size: 0 },
        ],
      }),
    );
    const modifiedMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    expect((await list()).entries).toEqual([
      { name: "ordner", kind: "folder", sizeBytes: undefined, modifiedMs },
      { name: "a ü😀.txt", kind: "file", sizeBytes: 12, modifiedMs },
      { name: ".hidden", kind: "file", sizeBytes: 0, modifiedMs: undefined },
    ]);
    expect(server.received[0]).toContain("\r\nAccept: application/json, text/html;q=0.5\r\n");
  });

  test("reads an empty one, with a charset", async () => {
    serve('{"path":"/","entries":[]}', "Content-Type: application/json; charset=utf-8\r\n");
    expect((await list()).entries).toEqual([]);
  });

  test("follows to the slash form", async () => {
    const body = '{"path":"/","entries":[]}';
    server = startScriptedServer([
      [
        hear,
        say("HTTP/1.1 308 Permanent Redirect\r\nLocation: /sub/\r\nContent-Length: 0\r\n\r\n"),
        hear,
        say(
          `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        ),
      ],
    ]);
    const listing = await readFolderListing(session, urlOn(server, "/sub"));
    expect(listing).toEqual({ url: urlOn(server, "/sub/"), entries: [], unusable: [] });
  });

  test.each([
    ["a page of its own", "<html>", "Content-Type: text/html\r\n"],
    ["a picture", "x", "Content-Type: image/png\r\n"],
    ["no type", "{}", ""],
    ["a coding", "{}", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"],
  ])("refuses %s", async (_name, body, fields) => {
    serve(body, fields);
    expect((await transferErrorOf(list())).phase).toBe("answer");
  });

  test.each(["404 Not Found", "403 Forbidden", "206 Partial Content"])("refuses %s", async (status) => {
    serve("{}", "Content-Type: application/json\r\n", status);
    expect((await transferErrorOf(list())).phase).toBe("answer");
  });

  test.each([
    ["broken JSON", "{"],
    ["another value", "1"],
    ["null", "null"],
    ["no entries", '{"path":"/"}'],
    ["entries that are no list", '{"entries":{}}'],
    ["an entry that is none", '{"entries":[1]}'],
    ["an entry that is null", '{"entries":[null]}'],
    ["no name", entry({ kind: "file", size: 1 })],
    ["a number for a name", entry({ name: 1, kind: "file", size: 1 })],
    ["no kind", entry({ name: "a", size: 1 })],
    ["an odd kind", entry({ name: "a", kind: "link", size: 1 })],
    ["a negative size", entry({ name: "a", kind: "file", size: -1 })],
    ["half a byte", entry({ name: "a", kind: "file", size: 0.5 })],
    ["a size as text", entry({ name: "a", kind: "file", size: "1" })],
    ["a size beyond all numbers", '{"entries":[{"name":"a","kind":"file","size":1e300}]}'],
    ["an odd date", entry({ name: "a", kind: "file", size: 1, modified: "yesterday" })],
    ["an impossible date", entry({ name: "a", kind: "file", size: 1, modified: "2026-13-02T03:04:05Z" })],
    ["a number for a date", entry({ name: "a", kind: "file", size: 1, modified: 1 })],
  ])("refuses %s", async (_name, body) => {
    serve(body);
    expect((await transferErrorOf(list())).phase).toBe("answer");
  });

  test("takes each name once, and tells of those that are none", async () => {
    const entries = ["a.txt", "../x", "b.txt", "a.txt"].map((name) => ({ name, kind: "file", size: 1 }));
    serve(JSON.stringify({ path: "/", entries }));
    const listing = await list();
    expect(listing.entries.map(({ name }) => name)).toEqual(["a.txt", "b.txt"]);
    expect(listing.unusable).toEqual(["../x"]);
  });

  test("refuses a listing above 64 MiB, and hangs up", async () => {
    const piece = say(Buffer.alloc(1024 * 1024, " "));
    server = startScriptedServer([
      [
        hear,
        say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n\r\n"),
        ...Array.from({ length: 80 }, () => piece),
        hearEnd,
      ],
    ]);
    expect((await transferErrorOf(list())).message).toContain("too long");
    await server.ended(0);
  });

  test("tells of JSON's names that are not UTF-8, and reads the others", async () => {
    const body = '[{"name":"\u00ff","type":"file"},{"name":"\u00c3\u00bc","type":"file"}]';
    server = startScriptedServer([
      [
        hear,
        say(
          `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        ),
      ],
    ]);
    const { entries, unusable } = await list();
    expect(entries.map(({ name }) => name)).toEqual(["ü"]);
    expect(unusable).toEqual(["\ufffd"]);
  });

  test("reads the links of a page whose texts are cut within a character, or are not UTF-8 at all", async () => {
    const page =
      '<title>Index of /</title><a href="gr%c3%b6n.txt">gr\u00c3..</a> <a href="b.txt">\u00fc</a> <a href="\u00fc.txt">x</a>';
    const bytes = Buffer.from(page, "latin1");
    server = startScriptedServer([
      [
        hear,
        say(`HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${bytes.length}\r\n\r\n`),
        say(bytes),
      ],
    ]);
    const { entries, unusable } = await list();
    expect(entries.map(({ name }) => name)).toEqual(["grön.txt", "b.txt"]);
    expect(unusable).toEqual(["\ufffd.txt"]);
  });

  test("can be interrupted", async () => {
    serve("{}");
    await transferErrorOf(readFolderListing(session, urlOn(server), { signal: AbortSignal.abort() }));
  });
});
