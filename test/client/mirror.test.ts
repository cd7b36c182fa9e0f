import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { LocalTree } from "../../src/client/local-tree.ts";
import { compareFile, fetchFile, findSurplus, removeSurplus } from "../../src/client/mirror.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";
import { readRemoteTree, type RemoteTree, type TreeLimits } from "../../src/client/remote-tree.ts";
import type { Session } from "../../src/client/session.ts";
import {
  makeSession,
  makeTemporaryFolder,
  transferErrorOf,
  type TemporaryFolder,
  urlOn,
} from "../support/client-session.ts";
import { cut, hear, say, startScriptedServer } from "../support/scripted-server.ts";
import {
  htmlListing,
  jsonListing,
  startRouteServer,
  type Route,
  type RouteServer,
} from "../support/route-server.ts";

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const MODIFIED = new Date(AT_MS).toISOString();
const LAST_MODIFIED = new Date(AT_MS).toUTCString();

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

function read(routes: Readonly<Record<string, Route>>, limits?: TreeLimits): Promise<RemoteTree> {
  server = startRouteServer(routes);
  const url = parseRemoteUrl(server.url("/top/"));
  return readRemoteTree(session, url, { jobs: 3, ...(limits === undefined ? {} : { limits }) });
}

const file = (name: string, size = 5) => ({ name, kind: "file", size, modified: MODIFIED });
const sub = (name: string) => ({ name, kind: "folder" });
const paths = (tree: RemoteTree) => tree.files.map(({ names }) => names.join("/"));
const problems = (tree: RemoteTree) => tree.problems.map(({ path }) => path);

