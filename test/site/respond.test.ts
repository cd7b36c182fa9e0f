import { describe, expect, test } from "bun:test";
import type { Site } from "../../src/site/site.ts";
import { respond } from "../../src/site/respond.ts";
import { StoreError, type StoreErrorKind } from "../../src/store/store-error.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { ask, get, makeRequest, makeSite, NOW_MS } from "../support/requests.ts";

describe("respond()", () => {
  test.each([
    ["GET", "/a.txt"],
    ["HEAD", "/a.txt"],
    ["GET", "/missing.txt"],
    ["GET", "/sub"],
    ["GET", "/"],
    ["OPTIONS", "*"],
    ["GET", "/%zz"],
  ])("answers %s %s without a promise", (method, target) => {
    const site = makeSite(new MemoryStore({ "a.txt": "a", "sub/b.txt": "b" }));
    expect(respond(makeRequest(method, target), site)).not.toBeInstanceOf(Promise);
  });

  test("gives every answer Server, Cache-Control and nosniff", async () => {
    const site = makeSite(new MemoryStore({ "a.txt": "a", "sub/b.txt": "b" }));
    for (const [method, target] of [
      ["GET", "/a.txt"],
      ["GET", "/"],
      ["GET", "/sub"],
      ["GET", "/x.exe"],
      ["GET", "/missing"],
      ["OPTIONS", "*"],
      ["DELETE", "/"],
      ["BREW", "/"],
      ["GET", "/%"],
    ] as const) {
      const { fields } = await ask(site, method, target);
      expect(fields.get("server")).toBe("netfile");
      expect(fields.get("cache-control")).toBe("no-cache");
      expect(fields.get("x-content-type-options")).toBe("nosniff");
    }
  });

  test("puts the operator's fields on every answer, in place of ours", async () => {
    const headers = [
      ["Referrer-Policy", "no-referrer"],
      ["X-Frame-Options", "DENY"],
      ["vary", "Origin"],
    ] as const;
    const site = makeSite(new MemoryStore({ "a.txt": "a" }), { headers });
    for (const path of ["/a.txt", "/missing", "/", "/x.exe"]) {
      const { fields } = await get(site, path);
      expect(fields.all("referrer-policy")).toEqual(["no-referrer"]);
      expect(fields.get("x-frame-options")).toBe("DENY");
      expect(fields.all("vary")).toContain("Origin");
      expect(fields.all("vary").length).toBeGreaterThan(1);
    }
  });

  test.each([
    ["max-age=31536000, immutable", "no-cache"],
    ["public", "no-cache"],
    ["no-store", "no-store"],
    ["no-cache, private", "no-cache, private"],
  ])("puts Cache-Control: %s on answers, and %s on refusals (RFC 9111 §3)", async (value, ofRefusals) => {
    const headers = [
      ["cache-control", value],
      ["Expires", "Fri, 01 Jan 2100 00:00:00 GMT"],
    ] as const;
    const site = makeSite(new MemoryStore({ "a.txt": "a", "sub/b.txt": "b" }), { headers });
    for (const [path, status] of [
      ["/a.txt", 200],
      ["/", 200],
      ["/sub", 308],
      ["/missing", 404],
      ["/x.exe", 403],
      ["/%", 400],
    ] as const) {
      const reply = await get(site, path);
      expect(reply.status).toBe(status);
      expect(reply.fields.all("cache-control")).toEqual([status < 400 ? value : ofRefusals]);
      expect(reply.fields.has("expires")).toBe(status < 400);
    }
  });

  test.each(["/%", "/%zz", "/a%f", "/%ff", "/%c0%af", "/%ed%a0%80"])(
    "answers the malformed path %s with 400",
    async (path) => {
      expect((await get(makeSite(new MemoryStore()), path)).status).toBe(400);
    },
  );

  test("takes the path of an absolute-form target (RFC 9112 §3.2.2)", async () => {
    const target = {
      form: "absolute",
      scheme: "http",
      authority: "x",
      path: "/a.txt",
      query: undefined,
    } as const;
    const reply = await ask(makeSite(new MemoryStore({ "a.txt": "a" })), "GET", "http://x/a.txt", { target });
    expect([reply.status, reply.text]).toEqual([200, "a"]);
  });

  test("answers HEAD as GET, without content and with the file closed (RFC 9110 §9.3.2)", async () => {
    const store = new MemoryStore({ "a.txt": "hello", "empty.txt": "", "index.html": "<p>" });
    const site = makeSite(store);
    for (const path of ["/a.txt", "/empty.txt", "/", "/missing.png", "/x.exe", "/favicon.ico"]) {
      const outcome = respond(makeRequest("HEAD", path), site);
      expect(store.openCount).toBe(0);
      expect(outcome).not.toBeInstanceOf(Promise);
      const head = await ask(site, "HEAD", path);
      const whole = await get(site, path);
      expect([...head.fields]).toEqual([...whole.fields]);
      expect([head.status, head.length, head.text]).toEqual([whole.status, whole.length, ""]);
    }
  });

  test.each([
    ["denied", 403],
    ["busy", 503],
    ["failed", 500],
  ] as const)("turns the store's %s into %i", async (kind: StoreErrorKind, status) => {
    const store = new MemoryStore({ "a.txt": "a" });
    store.failures.set("a.txt", new StoreError(kind, "secret detail /srv/www"));
    const reply = await get(makeSite(store), "/a.txt");
    expect(reply.status).toBe(status);
    expect(reply.text).not.toContain("secret");
    expect(reply.fields.has("retry-after")).toBe(status === 503);
  });

  test("turns what nobody foresaw into a 500 and tells the operator", async () => {
    const store = new MemoryStore();
    const error = new TypeError("secret detail");
    store.failures.set("a.txt", error);
    const told: unknown[] = [];
    const site: Site = { ...makeSite(store), onError: (cause, path) => told.push(cause, path) };
    const reply = await get(site, "/a.txt");
    expect([reply.status, reply.text.includes("secret")]).toEqual([500, false]);
    expect(told).toEqual([error, "/a.txt"]);
  });

  test("turns an error after a wait into a reply too", async () => {
    const store = new MemoryStore();
    store.put("a.txt", "a", { isSettled: false });
    const pending = respond(makeRequest("GET", "/a.txt"), makeSite(store));
    expect(pending).toBeInstanceOf(Promise);
    store.failures.set("a.txt", new Error("gone wrong"));
    expect(await pending).toMatchObject({ status: 500 });
  });
});

