import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { MOST_WAITED_BYTES } from "../../src/site/digest-delivery.ts";
import { EVERYBODY } from "../../src/base/portions.ts";
import { nextTurn } from "../../src/base/turn.ts";
import { hashPieces, KnownDigests } from "../../src/site/digests.ts";
import { closeBody } from "../../src/site/reply.ts";
import { respond } from "../../src/site/respond.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { ask, get, makeRequest, makeSite } from "../support/requests.ts";

// 64 MiB and more take a busy machine a while.
setDefaultTimeout(60_000);

const TEXT = "0123456789abcdef";
const sha = (algorithm: "sha256" | "sha512", data: string | Uint8Array) =>
  createHash(algorithm).update(data).digest("base64");
const SHA256 = `sha-256=:${sha("sha256", TEXT)}:`;
const SHA512 = `sha-512=:${sha("sha512", TEXT)}:`;
const LEGACY = `SHA-256=${sha("sha256", TEXT)}`;

function makeTextSite() {
  return makeSite(new MemoryStore({ "a.txt": TEXT, "big.png": new Uint8Array(9_000_000).fill(7) }));
}

describe("digest fields (RFC 9530)", () => {
  test.each([
    [{ "Want-Repr-Digest": "sha-256=1" }, { "repr-digest": SHA256 }],
    [{ "Want-Repr-Digest": "sha-512=9, sha-256=1" }, { "repr-digest": SHA512 }],
    [{ "Want-Content-Digest": "sha-256=10" }, { "content-digest": SHA256 }],
    [{ "Want-Digest": "SHA-512;q=1, SHA-256;q=1, SHA;q=0.1" }, { digest: LEGACY }],
    [
      { "Want-Repr-Digest": "sha-512=1", "Want-Content-Digest": "sha-256=1", "Want-Digest": "sha-256" },
      { "repr-digest": SHA512, "content-digest": SHA256, digest: LEGACY },
    ],
    [{ "Want-Repr-Digest": "sha-256=0" }, {}],
    [{ "Want-Repr-Digest": "md5=1" }, {}],
    [{ "Want-Repr-Digest": "!" }, {}],
    [{}, {}],
  ])("%j gives %j, computed first and then known", async (fields, expected) => {
    const site = makeTextSite();
    for (let round = 0; round < 2; round += 1) {
      const reply = await get(site, "/a.txt", fields);
      expect([reply.status, reply.text]).toEqual([200, TEXT]);
      for (const name of ["repr-digest", "content-digest", "digest"]) {
        expect(reply.fields.get(name)).toBe((expected as Record<string, string>)[name]);
      }
    }
  });

  test("are waited for once; then the answer comes at once", async () => {
    const site = makeTextSite();
    const request = makeRequest("GET", "/a.txt", { fields: { "Want-Repr-Digest": "sha-256=1" } });
    const first = respond(request, site);
    expect(first).toBeInstanceOf(Promise);
    const outcome = await first;
    if (outcome.kind === "reply") closeBody(outcome.body);
    const second = respond(request, site);
    expect(second).not.toBeInstanceOf(Promise);
    if (!(second instanceof Promise) && second.kind === "reply") closeBody(second.body);
  });

  test("of a large file nobody waits for, but who asks by HEAD; what is known is sent", async () => {
    const site = makeSite(new MemoryStore({ "a.png": new Uint8Array(MOST_WAITED_BYTES + 1) }));
    const fields = { "Want-Repr-Digest": "sha-256=1" };
    const early = respond(makeRequest("GET", "/a.png", { fields }), site);
    expect(early).not.toBeInstanceOf(Promise);
    expect(early).toMatchObject({ status: 200 });
    if (!(early instanceof Promise) && early.kind === "reply") closeBody(early.body);
    const head = await ask(site, "HEAD", "/a.png", { fields });
    expect(head.fields.get("repr-digest")).toMatch(/^sha-256=:.{44}:$/);
    const late = await get(site, "/a.png", fields);
    expect(late.fields.get("repr-digest")).toBe(head.fields.get("repr-digest"));
  });

  test("follow as trailers when they aren't known and the client takes trailers (RFC 9110 §6.5)", async () => {
    const site = makeTextSite();
    const fields = {
      "Want-Repr-Digest": "sha-512=1",
      "Want-Digest": "sha-256",
      TE: "trailers, deflate;q=0.5",
    };
    const reply = await get(site, "/a.txt", fields);
    expect([reply.text, reply.length, reply.fields.get("trailer")]).toEqual([
      TEXT,
      "unknown",
      "Repr-Digest, Digest",
    ]);
    expect([...reply.trailers]).toEqual([
      ["Repr-Digest", SHA512],
      ["Digest", LEGACY],
    ]);
    const again = await get(site, "/a.txt", fields);
    expect([again.length, again.fields.get("repr-digest"), again.fields.get("digest")]).toEqual([
      16,
      SHA512,
      LEGACY,
    ]);
  });

  test.each([
    ["HTTP/1.0", { version: "1.0" as const }, "trailers"],
    ["another TE", {}, "gzip"],
  ])("go ahead for %s", async (_, options, te) => {
    const fields = { "Want-Repr-Digest": "sha-256=1", TE: te };
    const reply = await ask(makeTextSite(), "GET", "/a.txt", { ...options, fields });
    expect([reply.fields.get("repr-digest"), reply.trailers.size]).toEqual([SHA256, 0]);
  });

  test("beside a part: Repr-Digest is of the whole, Content-Digest of what is sent (RFC 9530 §2, §3)", async () => {
    const fields = { "Want-Repr-Digest": "sha-256=1", "Want-Content-Digest": "sha-256=1", TE: "trailers" };
    const single = await get(makeTextSite(), "/a.txt", { ...fields, Range: "bytes=2-4" });
    expect([single.status, single.text, single.fields.get("repr-digest")]).toEqual([206, "234", SHA256]);
    expect(single.fields.get("content-digest")).toBe(`sha-256=:${sha("sha256", "234")}:`);
    const several = await get(makeTextSite(), "/a.txt", { ...fields, Range: "bytes=0-1,5-6" });
    expect(several.fields.get("content-digest")).toBe(`sha-256=:${sha("sha256", several.body)}:`);
    expect(several.fields.get("repr-digest")).toBe(SHA256);
  });

  test("in the answer to HEAD: Content-Digest is of no content (RFC 9530 appendix B.2)", async () => {
    const store = new MemoryStore({ "a.txt": TEXT });
    const fields = { "Want-Repr-Digest": "sha-256=1", "Want-Content-Digest": "sha-256=1" };
    for (let round = 0; round < 2; round += 1) {
      const reply = await ask(makeSite(store), "HEAD", "/a.txt", { fields });
      expect([reply.fields.get("repr-digest"), reply.length]).toEqual([SHA256, 16]);
      expect(reply.fields.get("content-digest")).toBe(`sha-256=:${sha("sha256", "")}:`);
    }
    expect(store.openCount).toBe(0);
  });

  test("are of the coding that is sent", async () => {
    const store = new MemoryStore({ "a.txt": TEXT, "a.txt.gz": "coded" });
    const reply = await get(makeSite(store), "/a.txt", {
      "Accept-Encoding": "gzip",
      "Want-Repr-Digest": "sha-256=1",
    });
    expect([reply.text, reply.fields.get("repr-digest")]).toEqual([
      "coded",
      `sha-256=:${sha("sha256", "coded")}:`,
    ]);
  });

  test("are left out where nothing is sent or another status says it all", async () => {
    const site = makeTextSite();
    const want = { "Want-Repr-Digest": "sha-256=1" };
    expect((await get(site, "/a.txt", { ...want, "If-None-Match": "*" })).fields.has("repr-digest")).toBe(
      false,
    );
    expect((await get(site, "/missing.txt", want)).fields.has("repr-digest")).toBe(false);
  });

  test("of a new version are new", async () => {
    const store = new MemoryStore({ "a.txt": TEXT });
    const site = makeSite(store);
    await get(site, "/a.txt", { "Want-Repr-Digest": "sha-256=1" });
    store.put("a.txt", "other");
    const reply = await get(site, "/a.txt", { "Want-Repr-Digest": "sha-256=1" });
    expect(reply.fields.get("repr-digest")).toBe(`sha-256=:${sha("sha256", "other")}:`);
  });

  test("of a large file let others be served, and are computed once for all who ask", async () => {
    const store = new MemoryStore({ "big.png": new Uint8Array(9_000_000).fill(7) });
    const site = makeSite(store);
    let turns = 0;
    const ticker = setInterval(() => (turns += 1), 0);
    const replies = await Promise.all(
      [1, 2, 3].map(() => get(site, "/big.png", { "Want-Repr-Digest": "sha-256=1" })),
    );
    clearInterval(ticker);
    expect(new Set(replies.map((reply) => reply.fields.get("repr-digest"))).size).toBe(1);
    expect(turns).toBeGreaterThan(0);
    expect(store.openCount).toBe(0);
  });

  test("of a file that got shorter are left out", async () => {
    const store = new MemoryStore();
    const file = store.put("a.txt", TEXT);
    const pending = respond(
      makeRequest("GET", "/a.txt", { fields: { "Want-Repr-Digest": "sha-256=1" } }),
      makeSite(store),
    );
    file.bytes = new Uint8Array(0);
    const open = store.open({ ...file, bytes: file.bytes });
    expect(
      await hashPieces([{ kind: "slice", file: open, position: 0, length: 5 }], "sha-256", EVERYBODY),
    ).toBeUndefined();
    const outcome = await pending;
    if (outcome.kind === "reply") closeBody(outcome.body);
  });

  test("are looked for no further when nobody waits for them any more", async () => {
    const PORTION_BYTES = 2 * 1024 * 1024;
    const store = new MemoryStore({ "big.png": new Uint8Array(20 * PORTION_BYTES) });
    const failures: unknown[] = [];
    const site = { ...makeSite(store), onError: (error: unknown) => failures.push(error) };
    const fields = { "Want-Repr-Digest": "sha-256=1" };
    const request = makeRequest("HEAD", "/big.png", { fields });
    const askers = [1, 2, 3].map(() => ({ isGone: false, isSilent: false }));
    const outcomes = askers.map((asker) => respond(request, site, asker));
    // One goes after the other; the last one in the middle.
    for (const asker of askers) {
      for (let turn = 0; turn < 3; turn += 1) await nextTurn();
      expect(store.openCount).toBe(3);
      asker.isGone = true;
    }
    for (const pending of outcomes) {
      const outcome = await pending;
      if (outcome.kind === "reply") closeBody(outcome.body);
    }
    expect([store.openCount, failures]).toEqual([0, []]);
    const reply = await ask(site, "HEAD", "/big.png", { fields });
    expect(reply.fields.get("repr-digest")).toMatch(/^sha-256=/);
  });

  test("cost no descriptor when reading fails", async () => {
    const store = new MemoryStore();
    const file = store.put("a.txt", TEXT);
    Object.defineProperty(file, "bytes", {
      get: (() => {
        let reads = 0;
        return () => {
          reads += 1;
          if (reads > 1) throw new Error("EIO");
          return Buffer.from(TEXT);
        };
      })(),
    });
    const reply = await get(makeSite(store), "/a.txt", { "Want-Repr-Digest": "sha-256=1" });
    expect([reply.status, store.openCount]).toEqual([500, 0]);
  });
});

