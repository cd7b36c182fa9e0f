import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { OnExist, SitePolicy } from "../../src/site/policy.ts";
import { respond } from "../../src/site/respond.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { get, makeRequest, makeSite, readReply, send } from "../support/requests.ts";

const sha = (algorithm: "sha256" | "sha512", text: string) =>
  createHash(algorithm).update(text).digest("base64");

function makeUploadSite(store: MemoryStore, onExist: OnExist = "refuse", policy: Partial<SitePolicy> = {}) {
  return makeSite(store, { upload: { maxBytes: 1000, onExist }, ...policy });
}

const put = (
  store: MemoryStore,
  path: string,
  fields: Readonly<Record<string, string>> = {},
  onExist?: OnExist,
) => send(makeUploadSite(store, onExist), "PUT", path, { fields, chunks: ["ne", "w"] });

function expectNothingOpen(store: MemoryStore) {
  expect([store.openCount, store.uploads.openCount]).toEqual([0, 0]);
}

describe("PUT and POST of a file", () => {
  test.each(["PUT", "POST"])("%s saves the body at the address (RFC 9110 §9.3.4)", async (method) => {
    const store = new MemoryStore();
    const reply = await send(makeUploadSite(store), method, "/sub/n%20%C3%A9w.txt", { chunks: ["ne", "w"] });
    expect([reply.status, store.text("sub/n éw.txt")]).toEqual([201, "new"]);
    expect(reply.fields.get("location")).toBe("/sub/n%20%C3%A9w.txt");
    expect(reply.fields.get("etag")).toBe('"v1"');
    expect(reply.fields.get("last-modified")).toBeDefined();
    expect(reply.text).toBe("Saved /sub/n éw.txt\n");
    expectNothingOpen(store);
  });

  test("answers in JSON where that is wanted", async () => {
    const reply = await put(new MemoryStore(), "/a.txt", { Accept: "application/json" });
    expect(JSON.parse(reply.text)).toEqual({ saved: ["/a.txt"] });
  });

  test("saves a file of no bytes", async () => {
    const store = new MemoryStore();
    const reply = await send(makeUploadSite(store), "PUT", "/a.txt", { chunks: [] });
    expect([reply.status, store.text("a.txt")]).toEqual([201, ""]);
  });

  test("has no tag while the new file isn't settled", async () => {
    const store = new MemoryStore();
    const put0 = store.put.bind(store);
    store.put = (path, content) => put0(path, content, { isSettled: false });
    const reply = await put(store, "/a.txt");
    expect([reply.status, reply.fields.has("etag"), reply.fields.has("last-modified")]).toEqual([
      201,
      false,
      false,
    ]);
  });

  test("tells the store the size when it is announced", async () => {
    const store = new MemoryStore();
    await put(store, "/a.txt");
    expect(store.uploads.lastSizeBytes).toBe(3);
    await send(makeUploadSite(store), "PUT", "/b.txt", { chunks: ["x"], framing: { kind: "chunked" } });
    expect(store.uploads.lastSizeBytes).toBeUndefined();
  });

  test.each([
    ["refuse", 409, "old", undefined],
    ["replace", 204, "new", undefined],
    ["rename", 201, "old", "/a-1.txt"],
  ] as const)("when the name exists: %s", async (onExist, status, text, location) => {
    const store = new MemoryStore({ "a.txt": "old" });
    const reply = await put(store, "/a.txt", {}, onExist);
    expect([reply.status, store.text("a.txt"), reply.fields.get("location")]).toEqual([
      status,
      text,
      location,
    ]);
    if (onExist === "rename") expect(store.text("a-1.txt")).toBe("new");
    if (onExist === "replace") expect(reply.fields.get("etag")).toBe('"v2"');
    expectNothingOpen(store);
  });

  test.each([
    ["/.env", 403],
    ["/.hidden/a.txt", 403],
    ["/.netfile-1.part", 403],
    ["/../a.txt", 403],
    ["/%2e%2e/a.txt", 403],
    ["/..%2fa.txt", 403],
    ["/x.exe", 403],
    ["/README", 403],
    ["/a%2fb.txt", 400],
    ["/a%5cb.txt", 400],
    ["/a%00.txt", 400],
    ["/a%0a.txt", 400],
    ["/C:a.txt", 400],
    [`/${"x".repeat(252)}.txt`, 400],
    ["/%zz.txt", 400],
    ["/", 409],
    ["/sub/", 409],
    ["/a.txt/", 409],
    ["/folder.txt", 409],
  ])("PUT %s gives %i before the body, and saves nothing", async (path, status) => {
    const store = new MemoryStore({ "folder.txt/x.txt": "x" });
    const request = makeRequest("PUT", path, { framing: { kind: "length", length: 3 } });
    const outcome = await respond(request, makeUploadSite(store));
    expect(outcome).toMatchObject({ kind: "reply", status });
    expect([...store.files.keys()]).toEqual(["folder.txt/x.txt"]);
    expectNothingOpen(store);
  });

  test.each([
    [{ "Content-Range": "bytes 0-2/3" }, 400],
    [{ "Content-Encoding": "gzip" }, 415],
    [{ "Content-Encoding": "identity" }, 201],
    [{ "Content-Encoding": "Identity" }, 201],
  ])("%j gives %i (RFC 9110 §14.5, §15.5.16)", async (fields, status) => {
    expect((await put(new MemoryStore(), "/a.txt", fields)).status).toBe(status);
  });

  test("POST of something else to a folder gives 415", async () => {
    const site = makeUploadSite(new MemoryStore());
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/mixed; boundary=b"]) {
      const reply = await send(site, "POST", "/", { fields: { "Content-Type": type }, chunks: ["x"] });
      expect(reply.status).toBe(415);
    }
  });

  test.each([
    ["begin", (store: MemoryStore, error: Error) => (store.uploads.beginFailure = error)],
    ["a write", (store: MemoryStore, error: Error) => (store.uploads.writeFailure = error)],
    ["commit", (store: MemoryStore, error: Error) => (store.uploads.commitFailure = error)],
  ])("a full disk at %s gives 507 and leaves nothing", async (_, arrange) => {
    const store = new MemoryStore();
    arrange(store, new StoreError("full", "detail"));
    expect((await put(store, "/a.txt")).status).toBe(507);
    expect(store.files.size).toBe(0);
    expectNothingOpen(store);
  });
});

