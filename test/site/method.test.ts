import { describe, expect, test } from "bun:test";
import { MemoryStore } from "../support/memory-store.ts";
import { ask, makeSite } from "../support/requests.ts";

const upload = { maxBytes: 1000, onExist: "refuse" } as const;
const READS = "GET, HEAD, OPTIONS";
const ALL = "GET, HEAD, OPTIONS, PUT, POST";

describe("answerByMethod()", () => {
  test.each([
    ["PUT", 405],
    ["POST", 405],
    ["DELETE", 405],
    ["PATCH", 405],
    ["TRACE", 405],
    ["CONNECT", 405],
    ["PROPFIND", 501],
    ["get", 501],
    ["BREW", 501],
  ])("answers %s on a site that is read only with %i (RFC 9110 §9.1, §15.5.6)", async (method, status) => {
    const reply = await ask(makeSite(new MemoryStore({ "a.txt": "a" })), method, "/a.txt");
    expect(reply.status).toBe(status);
    expect(reply.fields.get("allow")).toBe(status === 405 ? READS : undefined);
  });

  test.each(["DELETE", "PATCH", "TRACE", "CONNECT"])(
    "names the writes in Allow for %s with uploads",
    async (method) => {
      const reply = await ask(makeSite(new MemoryStore(), { upload }), method, "/a.txt");
      expect([reply.status, reply.fields.get("allow")]).toEqual([405, ALL]);
    },
  );

  test("answers 405 with uploads on a store that can't be written to", async () => {
    const store = new MemoryStore();
    const readOnly = { find: store.find.bind(store), folder: store.folder.bind(store) };
    const reply = await ask(makeSite(readOnly, { upload }), "PUT", "/a.txt");
    expect([reply.status, reply.fields.get("allow")]).toEqual([405, READS]);
  });

  test("answers CONNECT, whose target is no path (RFC 9110 §9.3.6)", async () => {
    const target = { form: "authority", authority: "evil.example:443" } as const;
    const reply = await ask(makeSite(new MemoryStore()), "CONNECT", "evil.example:443", { target });
    expect(reply.status).toBe(405);
  });

  test.each(["*", "/", "/a.txt", "/missing.txt"])(
    "answers OPTIONS %s with 204 and Allow (RFC 9110 §9.3.7)",
    async (target) => {
      const reply = await ask(makeSite(new MemoryStore({ "a.txt": "a" })), "OPTIONS", target);
      expect([reply.status, reply.length, reply.fields.get("allow")]).toEqual([204, 0, READS]);
      expect(reply.fields.has("access-control-allow-methods")).toBe(false);
    },
  );

  test.each([
    ["100-continue", 200],
    ["100-Continue", 200],
    ["100-continue, 100-continue", 200],
    ["200-ok", 417],
    ["100-continue, x", 417],
  ])("answers Expect: %s with %i (RFC 9110 §10.1.1)", async (expectation, status) => {
    const site = makeSite(new MemoryStore({ "a.txt": "a" }));
    const reply = await ask(site, "GET", "/a.txt", { fields: { Expect: expectation } });
    expect(reply.status).toBe(status);
  });

  test("ignores expectations of HTTP/1.0 (RFC 9110 §10.1.1)", async () => {
    const site = makeSite(new MemoryStore({ "a.txt": "a" }));
    const reply = await ask(site, "GET", "/a.txt", { version: "1.0", fields: { Expect: "x" } });
    expect(reply.status).toBe(200);
  });
});

describe("CORS", () => {
  const site = makeSite(new MemoryStore({ "a.txt": "a" }), { cors: "https://app.example", upload });

  test("lets pages of the operator's choice read, errors too", async () => {
    for (const path of ["/a.txt", "/missing.txt", "/", "/a.exe"]) {
      const reply = await ask(site, "GET", path);
      expect(reply.fields.get("access-control-allow-origin")).toBe("https://app.example");
      expect(reply.fields.get("access-control-expose-headers")).toContain("Content-Range");
    }
  });

  test("answers a preflight for reads only", async () => {
    const fields = { Origin: "https://app.example", "Access-Control-Request-Method": "PUT" };
    const reply = await ask(site, "OPTIONS", "/a.txt", { fields });
    expect(reply.status).toBe(204);
    expect(reply.fields.get("access-control-allow-methods")).toBe("GET, HEAD");
    expect(reply.fields.get("access-control-allow-headers")).toContain("Range");
  });

  test("says nothing without the operator's wish", async () => {
    const reply = await ask(makeSite(new MemoryStore({ "a.txt": "a" })), "GET", "/a.txt");
    expect(reply.fields.has("access-control-allow-origin")).toBe(false);
  });
});