describe("KnownDigests", () => {
  const digest = new Uint8Array(32);
  const store = new MemoryStore();
  const fileOf = (version: string, isSettled = true) =>
    store.open(store.put(`${version}.txt`, "x", { version, isSettled }));

  test("forgets what was unused for longest beyond 10,000", () => {
    const known = new KnownDigests();
    const first = fileOf("first");
    const second = fileOf("second");
    known.put(first, "sha-256", digest);
    known.put(second, "sha-256", digest);
    for (let index = 0; index < 9_998; index += 1)
      known.put({ ...first, version: `n${index}` }, "sha-256", digest);
    expect([known.size, known.get(first, "sha-256")]).toEqual([10_000, digest]);
    known.put(fileOf("last"), "sha-256", digest);
    expect(known.size).toBe(10_000);
    expect(known.get(second, "sha-256")).toBeUndefined();
    expect(known.get(first, "sha-256")).toBe(digest);
    expect(known.get(first, "sha-512")).toBeUndefined();
  });

  test("never takes one content for another while files aren't settled", async () => {
    const known = new KnownDigests();
    const contents = ["old", "new"];
    const files = contents.map((content) =>
      store.open(store.put("r.txt", content, { version: "r", isSettled: false })),
    );
    const digests = await Promise.all(files.map((file) => known.find(file, "sha-256", EVERYBODY)));
    expect(digests.map((found) => Buffer.from(found!).toString("base64"))).toEqual(
      contents.map((content) => sha("sha256", content)),
    );
  });

  test("keeps nothing of a file that isn't settled", () => {
    const known = new KnownDigests();
    known.put(fileOf("racy", false), "sha-256", digest);
    expect(known.size).toBe(0);
  });
});