describe("the size limit", () => {
  test.each([
    [1000, 201],
    [1001, 413],
  ])("by Content-Length: %i bytes give %i", async (length, status) => {
    const store = new MemoryStore();
    const reply = await send(makeUploadSite(store), "PUT", "/a.txt", { chunks: ["x".repeat(length)] });
    expect([reply.status, store.files.size]).toEqual([status, status === 201 ? 1 : 0]);
    expectNothingOpen(store);
  });

  test("is decided by the head where that tells", () => {
    const request = makeRequest("PUT", "/a.txt", { framing: { kind: "length", length: 1001 } });
    expect(respond(request, makeUploadSite(new MemoryStore()))).toMatchObject({ kind: "reply", status: 413 });
  });

  test.each([
    [["x".repeat(999), "x"], 201],
    [["x".repeat(999), "xx"], 413],
    [["x".repeat(1000), "x"], 413],
  ])("of a chunked body is counted", async (chunks, status) => {
    const store = new MemoryStore();
    const reply = await send(makeUploadSite(store), "PUT", "/a.txt", {
      chunks,
      framing: { kind: "chunked" },
    });
    expect([reply.status, store.files.size]).toEqual([status, status === 201 ? 1 : 0]);
    expectNothingOpen(store);
  });
});

describe("a body that doesn't come", () => {
  test("leaves nothing", async () => {
    const store = new MemoryStore();
    const request = makeRequest("PUT", "/a.txt", { framing: { kind: "length", length: 100 } });
    const outcome = await respond(request, makeUploadSite(store));
    if (outcome.kind !== "intake") throw new Error("Not an intake");
    expect(outcome.receive(Buffer.from("half"))).toBeUndefined();
    expect(store.uploads.openCount).toBe(1);
    outcome.abort();
    expect(store.files.size).toBe(0);
    expectNothingOpen(store);
  });
});

