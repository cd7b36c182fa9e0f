import { describe, expect, test } from "bun:test";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { respond } from "../../src/site/respond.ts";
import { closeBody } from "../../src/site/reply.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { ask, get, makeRequest, makeSite } from "../support/requests.ts";

const LONG = "all work and no play makes a dull file\n".repeat(20_000);
const LATER = Date.UTC(2026, 0, 2, 3, 4, 6);
const DECODERS = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };

function makeSidecarStore() {
  const store = new MemoryStore({ "a.txt": "plain" });
  store.put("a.txt.br", "BR", { modifiedMs: LATER, version: "side-br" });
  store.put("a.txt.gz", "GZIP", { version: "side-gz" });
  return store;
}

describe("sidecars", () => {
  test.each([
    ["br", "br", "BR", '"side-br-br"'],
    ["gzip", "gzip", "GZIP", '"side-gz-gz"'],
    ["gzip, deflate, br, zstd", "br", "BR", '"side-br-br"'],
    ["br;q=0.5, gzip", "gzip", "GZIP", '"side-gz-gz"'],
    ["br;q=0, *", "gzip", "GZIP", '"side-gz-gz"'],
    ["zstd", undefined, "plain", '"v1"'],
    ["identity", undefined, "plain", '"v1"'],
    ["", undefined, "plain", '"v1"'],
    ["gzip;q=0.5, identity;q=0.6", undefined, "plain", '"v1"'],
    ["gzip, identity;q=0", "gzip", "GZIP", '"side-gz-gz"'],
  ])("Accept-Encoding: %s selects %s", async (acceptEncoding, coding, text, etag) => {
    const store = makeSidecarStore();
    const reply = await get(makeSite(store), "/a.txt", { "Accept-Encoding": acceptEncoding });
    expect([reply.status, reply.text, reply.length]).toEqual([200, text, text.length]);
    expect(reply.fields.get("content-encoding")).toBe(coding);
    expect(reply.fields.get("etag")).toBe(etag);
    expect(reply.fields.get("vary")).toBe("Accept-Encoding");
    expect(reply.fields.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(reply.fields.get("accept-ranges")).toBe("bytes");
    expect(store.openCount).toBe(0);
  });

  test("have ranges and conditions of their own", async () => {
    const site = makeSite(makeSidecarStore());
    const part = await get(site, "/a.txt", {
      "Accept-Encoding": "gzip",
      Range: "bytes=1-2",
      "If-Range": '"side-gz-gz"',
    });
    expect([part.status, part.text, part.fields.get("content-range")]).toEqual([206, "ZI", "bytes 1-2/4"]);
    const several = await get(site, "/a.txt", { "Accept-Encoding": "gzip", Range: "bytes=0-0,3-3" });
    expect([several.status, several.text]).toEqual([200, "GZIP"]);
    const same = await get(site, "/a.txt", { "Accept-Encoding": "gzip", "If-None-Match": '"side-gz-gz"' });
    expect([same.status, same.fields.get("vary")]).toEqual([304, "Accept-Encoding"]);
    const other = await get(site, "/a.txt", { "Accept-Encoding": "gzip", "If-None-Match": '"v1"' });
    expect(other.status).toBe(200);
  });

  test.each([
    ["older than the file", { modifiedMs: Date.UTC(2020, 0, 1) }, "x"],
    ["not settled", { isSettled: false }, "x"],
    ["empty", {}, ""],
  ])("that are %s don't count", async (_, changes, content) => {
    const store = new MemoryStore({ "a.txt": "plain" });
    store.put("a.txt.gz", content, changes);
    const reply = await get(makeSite(store), "/a.txt", { "Accept-Encoding": "gzip" });
    expect(reply.text).toBe("plain");
    expect(store.openCount).toBe(0);
  });

  test.each(["denied", "busy", "failed"] as const)("that can't be opened (%s) don't count", async (kind) => {
    const store = makeSidecarStore();
    store.failures.set("a.txt.br", new StoreError(kind, "It can't be opened"));
    const reply = await get(makeSite(store), "/a.txt", { "Accept-Encoding": "br" });
    expect([reply.status, reply.text, reply.fields.get("content-encoding")]).toEqual([
      200,
      "plain",
      undefined,
    ]);
    expect(store.openCount).toBe(0);
  });

  test("of a type that doesn't get shorter are not looked for", async () => {
    const store = new MemoryStore({ "p.png": "plain", "p.png.gz": "x" });
    expect((await get(makeSite(store), "/p.png", { "Accept-Encoding": "gzip" })).text).toBe("plain");
    expect(store.asked).toEqual(["/p.png"]);
  });

  test("can't be asked for by their own name unless the whitelist says so", async () => {
    expect((await get(makeSite(makeSidecarStore()), "/a.txt.gz")).status).toBe(403);
  });

  test("work for index.html too", async () => {
    const store = new MemoryStore({ "sub/index.html": "plain", "sub/index.html.gz": "GZIP" });
    const reply = await get(makeSite(store), "/sub/", { "Accept-Encoding": "gzip" });
    expect([reply.text, reply.fields.get("content-type")]).toEqual(["GZIP", "text/html; charset=utf-8"]);
  });
});

describe("compression while sending", () => {
  test.each(["gzip", "br", "zstd"] as const)("%s gives the content back", async (coding) => {
    const store = new MemoryStore({ "a.txt": LONG });
    const reply = await get(makeSite(store), "/a.txt", { "Accept-Encoding": coding });
    expect([reply.status, reply.length, reply.fields.get("content-encoding")]).toEqual([
      200,
      "unknown",
      coding,
    ]);
    expect(DECODERS[coding](reply.body).toString()).toBe(LONG);
    expect(reply.body.length).toBeLessThan(LONG.length / 50);
    expect(reply.fields.get("accept-ranges")).toBe("none");
    expect(reply.fields.get("etag")).toBe({ gzip: '"v1-gz"', br: '"v1-br"', zstd: '"v1-zst"' }[coding]);
    expect(store.openCount).toBe(0);
  });

  test("gives back content that doesn't get shorter", async () => {
    const noise = crypto.getRandomValues(new Uint8Array(60_000));
    const store = new MemoryStore({ "a.txt": noise });
    const reply = await get(makeSite(store), "/a.txt", { "Accept-Encoding": "gzip" });
    expect(Buffer.compare(gunzipSync(reply.body), noise)).toBe(0);
  });

  test.each([
    ["1024 bytes, which are not worth it", "a.txt", "x".repeat(1024), {}, undefined],
    ["1025 bytes, which are", "a.txt", "x".repeat(1025), {}, "gzip"],
    ["a picture", "a.png", LONG, {}, undefined],
    ["a part, whose bytes must be known", "a.txt", LONG, { Range: "bytes=0-1" }, undefined],
    ["a digest, which must be known", "a.txt", LONG, { "Want-Repr-Digest": "sha-256=1" }, undefined],
    [
      "a part for who refuses anything else",
      "a.txt",
      LONG,
      { Range: "bytes=0-1", "Accept-Encoding": "gzip, identity;q=0" },
      "gzip",
    ],
  ])("is decided for %s", async (...row) => {
    const [, name, content, fields, coding] = row;
    const site = makeSite(new MemoryStore({ [name]: content }));
    const reply = await get(site, `/${name}`, { "Accept-Encoding": "gzip", ...fields });
    expect(reply.fields.get("content-encoding")).toBe(coding);
    expect([200, 206]).toContain(reply.status);
  });

  test("can be switched off", async () => {
    const site = makeSite(new MemoryStore({ "a.txt": LONG }), { compress: false });
    expect((await get(site, "/a.txt", { "Accept-Encoding": "gzip" })).text).toBe(LONG);
  });

  test("answers HEAD and conditions without compressing", async () => {
    const store = new MemoryStore({ "a.txt": LONG });
    const head = await ask(makeSite(store), "HEAD", "/a.txt", { fields: { "Accept-Encoding": "gzip" } });
    expect([head.status, head.length, head.fields.get("content-encoding")]).toEqual([200, "unknown", "gzip"]);
    const same = await get(makeSite(store), "/a.txt", {
      "Accept-Encoding": "gzip",
      "If-None-Match": '"v1-gz"',
    });
    expect([same.status, same.fields.has("content-encoding")]).toEqual([304, false]);
    expect(store.openCount).toBe(0);
  });

  test("gives everything back when the client goes in the middle", async () => {
    const store = new MemoryStore({ "a.txt": crypto.getRandomValues(new Uint8Array(1_000_000)) });
    const outcome = await respond(
      makeRequest("GET", "/a.txt", { fields: { "Accept-Encoding": "gzip" } }),
      makeSite(store),
    );
    if (outcome.kind !== "reply" || outcome.body.kind !== "stream") throw new Error("Not a stream");
    await outcome.body.stream.next();
    const pending = outcome.body.stream.next();
    closeBody(outcome.body);
    closeBody(outcome.body);
    await pending;
    expect(await outcome.body.stream.next()).toBeUndefined();
    expect(store.openCount).toBe(0);
  });

  test("fails when the file gets shorter, so that the client sees a cut", async () => {
    const store = new MemoryStore();
    const file = store.put("a.txt", LONG);
    const outcome = await respond(
      makeRequest("GET", "/a.txt", { fields: { "Accept-Encoding": "gzip" } }),
      makeSite(store),
    );
    if (outcome.kind !== "reply" || outcome.body.kind !== "stream") throw new Error("Not a stream");
    file.bytes = file.bytes.subarray(0, 10);
    const { stream } = outcome.body;
    expect(async () => {
      while ((await stream.next()) !== undefined);
    }).toThrow("shorter");
    closeBody(outcome.body);
    expect(store.openCount).toBe(0);
  });
});

describe("406 (RFC 9110 §12.5.3, §15.5.7)", () => {
  test.each([
    ["a.png", "identity;q=0", 406],
    ["a.png", "*;q=0", 406],
    ["a.png", "gzip, identity;q=0", 406],
    ["a.png", "gzip, *;q=0, identity", 200],
    ["a.png", "gzip", 200],
    ["a.txt", "deflate, identity;q=0", 406],
    ["a.txt", "gzip, identity;q=0", 406],
    ["long.txt", "gzip, identity;q=0", 200],
    ["long.txt", "*;q=0", 406],
  ])("%s with Accept-Encoding: %s gives %i", async (name, acceptEncoding, status) => {
    const store = new MemoryStore({ "a.png": "p", "a.txt": "a", "long.txt": LONG });
    const reply = await get(makeSite(store), `/${name}`, { "Accept-Encoding": acceptEncoding });
    expect(reply.status).toBe(status);
    expect(store.openCount).toBe(0);
    if (status === 406) expect(reply.fields.all("vary")).toEqual(["Accept, Accept-Encoding"]);
  });
});
