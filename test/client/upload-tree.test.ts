import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { LocalTree } from "../../src/client/local-tree.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";
import type { Session } from "../../src/client/session.ts";
import { readLocalTree, RemoteContent, urlBelow } from "../../src/client/upload-tree.ts";
import {
  makeSession,
  makeTemporaryFolder,
  transferErrorOf,
  type TemporaryFolder,
} from "../support/client-session.ts";
import {
  htmlListing,
  jsonListing,
  startRouteServer,
  type Route,
  type RouteServer,
} from "../support/route-server.ts";

let folder: TemporaryFolder;
let session: Session;
let server: RouteServer | undefined;
beforeEach(() => {
  folder = makeTemporaryFolder();
  session = makeSession();
});
afterEach(async () => {
  session.close();
  await server?.stop();
  server = undefined;
  folder.remove();
});

describe("readLocalTree()", () => {
  test("finds files, and skips what is hidden or a link", () => {
    mkdirSync(folder.at("sub/.git"), { recursive: true });
    for (const name of ["b.txt", "sub/a.txt", ".env", "sub/.git/config"]) writeFileSync(folder.at(name), "x");
    symlinkSync("/etc/passwd", folder.at("sub/secret.txt"));
    symlinkSync("/etc", folder.at("etc"));
    const content = readLocalTree(new LocalTree(folder.path, { make: false }));
    expect(content.files.map(({ names }) => names.join("/"))).toEqual(["b.txt", "sub/a.txt"]);
    expect(content.skipped.map(({ path }) => path)).toEqual([".env", "etc", "sub/.git", "sub/secret.txt"]);
    expect(content.problems).toEqual([]);
  });

  test.skipIf(process.platform === "win32")("tells of names that other systems read as paths", () => {
    for (const name of ["a\\b", "c:x", "d"]) writeFileSync(folder.at(name), "x");
    const content = readLocalTree(new LocalTree(folder.path, { make: false }));
    expect(content.files.map(({ names }) => names)).toEqual([["d"]]);
    expect(content.problems.map(({ error }) => [error.phase, error.message])).toEqual([
      ["read", 'Cannot read "a\\b": other systems read the name as a path; rename it to send it'],
      ["read", 'Cannot read "c:x": other systems read the name as a path; rename it to send it'],
    ]);
  });

  // Other systems take no such names.
  test.skipIf(process.platform !== "linux")(
    "tells of names that are not UTF-8, and sends what is beside them",
    () => {
      const at = (name: string) =>
        Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from(name, "latin1")]);
      mkdirSync(at("dir\xff"));
      for (const name of ["caf\xe9.txt", ".h\xe9", "dir\xff/a"]) writeFileSync(at(name), "x");
      for (const name of ["caf\ufffd.txt", "é"]) writeFileSync(folder.at(name), "x");
      const content = readLocalTree(new LocalTree(folder.path, { make: false }));
      expect(content.files.map(({ path }) => path)).toEqual([folder.at("caf\ufffd.txt"), folder.at("é")]);
      expect(content.problems.map(({ path, error }) => [path, error.phase])).toEqual([
        ["caf\\xe9.txt", "read"],
        ["dir\\xff", "read"],
      ]);
      expect(content.problems[0]?.error.message).toContain("not UTF-8; rename it");
      expect(content.skipped).toEqual([{ path: ".h\\xe9", reason: "it is hidden" }]);
    },
  );

  test("refuses what isn't there", () => {
    const missing = new LocalTree(folder.at("none"), { make: false });
    expect(() => readLocalTree(missing)).toThrow("there is no such folder");
  });
});

describe("urlBelow()", () => {
  test.each<[string, string[], boolean, string]>([
    ["http://h/", ["a b", "ü#.txt"], false, "/a%20b/%C3%BC%23.txt"],
    ["http://h/up", ["a"], false, "/up/a"],
    ["http://h/up/?x=1", ["a"], true, "/up/a/"],
    ["http://h/", [], true, "/"],
  ])("%s and %j", (base, names, isFolder, target) => {
    expect(urlBelow(parseRemoteUrl(base), names, { isFolder }).target).toBe(target);
  });
});

/** SHA-256 of "hello". */
const DIGEST = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:";
const hello = (fields: Record<string, string>): Route => ({ body: "hello", fields });
const listed = (size: number) => jsonListing([{ name: "a.txt", kind: "file", size }]);

async function compare(routes: Record<string, Route>): Promise<string> {
  server = startRouteServer(routes);
  mkdirSync(folder.at("s"));
  writeFileSync(folder.at("s/a.txt"), "hello");
  const [file] = readLocalTree(new LocalTree(folder.path, { make: false })).files;
  return new RemoteContent(session, parseRemoteUrl(server.url("/up/"))).compare(file!);
}

describe("RemoteContent.compare()", () => {
  test.each<[string, Record<string, Route>, string, number]>([
    ["no folder", {}, "missing", 0],
    ["not in the listing", { "/up/s/": jsonListing([]) }, "missing", 0],
    ["another size", { "/up/s/": listed(4), "/up/s/a.txt": hello({}) }, "changed", 0],
    ["no digest", { "/up/s/": listed(5), "/up/s/a.txt": hello({}) }, "changed", 1],
    [
      "another digest",
      { "/up/s/": listed(5), "/up/s/a.txt": hello({ "Repr-Digest": "sha-256=:AAAA:" }) },
      "changed",
      1,
    ],
    ["the same digest", { "/up/s/": listed(5), "/up/s/a.txt": hello({ "Repr-Digest": DIGEST }) }, "same", 1],
    ["no listing", { "/up/s/": { status: 403 }, "/up/s/a.txt": hello({ "Repr-Digest": DIGEST }) }, "same", 1],
    ["no listing and no file", { "/up/s/": { status: 403 } }, "missing", 1],
    [
      "a page of links",
      { "/up/s/": htmlListing(["a.txt"]), "/up/s/a.txt": hello({ "Repr-Digest": DIGEST }) },
      "same",
      1,
    ],
  ])("%s", async (_name, routes, expected, heads) => {
    expect(await compare(routes)).toBe(expected);
    expect(server!.asked.filter((line) => line.startsWith("HEAD"))).toHaveLength(heads);
  });

  test("ends when it is interrupted while the file is hashed", async () => {
    const zeros = Buffer.alloc(64 * 1024 * 1024);
    const digest = new Bun.CryptoHasher("sha256").update(zeros).digest("base64");
    const fields = { "Repr-Digest": `sha-256=:${digest}:`, "Content-Length": String(zeros.length) };
    server = startRouteServer({ "/": jsonListing([{ name: "a", kind: "file" }]), "/a": { fields } });
    writeFileSync(folder.at("a"), zeros);
    const controller = new AbortController();
    const file = {
      names: ["a"],
      sizeBytes: zeros.length,
      get path() {
        setImmediate(() => controller.abort());
        return folder.at("a");
      },
    };
    const content = new RemoteContent(session, parseRemoteUrl(server.url("/")), controller.signal);
    expect((await transferErrorOf(content.compare(file))).message).toBe("The transfer was interrupted");
  });

  test("fails when there is no answer", async () => {
    server = startRouteServer({});
    const url = parseRemoteUrl(server.url("/"));
    await server.stop();
    server = undefined;
    writeFileSync(folder.at("a.txt"), "hello");
    const [file] = readLocalTree(new LocalTree(folder.path, { make: false })).files;
    expect((await transferErrorOf(new RemoteContent(session, url).compare(file!))).phase).toBe("connect");
  });
});
