import { describe, expect, test } from "bun:test";
import { MemoryStore } from "../support/memory-store.ts";
import { ask, get, makeSite } from "../support/requests.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

describe("resolve()", () => {
  test.each([
    ["/a.txt", 200],
    ["/sub/b.txt", 200],
    ["/with%20space%23%25%3F.txt", 200],
    ["/%E2%82%AC.txt", 200],
    ["/sub", 308],
    ["/sub/", 200],
    ["/folder.d", 308],
    ["/folder.d/", 200],
    ["/hidden.exe", 403],
    ["/not-there.exe", 403],
    ["/hidden.exe/", 403],
    ["/Makefile", 404],
    ["/not-there", 404],
    ["/not-there/", 404],
    ["/a.txt/", 404],
    ["/a.txt/b.txt", 404],
    ["//a.txt", 200],
    ["/./a.txt", 404],
    ["/sub/../a.txt", 404],
    ["/.hidden/a.txt", 404],
  ])("answers %s with %i", async (path, status) => {
    const store = new MemoryStore({
      "a.txt": "a",
      "sub/b.txt": "b",
      "with space#%?.txt": "s",
      "€.txt": "e",
      "folder.d/c.txt": "c",
      "hidden.exe": "x",
      Makefile: "m",
      ".hidden/a.txt": "h",
    });
    const reply = await get(makeSite(store), path);
    expect(reply.status).toBe(status);
    expect(store.openCount).toBe(0);
  });

  test("decides on the type before the disk is touched by name alone: the same answer whether or not it exists", async () => {
    const there = await get(makeSite(new MemoryStore({ "secret.exe": "x" })), "/secret.exe");
    const missing = await get(makeSite(new MemoryStore()), "/secret.exe");
    expect([there.status, there.text, [...there.fields]]).toEqual([
      missing.status,
      missing.text,
      [...missing.fields],
    ]);
  });

  test("finds everything when the whitelist is lifted", async () => {
    const site = makeSite(new MemoryStore({ "a.exe": "x", Makefile: "m" }), { allow: "all" });
    expect((await get(site, "/a.exe")).status).toBe(200);
    expect((await get(site, "/Makefile")).fields.get("content-type")).toBe("application/octet-stream");
  });

  test.each([
    ["/sub", "/sub/"],
    ["/sub?x=1&y=%20", "/sub/?x=1&y=%20"],
    ["/sub?", "/sub/?"],
    ["/a%20b%22%3E", "/a%20b%22%3E/"],
    ["/%73ub", "/sub/"],
  ])("sends %s on to %s (RFC 9110 §15.4.9)", async (target, location) => {
    const site = makeSite(new MemoryStore({ "sub/b.txt": "b", 'a b">/c.txt': "c" }));
    const reply = await get(site, target);
    expect([reply.status, reply.fields.get("location"), reply.text]).toEqual([308, location, ""]);
  });

  test("serves a folder's index.html and says where it is (RFC 9110 §8.7)", async () => {
    const site = makeSite(new MemoryStore({ "index.html": "root", "a b/index.html": "sub" }));
    const root = await get(site, "/");
    expect([root.text, root.fields.get("content-location")]).toEqual(["root", "/index.html"]);
    const sub = await get(site, "/a%20b/");
    expect([sub.text, sub.fields.get("content-location")]).toEqual(["sub", "/a%20b/index.html"]);
    expect((await get(site, "/index.html")).fields.has("content-location")).toBe(false);
  });

  test.each([
    ["application/json", "json"],
    ["application/json, text/html;q=0.5", "json"],
    ["application/*", "json"],
    ["application/json, text/html", "index"],
    ["application/json;q=0.5, text/html;q=0.6", "index"],
    ["text/plain, application/json;q=0.9", "index"],
    ["*/*", "index"],
    ["image/png", "index"],
    [BROWSER, "index"],
  ])("answers Accept: %s with the %s of a folder that has an index.html", async (accept, expected) => {
    const store = new MemoryStore({ "sub/index.html": "<p>page", "sub/b.txt": "b", "sub/.h.txt": "h" });
    for (const method of ["GET", "HEAD"]) {
      const reply = await ask(makeSite(store), method, "/sub/", { fields: { Accept: accept } });
      expect([reply.status, reply.fields.get("vary")]).toEqual([200, "Accept, Accept-Encoding"]);
      expect(reply.fields.has("etag")).toBe(expected === "index");
      expect(reply.fields.get("content-type")).toBe(
        expected === "json" ? "application/json" : "text/html; charset=utf-8",
      );
    }
    expect(store.openCount).toBe(0);
  });

  test("lists the index.html itself, for programs", async () => {
    const site = makeSite(new MemoryStore({ "sub/index.html": "<p>page", "sub/b.txt": "b" }));
    const { text } = await get(site, "/sub/", { Accept: "application/json" });
    const { entries } = JSON.parse(text) as { entries: { name: string }[] };
    expect(entries.map(({ name }) => name)).toEqual(["b.txt", "index.html"]);
  });

  test("a validator of the page says nothing of the listing, nor does a 304 of it come without Vary", async () => {
    const site = makeSite(new MemoryStore({ "sub/index.html": "<p>page", "sub/b.txt": "b" }));
    const tag = (await get(site, "/sub/")).fields.get("etag") ?? "";
    const listed = await get(site, "/sub/", { Accept: "application/json", "If-None-Match": tag });
    expect([listed.status, listed.fields.get("content-type")]).toEqual([200, "application/json"]);
    const page = await get(site, "/sub/", { "If-None-Match": tag });
    expect([page.status, page.fields.get("vary")]).toEqual([304, "Accept, Accept-Encoding"]);
    const ranged = await get(site, "/sub/", { Accept: "application/json", Range: "bytes=0-1" });
    expect(ranged.status).toBe(200);
  });

  test("lists a folder whose index.html the whitelist hides", async () => {
    const site = makeSite(new MemoryStore({ "index.html": "root", "a.txt": "a" }), {
      allow: new Set(["txt"]),
    });
    const reply = await get(site, "/", { Accept: "text/plain" });
    expect(reply.text).toBe("a.txt\n");
  });
});