describe("conditions on what is replaced (RFC 9110 §13)", () => {
  const OLD = '"v1"';
  test.each([
    [{ "If-Match": OLD }, "refuse", 204],
    [{ "If-Match": OLD }, "replace", 204],
    [{ "If-Match": OLD }, "rename", 204],
    [{ "If-Match": '"v1-gz"' }, "refuse", 204],
    [{ "If-Match": '"v1-br", "x"' }, "refuse", 204],
    [{ "If-Match": `W/${OLD}` }, "replace", 412],
    [{ "If-Match": '"x"' }, "replace", 412],
    [{ "If-Match": '"x"' }, "rename", 412],
    [{ "If-Match": "garbage" }, "replace", 412],
    [{ "If-Match": "*" }, "replace", 204],
    [{ "If-Match": "*" }, "refuse", 409],
    [{ "If-None-Match": "*" }, "replace", 412],
    [{ "If-None-Match": "*" }, "refuse", 412],
    [{ "If-None-Match": OLD }, "replace", 412],
    [{ "If-None-Match": '"v1-gz"' }, "replace", 412],
    [{ "If-None-Match": '"x"' }, "replace", 204],
    [{ "If-None-Match": '"x"' }, "refuse", 409],
    [{ "If-Unmodified-Since": "Fri, 02 Jan 2026 03:04:05 GMT" }, "replace", 204],
    [{ "If-Unmodified-Since": "Fri, 02 Jan 2026 03:04:04 GMT" }, "replace", 412],
    [{ "If-Unmodified-Since": "Fri, 02 Jan 2026 03:04:05 GMT" }, "refuse", 409],
    [{ "If-Modified-Since": "Fri, 02 Jan 2026 03:04:05 GMT" }, "replace", 204],
  ] as const)("%j with %s gives %i", async (fields, onExist, status) => {
    const store = new MemoryStore({ "a.txt": "old" });
    const request = { fields, chunks: ["new"] };
    for (const method of ["PUT", "POST"]) {
      store.put("a.txt", "old", { version: "v1" });
      const reply = await send(makeUploadSite(store, onExist), method, "/a.txt", request);
      expect([reply.status, store.text("a.txt")]).toEqual([status, status === 204 ? "new" : "old"]);
      expectNothingOpen(store);
    }
  });

  test.each([
    [{ "If-None-Match": "*" }, 201],
    [{ "If-Match": "*" }, 412],
    [{ "If-Match": OLD }, 412],
    [{ "If-Unmodified-Since": "Fri, 02 Jan 2026 03:04:04 GMT" }, 201],
  ])("%j on a name that isn't there gives %i", async (fields, status) => {
    expect((await put(new MemoryStore(), "/a.txt", fields)).status).toBe(status);
  });

  test("are asked before the body", () => {
    const store = new MemoryStore({ "a.txt": "old" });
    const request = makeRequest("PUT", "/a.txt", {
      fields: { "If-Match": '"x"' },
      framing: { kind: "chunked" },
    });
    expect(respond(request, makeUploadSite(store))).toMatchObject({ kind: "reply", status: 412 });
  });

  test.each([
    [{ "If-Match": OLD }, "a.txt", 412],
    [{ "If-None-Match": "*" }, "b.txt", 412],
  ])(
    "and once more at the end, so that the later of two writers is told: %j",
    async (fields, name, status) => {
      const store = new MemoryStore({ "a.txt": "old" });
      const site = makeUploadSite(store);
      const request = makeRequest("PUT", `/${name}`, { fields, framing: { kind: "length", length: 6 } });
      const [first, second] = [await respond(request, site), await respond(request, site)];
      if (first.kind !== "intake" || second.kind !== "intake") throw new Error("Not an intake");
      first.receive(Buffer.from("first!"));
      second.receive(Buffer.from("second"));
      const { Fields } = await import("../../src/wire/fields.ts");
      expect((await readReply(await first.finish(Fields.NONE))).status).toBeLessThan(300);
      expect((await readReply(await second.finish(Fields.NONE))).status).toBe(status);
      expect(store.text(name)).toBe("first!");
      expectNothingOpen(store);
    },
  );

  test("count the version even while the file isn't settled", async () => {
    const store = new MemoryStore();
    store.put("a.txt", "old", { isSettled: false, version: "v9" });
    expect((await put(store, "/a.txt", { "If-Match": '"v9"' })).status).toBe(204);
  });

  test("on a folder's name give 409", async () => {
    const store = new MemoryStore({ "sub.txt/a.txt": "a" });
    expect((await put(store, "/sub.txt", { "If-None-Match": '"x"' })).status).toBe(409);
  });
});