describe("readRemoteTree()", () => {
  test("asks again for a listing that broke, as often as is allowed", async () => {
    const text = '{"path":"/top/","entries":[{"name":"a.txt","kind":"file","size":5}]}';
    const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n`;
    const broken = [hear, say(head + text.slice(0, 20)), cut];
    const scripted = startScriptedServer([broken, broken, [hear, say(head + text)]]);
    const url = urlOn(scripted, "/top/");
    expect(await transferErrorOf(readRemoteTree(session, url, { jobs: 1 }))).toMatchObject({
      isRetryable: true,
    });
    expect(paths(await readRemoteTree(session, url, { jobs: 1, retries: 1 }))).toEqual(["a.txt"]);
    expect(scripted.received.length).toBe(3);
    scripted.stop();
  });

  test("reads JSON all the way down, with URLs that are encoded", async () => {
    const tree = await read({
      "/top/": jsonListing([sub("a #"), sub("empty"), file("z.txt")]),
      "/top/a%20%23/": jsonListing([file("ü?.txt")]),
      "/top/empty/": jsonListing([]),
    });
    expect(paths(tree)).toEqual(["a #/ü?.txt", "z.txt"]);
    expect(tree.files[0]?.url.target).toBe("/top/a%20%23/%C3%BC%3F.txt");
    expect(tree.folders).toEqual([["a #"], ["empty"]]);
    expect(tree).toMatchObject({ problems: [], hidden: [], isComplete: true });
  });

  test("reads pages of links, which tell no sizes", async () => {
    const tree = await read({ "/top/": htmlListing(["a.txt", "b/"]), "/top/b/": htmlListing(["c"]) });
    expect(paths(tree)).toEqual(["a.txt", "b/c"]);
    expect(tree.files[0]).toMatchObject({ sizeBytes: undefined, modifiedMs: undefined });
  });

  test("leaves hidden names out, and tells of them", async () => {
    const tree = await read({ "/top/": jsonListing([file(".bashrc"), sub(".ssh"), file("a")]) });
    expect([paths(tree), tree.hidden, tree.problems]).toEqual([["a"], [".bashrc", ".ssh"], []]);
  });

  test.each(["../../etc/passwd", "..", "/abs", "a\\..\\b", "x".repeat(256)])(
    "CVE-2014-4877, zip-slip: the name %p is a problem, and the others are read",
    async (name) => {
      const tree = await read({ "/top/": jsonListing([file(name), file("ok")]) });
      expect(paths(tree)).toEqual(["ok"]);
      expect(problems(tree)).toEqual([name]);
      expect(tree.problems[0]?.error.phase).toBe("save");
    },
  );

  test("a folder that can't be listed is a problem, and the tree is incomplete", async () => {
    const tree = await read({
      "/top/": jsonListing([sub("forbidden"), sub("page"), file("a")]),
      "/top/forbidden/": { status: 403 },
      "/top/page/": {
        body: "<title>Welcome</title><a href=x>x</a>",
        fields: { "Content-Type": "text/html" },
      },
    });
    expect(paths(tree)).toEqual(["a"]);
    expect(problems(tree).sort()).toEqual(["forbidden/", "page/"]);
    expect(tree.isComplete).toBe(false);
  });

  test("a folder that leads elsewhere isn't followed: no loops", async () => {
    const tree = await read({
      "/top/": jsonListing([sub("loop")]),
      "/top/loop/": { status: 302, fields: { Location: "/top/" } },
    });
    expect(problems(tree)).toEqual(["loop/"]);
    expect(tree.isComplete).toBe(false);
  });

  test("an endless tree ends at the limit of depth", async () => {
    const routes: Record<string, Route> = {};
    for (let depth = 0; depth < 10; depth += 1)
      routes[`/top/${"x/".repeat(depth)}`] = jsonListing([sub("x")]);
    const tree = await read(routes, { depth: 3, entries: 100 });
    expect(tree.folders).toHaveLength(3);
    expect(problems(tree)).toEqual(["x/x/x/x"]);
    expect(tree.isComplete).toBe(false);
  });

  test("the number of entries is limited, with one problem for all beyond", async () => {
    const entries = ["a", "b", "c", "d", "e"].map((name) => file(name));
    const at = await read({ "/top/": jsonListing(entries) }, { depth: 3, entries: 5 });
    expect(at).toMatchObject({ problems: [], isComplete: true });
    await server?.stop();
    const over = await read({ "/top/": jsonListing(entries) }, { depth: 3, entries: 3 });
    expect([paths(over), problems(over), over.isComplete]).toEqual([["a", "b", "c"], ["d"], false]);
  });

  test("entries that are left out count, since they are remembered, too", async () => {
    const names = [".a", ".b", ".c", "../d", "../e", "con\u0000", "f"];
    const routes = { "/top/": jsonListing(names.map((name) => file(name))) };
    const at = await read(routes, { depth: 3, entries: 7 });
    expect([at.hidden, problems(at), paths(at)]).toEqual([
      [".a", ".b", ".c"],
      ["../d", "../e", "con\u0000"],
      ["f"],
    ]);
    await server?.stop();
    const over = await read(routes, { depth: 3, entries: 4 });
    expect([over.hidden, problems(over), paths(over)]).toEqual([
      [".a"],
      ["../d", "../e", "con\u0000", ".b"],
      [],
    ]);
    expect(over.isComplete).toBe(false);
    await server?.stop();
    const none = await read(routes, { depth: 3, entries: 1 });
    expect([none.hidden, problems(none), paths(none)]).toEqual([[], ["../d", "../e"], []]);
  });

  test("fails when the first folder can't be listed", async () => {
    expect(await transferErrorOf(read({}))).toMatchObject({ phase: "answer", status: 404 });
  });
});

describe("compareFile()", () => {
  const routes = {
    "/top/": jsonListing([file("a.txt")]),
    "/a.txt": { body: "hello", fields: { "Last-Modified": LAST_MODIFIED } },
  };

  async function compare(listed: "listed" | "unlisted"): Promise<string> {
    const remote = (await read(routes)).files[0]!;
    const url = parseRemoteUrl(server!.url("/a.txt"));
    const facts = listed === "listed" ? {} : { sizeBytes: undefined, modifiedMs: undefined };
    return compareFile(session, new LocalTree(folder.path, { make: true }), { ...remote, url, ...facts });
  }

  test.each(["listed", "unlisted"] as const)("is missing at first (%s)", async (listed) => {
    expect(await compare(listed)).toBe("missing");
  });

  test.each<["listed" | "unlisted", string, number, string]>([
    ["listed", "hello", 0, "same"],
    ["listed", "hello", 1000, "same"],
    ["listed", "hello", -1000, "same"],
    ["listed", "hello", 1001, "changed"],
    ["listed", "hell", 0, "changed"],
    ["unlisted", "hello", 999, "same"],
    ["unlisted", "hello", -2000, "changed"],
    ["unlisted", "hellos", 0, "changed"],
  ])("%s, %p, %d ms apart: %s", async (listed, content, offsetMs, expected) => {
    writeFileSync(folder.at("a.txt"), content);
    utimesSync(folder.at("a.txt"), 0, (AT_MS + offsetMs) / 1000);
    expect(await compare(listed)).toBe(expected as "same");
    expect(server!.asked.filter((line) => line.startsWith("HEAD"))).toHaveLength(listed === "listed" ? 0 : 1);
  });

  test("a link or a folder in its place is left alone", async () => {
    mkdirSync(folder.at("a.txt"));
    expect((await transferErrorOf(compare("listed"))).phase).toBe("save");
    folder.remove();
    mkdirSync(folder.path);
    symlinkSync("/etc/passwd", folder.at("a.txt"));
    expect((await transferErrorOf(compare("listed"))).phase).toBe("save");
  });
});

describe("compareFile() of an empty file whose length HEAD does not tell", () => {
  const head = `HTTP/1.1 200 OK\r\nLast-Modified: ${LAST_MODIFIED}\r\n`;

  test.each([
    ["is the same as an empty one", say(`${head}Content-Length: 0\r\n\r\n`), "same"],
    ["is not as another one", say(`${head}Content-Length: 5\r\n\r\nhello`), "changed"],
    [
      "is not as one whose length is not told",
      say(`${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
      "changed",
    ],
  ])("%s", async (_name, answer, expected) => {
    const scripted = startScriptedServer([[hear, say(`${head}\r\n`), hear, answer]]);
    try {
      writeFileSync(folder.at("a.txt"), "");
      utimesSync(folder.at("a.txt"), 0, AT_MS / 1000);
      const url = urlOn(scripted);
      const remote = { names: ["a.txt"], url, sizeBytes: undefined, modifiedMs: undefined };
      const tree = new LocalTree(folder.path, { make: false });
      expect(await compareFile(session, tree, remote)).toBe(expected as "same");
      expect(scripted.received[0]?.match(/^(?:HEAD|GET) /gm)).toEqual(["HEAD ", "GET "]);
    } finally {
      scripted.stop();
    }
  });
});