describe("what isn't there", () => {
  test("shows people the default page of the program, with 404", async () => {
    const reply = await get(makeSite(new MemoryStore()), "/nothing", { Accept: BROWSER });
    expect([reply.status, reply.fields.get("content-type")]).toEqual([404, "text/html; charset=utf-8"]);
    expect(reply.text).toContain("netfile");
    expect(reply.text).toContain('<a href="/">');
    expect(reply.fields.get("content-security-policy")).toContain("default-src 'none'");
    expect(reply.fields.get("vary")).toBe("Accept");
  });

  test("shows people the root's own index.html, with 404 and no validators", async () => {
    const store = new MemoryStore({ "index.html": "<h1>home" });
    const reply = await get(makeSite(store), "/sub/nothing.txt", { Accept: BROWSER, "If-None-Match": "*" });
    expect([reply.status, reply.text, reply.length]).toEqual([404, "<h1>home", 8]);
    expect(reply.fields.has("etag")).toBe(false);
    expect(reply.fields.has("content-security-policy")).toBe(false);
    expect(store.openCount).toBe(0);
  });

  test.each(["/nothing", "/sub/nothing.txt", "/sub/deep/", "/.hidden"])(
    "shows people the root's own 404.html before its index.html: %s",
    async (path) => {
      const files = { "404.html": "<h1>gone", "index.html": "<h1>home", "sub/404.html": "<h1>not this" };
      const store = new MemoryStore(files);
      const wishes = { Accept: BROWSER, "If-None-Match": "*", Range: "bytes=0-1" };
      const reply = await get(makeSite(store), path, wishes);
      expect([reply.status, reply.text, reply.length]).toEqual([404, "<h1>gone", 8]);
      expect(reply.fields.get("content-type")).toBe("text/html; charset=utf-8");
      expect(reply.fields.get("vary")).toBe("Accept");
      for (const name of ["etag", "content-location", "content-range", "accept-ranges"])
        expect([name, reply.fields.has(name)]).toEqual([name, false]);
      const head = await ask(makeSite(store), "HEAD", path, { fields: { Accept: BROWSER } });
      expect([head.status, head.text, head.length]).toEqual([404, "", 8]);
      expect(store.openCount).toBe(0);
    },
  );

  test("is shown 404.html by no other status, and by no folder of that name nor one that the whitelist hides", async () => {
    const files = { "404.html": "<h1>gone", "index.html": "<h1>home", "a.txt": "a" };
    const site = makeSite(new MemoryStore(files));
    expect((await get(site, "/x.exe", { Accept: BROWSER })).text).not.toContain("gone");
    expect((await get(site, "/", { Accept: BROWSER })).text).toBe("<h1>home");
    const own = await get(site, "/404.html", { Accept: BROWSER });
    expect([own.status, own.text, own.fields.has("etag")]).toEqual([200, "<h1>gone", true]);
    const text = await get(site, "/nothing", { Accept: "text/plain" });
    expect(text.text).toStartWith("404 Not Found");
    const folder = makeSite(new MemoryStore({ "404.html/a.txt": "a", "index.html": "<h1>home" }));
    expect((await get(folder, "/nothing", { Accept: BROWSER })).text).toBe("<h1>home");
    const narrow = makeSite(new MemoryStore(files), { allow: new Set(["txt"]) });
    expect((await get(narrow, "/nothing", { Accept: BROWSER })).text).toContain("netfile");
  });

  test("gives programs a short error", async () => {
    const site = makeSite(new MemoryStore({ "index.html": "<h1>home" }));
    const json = await get(site, "/nothing", { Accept: "application/json" });
    expect([json.status, JSON.parse(json.text).status]).toEqual([404, 404]);
    const text = await get(site, "/nothing", { Accept: "text/plain" });
    expect([text.status, text.text.split("\n")[0]]).toEqual([404, "404 Not Found"]);
    expect((await get(site, "/nothing", { Accept: "image/png" })).fields.get("content-type")).toStartWith(
      "text/plain",
    );
  });
});

