import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFolderListing } from "../../src/client/folder-listing.ts";
import { download } from "../../src/client/download.ts";
import { probe } from "../../src/client/probe.ts";
import { upload } from "../../src/client/upload.ts";
import type { Session } from "../../src/client/session.ts";
import type { Field } from "../../src/wire/fields.ts";
import { makeSession, makeTemporaryFolder, urlOn, type TemporaryFolder } from "../support/client-session.ts";
import { hear, hearBody, say, startScriptedServer, type ScriptedServer } from "../support/scripted-server.ts";

let folder: TemporaryFolder;
let session: Session;
let server: ScriptedServer;
beforeEach(() => {
  folder = makeTemporaryFolder();
  server = startScriptedServer([[hear, say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]]);
});
afterEach(() => {
  session.close();
  server.stop();
  folder.remove();
});

const WAYS: readonly [string, (session: Session) => Promise<unknown>][] = [
  [
    "a download to a file",
    (client) =>
      download(client, {
        url: urlOn(server),
        destination: { kind: "path", path: folder.path },
        force: false,
      }),
  ],
  [
    "a download for a consumer",
    (client) =>
      download(client, {
        url: urlOn(server),
        destination: { kind: "consumer", consume: () => {} },
        force: false,
      }),
  ],
  ["a listing", (client) => readFolderListing(client, urlOn(server, "/")).catch(() => undefined)],
  ["a probe", (client) => probe(client, urlOn(server), { wantsDigest: true })],
];

/** The field lines named `name` of what the server got. */
const linesOf = (name: string) =>
  server.received.join("").match(new RegExp(`^${name}:.*(?=\r$)`, "gim")) ?? [];
const openWith = (...fields: Field[]) => (session = makeSession({ ownFieldsFor: () => fields }));

describe("fields of the user's own", () => {
  test.each(WAYS)("take the place of netfile's in %s", async (_way, ask) => {
    await ask(openWith(["accept", "application/json"], ["USER-AGENT", "me"]));
    expect(linesOf("Accept")).toEqual(["accept: application/json"]);
    expect(linesOf("User-Agent")).toEqual(["USER-AGENT: me"]);
  });

  test.each(WAYS)("without a value leave netfile's out in %s", async (_way, ask) => {
    await ask(openWith(["Accept", ""], ["User-Agent", ""], ["X-Other", ""]));
    expect(server.received[0]).toContain("Host: 127.0.0.1");
    expect(server.received[0]).not.toMatch(/^(?:Accept|User-Agent|X-Other):/im);
  });

  test("may stand several times, all of them in the place of netfile's", async () => {
    const ask = WAYS[0]?.[1];
    await ask?.(openWith(["Accept", "a/b"], ["Accept", "c/d"]));
    expect(linesOf("Accept")).toEqual(["Accept: a/b", "Accept: c/d"]);
  });

  test("do the same for an upload", async () => {
    server.stop();
    server = startScriptedServer([
      [hear, hearBody(5), say("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")],
    ]);
    await Bun.write(folder.at("a.txt"), "hello");
    const client = openWith(["Accept", "text/plain"], ["Content-Type", ""]);
    await upload(client, { path: folder.at("a.txt"), url: urlOn(server), method: "PUT" });
    expect(linesOf("Accept")).toEqual(["Accept: text/plain"]);
    expect(linesOf("Content-Type")).toEqual([]);
  });
});