describe("fetchFile()", () => {
  test("makes the folders, replaces the file, and gives it the server's date", async () => {
    const tree = await read({
      "/top/": jsonListing([sub("s")]),
      "/top/s/": jsonListing([file("a.txt")]),
      "/top/s/a.txt": { body: "hello", fields: { "Last-Modified": LAST_MODIFIED } },
    });
    const local = new LocalTree(folder.path, { make: true });
    for (const content of ["", "another"]) {
      if (content !== "") writeFileSync(folder.at("s/a.txt"), content);
      const state = await compareFile(session, local, tree.files[0]!);
      await fetchFile(session, local, tree.files[0]!, { state });
      expect(readFileSync(folder.at("s/a.txt"), "utf8")).toBe("hello");
      expect(statSync(folder.at("s/a.txt")).mtimeMs).toBe(AT_MS);
    }
    expect(await compareFile(session, local, tree.files[0]!)).toBe("same");
  });
});

describe("findSurplus() and removeSurplus()", () => {
  // Other systems take no such names.
  test.skipIf(process.platform !== "linux")(
    "nothing whose name is not UTF-8, and no folder around it",
    async () => {
      const remote = await read({ "/top/": jsonListing([]) });
      mkdirSync(folder.at("old"));
      writeFileSync(Buffer.concat([Buffer.from(`${folder.path}/old/`), Buffer.from([0xe9])]), "x");
      const tree = new LocalTree(folder.path, { make: false });
      const surplus = findSurplus(tree, remote);
      expect(surplus).toEqual([{ names: ["old"], kind: "folder" }]);
      expect(removeSurplus(tree, surplus[0]!)).toBe(false);
    },
  );

  test("only what the server lacks, nothing hidden, no link followed", async () => {
    const outside = makeTemporaryFolder();
    writeFileSync(outside.at("precious.txt"), "precious");
    const remote = await read({
      "/top/": jsonListing([sub("keep"), file("a.txt")]),
      "/top/keep/": jsonListing([]),
    });
    mkdirSync(folder.at("keep"));
    mkdirSync(folder.at("old/git/.git"), { recursive: true });
    for (const name of ["a.txt", "b.txt", ".env", "keep/c.txt", "old/d.txt"])
      writeFileSync(folder.at(name), "x");
    symlinkSync(outside.path, folder.at("old/link"));
    const tree = new LocalTree(folder.path, { make: false });
    const surplus = findSurplus(tree, remote);
    expect(surplus.map(({ names }) => names.join("/"))).toEqual([
      "b.txt",
      "keep/c.txt",
      "old/d.txt",
      "old/git",
      "old/link",
      "old",
    ]);
    expect(surplus.map((one) => removeSurplus(tree, one))).toEqual([true, true, true, false, true, false]);
    expect(folder.names()).toEqual([".env", "a.txt", "keep", "old"]);
    expect(readFileSync(outside.at("precious.txt"), "utf8")).toBe("precious");
    outside.remove();
  });
});