describe("--spa", () => {
  const files = { "index.html": "<h1>app", "a.txt": "a", "sub/b.txt": "b" };
  const site = makeSite(new MemoryStore(files), { spa: true });

  test.each(["/users/7", "/missing.txt", "/deep/er/", "/Makefile"])(
    "answers %s with the root's index.html",
    async (path) => {
      const reply = await get(site, path, { Accept: BROWSER });
      expect([reply.status, reply.text]).toEqual([200, "<h1>app"]);
      expect(reply.fields.has("etag")).toBe(true);
      expect(reply.fields.get("vary")).toBe("Accept, Accept-Encoding");
      const again = await get(site, path, {
        Accept: BROWSER,
        "If-None-Match": reply.fields.get("etag") ?? "",
      });
      expect(again.status).toBe(304);
    },
  );

  test("keeps 403, 404 for programs, files, folders and the icon as they are", async () => {
    expect((await get(site, "/x.exe", { Accept: BROWSER })).status).toBe(403);
    expect((await get(site, "/users/7", { Accept: "application/json" })).status).toBe(404);
    expect((await get(site, "/a.txt", { Accept: BROWSER })).text).toBe("a");
    expect((await get(site, "/sub/", { Accept: BROWSER })).text).toContain("b.txt");
    expect((await get(site, "/favicon.ico", { Accept: BROWSER })).fields.get("content-type")).toBe(
      "image/png",
    );
  });

  test("comes before a 404.html, which programs do not get either", async () => {
    const both = makeSite(new MemoryStore({ ...files, "404.html": "<h1>gone" }), { spa: true });
    const reply = await get(both, "/users/7", { Accept: BROWSER });
    expect([reply.status, reply.text]).toEqual([200, "<h1>app"]);
    expect((await get(both, "/users/7", { Accept: "application/json" })).text).not.toContain("gone");
  });

  test("is as without it when the root has no index.html", async () => {
    const reply = await get(makeSite(new MemoryStore(), { spa: true }), "/users/7", { Accept: BROWSER });
    expect(reply.status).toBe(404);
  });
});

describe("/favicon.ico", () => {
  test("is the embedded icon where the folder has none", async () => {
    for (const site of [makeSite(new MemoryStore()), makeSite(new MemoryStore(), { allow: "all" })]) {
      const reply = await get(site, "/favicon.ico");
      expect([reply.status, reply.fields.get("content-type")]).toEqual([200, "image/png"]);
      expect(reply.body.subarray(1, 4).toString()).toBe("PNG");
      const etag = reply.fields.get("etag") ?? "";
      expect((await get(site, "/favicon.ico", { "If-None-Match": etag })).status).toBe(304);
      expect((await get(site, "/favicon.ico", { "If-Match": '"other"' })).status).toBe(412);
      expect((await ask(site, "HEAD", "/favicon.ico")).length).toBe(reply.body.length);
    }
  });

  test("is the folder's own where it has one that may be read", async () => {
    const site = makeSite(new MemoryStore({ "favicon.ico": "own" }), { allow: "all" });
    expect((await get(site, "/favicon.ico")).text).toBe("own");
  });

  test("is only at its own address", async () => {
    const site = makeSite(new MemoryStore());
    for (const path of ["/favicon.ico/", "/sub/favicon.ico", "/favicon.ico%2f"]) {
      expect((await get(site, path)).fields.get("content-type")).not.toBe("image/png");
    }
  });
});