describe("digests of uploads (RFC 9530)", () => {
  const good256 = `sha-256=:${sha("sha256", "new")}:`;
  const good512 = `sha-512=:${sha("sha512", "new")}:`;
  const bad512 = `sha-512=:${sha("sha512", "other")}:`;
  const bad256 = `sha-256=:${sha("sha256", "other")}:`;

  test.each([
    [{ "Repr-Digest": good256 }, 201],
    [{ "Content-Digest": good512 }, 201],
    [{ "Repr-Digest": `${good256}, ${good512}`, "Content-Digest": good256 }, 201],
    [{ Digest: `SHA-256=${sha("sha256", "new")}` }, 201],
    [{ Digest: "md5=abc" }, 201],
    [{ "Repr-Digest": "md5=:AAAA:" }, 201],
    [{ "Repr-Digest": bad256 }, 400],
    [{ "Repr-Digest": good256, "Content-Digest": bad256 }, 400],
    [{ "Repr-Digest": `${good256}, ${bad512}` }, 400],
    [{ Digest: `SHA-256=${sha("sha256", "other")}` }, 400],
    [{ Digest: "SHA-256=%%%" }, 400],
    [{ "Repr-Digest": "sha-256=abc" }, 400],
    [{ "Repr-Digest": "sha-256=:AAAA:" }, 400],
    [{ "Content-Digest": ":::" }, 400],
  ])("%j gives %i", async (fields, status) => {
    const store = new MemoryStore();
    expect((await put(store, "/a.txt", fields)).status).toBe(status);
    expect(store.files.size).toBe(status === 201 ? 1 : 0);
    expectNothingOpen(store);
  });

  test.each([
    [{ "Repr-Digest": good256 }, {}, 201],
    [{ "Repr-Digest": bad256 }, {}, 400],
    [{ "Content-Digest": "garbage!" }, {}, 400],
    [{ "Repr-Digest": good512 }, { Trailer: "Repr-Digest" }, 201],
    [{ "Repr-Digest": bad512 }, { Trailer: "Repr-Digest" }, 400],
    [{ "Repr-Digest": good512 }, {}, 201],
    [{ "Repr-Digest": `${good512}, ${good256}` }, {}, 201],
    [{ "Repr-Digest": `${good512}, ${bad256}` }, {}, 400],
    [{ "Repr-Digest": bad512 }, { "Content-Digest": good512 }, 400],
    [{ Digest: `sha-256=${sha("sha256", "other")}` }, {}, 400],
    [{ "X-Other": "1" }, {}, 201],
  ])("trailers %j with %j give %i", async (trailers, fields, status) => {
    const store = new MemoryStore();
    const site = makeUploadSite(store);
    const body = { fields, trailers, chunks: ["n", "ew"], framing: { kind: "chunked" } } as const;
    expect((await send(site, "PUT", "/a.txt", body)).status).toBe(status);
    expect(store.files.size).toBe(status === 201 ? 1 : 0);
    expectNothingOpen(store);
  });

  test("that are malformed are refused before the body", () => {
    const fields = { "Repr-Digest": "sha-256=x" };
    const request = makeRequest("PUT", "/a.txt", { fields, framing: { kind: "chunked" } });
    expect(respond(request, makeUploadSite(new MemoryStore()))).toMatchObject({ kind: "reply", status: 400 });
  });
});

describe("the origin of an upload", () => {
  test.each([
    ["http://localhost:8080", "localhost:8080", 201],
    ["http://LOCALHOST:8080", "localhost:8080", 201],
    ["http://localhost", "localhost", 201],
    ["http://localhost", "localhost:80", 201],
    ["https://files.example", "files.example:443", 201],
    ["https://files.example", "files.example", 201],
    ["http://[::1]:8080", "[::1]:8080", 201],
    ["http://localhost:8081", "localhost:8080", 403],
    ["http://evil.example", "localhost:8080", 403],
    ["http://localhost:8080.evil.example", "localhost:8080", 403],
    ["http://localhost:8080@evil.example", "localhost:8080", 403],
    ["http://localhost:8080/", "localhost:8080", 403],
    ["file://localhost:8080", "localhost:8080", 403],
    ["null", "localhost:8080", 403],
    ["null", "null", 403],
    ["", "localhost:8080", 403],
    ["http://localhost:8080, http://evil.example", "localhost:8080", 403],
  ])("%j to %j gives %i", async (origin, host, status) => {
    const store = new MemoryStore();
    expect((await put(store, "/a.txt", { Origin: origin, Host: host })).status).toBe(status);
  });

  test.each([
    ["null", "localhost:8080", "same-origin", 201],
    ["https://files.example", "127.0.0.1:8080", "same-origin", 201],
    ["http://localhost:8080", "localhost:8080", "cross-site", 201],
    ["null", "localhost:8080", "cross-site", 403],
    ["null", "localhost:8080", "same-site", 403],
    ["null", "localhost:8080", "none", 403],
    ["null", "localhost:8080", "same-origin, same-origin", 403],
    ["https://files.example", "127.0.0.1:8080", "", 403],
  ])("%j to %j with Sec-Fetch-Site: %s gives %i", async (origin, host, from, status) => {
    const fields = { Origin: origin, Host: host, "Sec-Fetch-Site": from };
    expect((await put(new MemoryStore(), "/a.txt", fields)).status).toBe(status);
  });

  test("is compared with the target's authority in absolute form (RFC 9112 §3.2.2)", async () => {
    const target = {
      form: "absolute",
      scheme: "http",
      authority: "a.example",
      path: "/a.txt",
      query: undefined,
    } as const;
    const site = makeUploadSite(new MemoryStore());
    const options = { target, fields: { Host: "b.example", Origin: "http://b.example" }, chunks: ["x"] };
    expect((await send(site, "PUT", "/a.txt", options)).status).toBe(403);
  });
});

test("an answer to a write has no Access-Control-Allow-Origin", async () => {
  const site = makeUploadSite(new MemoryStore(), "refuse", { cors: "*" });
  for (const chunks of [["x"], ["x".repeat(2000)]]) {
    const reply = await send(site, "PUT", "/a.txt", { chunks });
    expect(reply.fields.has("access-control-allow-origin")).toBe(false);
  }
  expect((await get(site, "/a.txt")).fields.get("access-control-allow-origin")).toBe("*");
});