describe("a file that is not settled", () => {
  test("is waited for and opened again, for a strong tag", async () => {
    const store = new MemoryStore();
    const file = store.put("a.txt", "old", { isSettled: false, version: "v-old" });
    const pending = get(makeSite(store), "/a.txt");
    Object.assign(file, { bytes: Buffer.from("new"), isSettled: true, version: "v-new" });
    const reply = await pending;
    expect([reply.text, reply.fields.get("etag")]).toEqual(["new", '"v-new"']);
    expect(store.openCount).toBe(0);
  });

  test("has a weak tag while it goes on changing (RFC 9110 §8.8.1)", async () => {
    const store = new MemoryStore();
    store.put("a.txt", "a", { isSettled: false, version: "v" });
    const reply = await get(makeSite(store), "/a.txt");
    expect(reply.fields.get("etag")).toBe('W/"v"');
    expect((await get(makeSite(store), "/a.txt", { "If-None-Match": 'W/"v"' })).status).toBe(304);
    const ranged = await get(makeSite(store), "/a.txt", { Range: "bytes=0-0", "If-Range": 'W/"v"' });
    expect(ranged.status).toBe(200);
    expect(store.openCount).toBe(0);
  });
});

describe("Last-Modified", () => {
  const HOUR = 3_600_000;
  test.each([
    ["a time long ago", NOW_MS - HOUR, "Thu, 05 Mar 2026 11:00:00 GMT"],
    [
      "a time ahead, which becomes the present (RFC 9110 §8.8.2.1)",
      NOW_MS + HOUR,
      "Thu, 05 Mar 2026 12:00:00 GMT",
    ],
    ["a time before 1970", -1, "Wed, 31 Dec 1969 23:59:59 GMT"],
    ["the epoch", 0, "Thu, 01 Jan 1970 00:00:00 GMT"],
    ["a time that no date can say", 9e15, undefined],
    ["a time before the year 0", -9e14, undefined],
    ["no time at all", Number.NaN, undefined],
  ])("is for %s right", async (_, modifiedMs, expected) => {
    const store = new MemoryStore();
    store.put("a.txt", "a", { modifiedMs });
    const reply = await get(makeSite(store), "/a.txt");
    expect([reply.status, reply.fields.get("last-modified")]).toEqual([200, expected]);
  });
});
