import { describe, expect, test } from "bun:test";
import { MemoryStore } from "../support/memory-store.ts";
import { ask, get, makeSite } from "../support/requests.ts";

const TEXT = "0123456789abcdefghijklmnopqrstuvwxyz";
const TAG = '"v1"';
const MODIFIED = "Fri, 02 Jan 2026 03:04:05 GMT";
const EARLIER = "Fri, 02 Jan 2026 03:04:04 GMT";

function makeTextSite() {
  return makeSite(new MemoryStore({ "a.txt": TEXT, "empty.txt": "", "p.png": TEXT }));
}

describe("a whole file", () => {
  test("has the fields that describe it", async () => {
    const reply = await get(makeTextSite(), "/a.txt");
    expect([reply.status, reply.text, reply.length]).toEqual([200, TEXT, 36]);
    expect(reply.fields.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(reply.fields.get("etag")).toBe(TAG);
    expect(reply.fields.get("last-modified")).toBe(MODIFIED);
    expect(reply.fields.get("accept-ranges")).toBe("bytes");
    expect(reply.fields.get("vary")).toBe("Accept-Encoding");
    expect(reply.fields.has("content-encoding")).toBe(false);
  });

  test("varies only where there could be another coding", async () => {
    expect((await get(makeTextSite(), "/p.png")).fields.has("vary")).toBe(false);
  });

  test("can be empty", async () => {
    const reply = await get(makeTextSite(), "/empty.txt");
    expect([reply.status, reply.text, reply.length]).toEqual([200, "", 0]);
  });

  test.each(["?download", "?download=1", "?x=1&download", "?download&y"])(
    "is to be saved with %s (RFC 6266)",
    async (query) => {
      const store = new MemoryStore({ 'na"me €.txt': "a" });
      const reply = await get(makeSite(store), `/na%22me%20%E2%82%AC.txt${query}`);
      expect(reply.fields.get("content-disposition")).toBe(
        `attachment; filename="na_me _.txt"; filename*=UTF-8''na%22me%20%E2%82%AC.txt`,
      );
    },
  );

  test.each(["?downloads", "?a=download", ""])("is shown with %j", async (query) => {
    expect((await get(makeTextSite(), `/a.txt${query}`)).fields.has("content-disposition")).toBe(false);
  });
});

describe("conditions (RFC 9110 §13)", () => {
  test.each([
    [{ "If-None-Match": TAG }, 304],
    [{ "If-None-Match": `W/${TAG}` }, 304],
    [{ "If-None-Match": `"x", ${TAG}` }, 304],
    [{ "If-None-Match": "*" }, 304],
    [{ "If-None-Match": '"x"' }, 200],
    [{ "If-Modified-Since": MODIFIED }, 304],
    [{ "If-Modified-Since": EARLIER }, 200],
    [{ "If-Modified-Since": "yesterday" }, 200],
    [{ "If-None-Match": '"x"', "If-Modified-Since": MODIFIED }, 200],
    [{ "If-Match": TAG }, 200],
    [{ "If-Match": "*" }, 200],
    [{ "If-Match": '"x"' }, 412],
    [{ "If-Match": `W/${TAG}` }, 412],
    [{ "If-Unmodified-Since": MODIFIED }, 200],
    [{ "If-Unmodified-Since": EARLIER }, 412],
    [{ "If-Match": TAG, "If-Unmodified-Since": EARLIER }, 200],
    [{ "If-Match": TAG, "If-None-Match": TAG }, 304],
    [{ "If-Match": '"x"', "If-None-Match": TAG }, 412],
  ])("%j gives %i, for GET and HEAD", async (fields, status) => {
    const store = new MemoryStore({ "a.txt": TEXT });
    for (const method of ["GET", "HEAD"]) {
      expect((await ask(makeSite(store), method, "/a.txt", { fields })).status).toBe(status);
    }
    expect(store.openCount).toBe(0);
  });

  test("304 has just the fields it must have (RFC 9110 §15.4.5)", async () => {
    const site = makeSite(new MemoryStore({ "sub/index.html": TEXT }));
    const { status, fields, length } = await get(site, "/sub/", { "If-None-Match": TAG });
    expect([status, length]).toEqual([304, "unknown"]);
    expect([...fields].map(([name]) => name).sort()).toEqual([
      "Cache-Control",
      "Content-Location",
      "ETag",
      "Server",
      "Vary",
    ]);
  });

  test("a time ahead is no reason for a 304", async () => {
    const store = new MemoryStore();
    store.put("a.txt", "a", { modifiedMs: Date.UTC(2030, 0, 1) });
    const first = await get(makeSite(store), "/a.txt");
    const lastModified = first.fields.get("last-modified") ?? "";
    expect((await get(makeSite(store), "/a.txt", { "If-Modified-Since": lastModified })).status).toBe(200);
  });
});

describe("ranges (RFC 9110 §14)", () => {
  test.each([
    ["bytes=0-0", "0", "bytes 0-0/36"],
    ["bytes=0-9", "0123456789", "bytes 0-9/36"],
    ["bytes=30-", "uvwxyz", "bytes 30-35/36"],
    ["bytes=-3", "xyz", "bytes 33-35/36"],
    ["bytes=-100", TEXT, "bytes 0-35/36"],
    ["bytes=0-", TEXT, "bytes 0-35/36"],
    ["bytes=35-99", "z", "bytes 35-35/36"],
    ["bytes=0-4,5-9", "0123456789", "bytes 0-9/36"],
    ["bytes=0-1,99-", "01", "bytes 0-1/36"],
  ])("%s gives 206 with %j", async (range, text, contentRange) => {
    const store = new MemoryStore({ "a.txt": TEXT });
    const reply = await get(makeSite(store), "/a.txt", { Range: range });
    expect([reply.status, reply.text, reply.fields.get("content-range")]).toEqual([206, text, contentRange]);
    expect(reply.length).toBe(text.length);
    expect(reply.fields.get("etag")).toBe(TAG);
    expect(reply.fields.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(store.openCount).toBe(0);
  });

  test.each(["bytes=9-5", "bytes=x-1", "lines=1-2", "bytes", "bytes=", "bytes=0-1;2-3"])(
    "%s is ignored",
    async (range) => {
      const reply = await get(makeTextSite(), "/a.txt", { Range: range });
      expect([reply.status, reply.text]).toEqual([200, TEXT]);
    },
  );

  test.each(["bytes=36-", "bytes=99-100", "bytes=-0", "bytes=99-,100-"])(
    "%s gives 416 (RFC 9110 §15.5.17)",
    async (range) => {
      const store = new MemoryStore({ "a.txt": TEXT });
      const reply = await get(makeSite(store), "/a.txt", { Range: range });
      expect([reply.status, reply.fields.get("content-range")]).toEqual([416, "bytes */36"]);
      expect(store.openCount).toBe(0);
    },
  );

  test("several give multipart/byteranges of the announced length (RFC 9110 §14.6)", async () => {
    const reply = await get(makeTextSite(), "/a.txt", { Range: "bytes=0-1,-2" });
    const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(
      reply.fields.get("content-type") ?? "",
    )?.[1];
    expect(reply.status).toBe(206);
    expect(reply.fields.has("content-range")).toBe(false);
    expect(reply.body.length).toBe(reply.length as number);
    expect(reply.text).toBe(
      `--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-1/36\r\n\r\n01\r\n` +
        `--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 34-35/36\r\n\r\nyz\r\n--${boundary}--\r\n`,
    );
  });

  test("HEAD ignores them (RFC 9110 §14.2)", async () => {
    const reply = await ask(makeTextSite(), "HEAD", "/a.txt", { fields: { Range: "bytes=0-1" } });
    expect([reply.status, reply.length]).toEqual([200, 36]);
  });

  test.each([
    [TAG, 206],
    ['"x"', 200],
    [`W/${TAG}`, 200],
    [MODIFIED, 206],
    [EARLIER, 200],
    ["Fri, 02 Jan 2026 03:04:06 GMT", 200],
    ["garbage", 200],
  ])("If-Range: %s gives %i (RFC 9110 §13.1.5)", async (ifRange, status) => {
    const reply = await get(makeTextSite(), "/a.txt", { Range: "bytes=0-1", "If-Range": ifRange });
    expect(reply.status).toBe(status);
  });

  test("come after the conditions (RFC 9110 §13.2.2)", async () => {
    const site = makeTextSite();
    expect((await get(site, "/a.txt", { Range: "bytes=99-", "If-None-Match": TAG })).status).toBe(304);
    expect((await get(site, "/a.txt", { Range: "bytes=0-1", "If-Match": '"x"' })).status).toBe(412);
  });

  test("of nothing are nothing", async () => {
    expect((await get(makeTextSite(), "/empty.txt", { Range: "bytes=0-" })).status).toBe(416);
    expect((await get(makeTextSite(), "/empty.txt", { Range: "bytes=-1" })).status).toBe(200);
  });
});
