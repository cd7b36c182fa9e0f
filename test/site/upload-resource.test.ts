/** Uploads that are resumed (draft-ietf-httpbis-resumable-upload-12), without a socket. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import type { OnExist, SitePolicy } from "../../src/site/policy.ts";
import type { Intake } from "../../src/site/reply.ts";
import { respond, type Site } from "../../src/site/respond.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import { Fields } from "../../src/wire/fields.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/client-session.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { ask, makeRequest, makeSite, readReply, type ReadReply, send } from "../support/requests.ts";

type FieldValues = Readonly<Record<string, string>>;

const DAY_MS = 86_400_000;
const VERSION = { "Upload-Draft-Interop-Version": "8" };
const PARTIAL = { "Content-Type": "application/partial-upload" };
const digestOf = (text: string) => `sha-256=:${createHash("sha256").update(text).digest("base64")}:`;

let folder: TemporaryFolder;
let clock: ManualClock;
let site: Site;
beforeEach(() => {
  folder = makeTemporaryFolder();
  clock = new ManualClock(Date.now());
  site = makeOwnSite();
});
afterEach(() => folder.remove());

function makeOwnSite(onExist: OnExist = "refuse", policy: Partial<SitePolicy> = {}): Site {
  const store = openDiskStore(folder.path, { clock });
  return { ...makeSite(store, { upload: { maxBytes: 1000, onExist }, ...policy }), clock };
}

/** Begins an upload with a body, and gives its address. */
async function begin(text: string, fields: FieldValues = {}, path = "/a.txt"): Promise<string> {
  const reply = await send(site, "POST", path, {
    fields: { "Upload-Complete": "?0", ...VERSION, ...fields },
    chunks: text === "" ? [] : [text],
  });
  expect([reply.status, reply.fields.get("upload-complete"), reply.fields.get("upload-offset")]).toEqual([
    201,
    "?0",
    `${text.length}`,
  ]);
  return reply.fields.get("location") ?? "";
}

function append(
  location: string,
  offset: number | string,
  text: string,
  fields: FieldValues = {},
): Promise<ReadReply> {
  return send(site, "PATCH", location, {
    fields: { "Upload-Complete": "?1", "Upload-Offset": `${offset}`, ...PARTIAL, ...fields },
    chunks: text === "" ? [] : [text],
  });
}

/** Appends the last part without telling its length. */
function appendChunked(location: string, offset: number, text: string, trailers: FieldValues = {}) {
  return send(site, "PATCH", location, {
    fields: { "Upload-Complete": "?1", "Upload-Offset": `${offset}`, ...PARTIAL },
    framing: { kind: "chunked" },
    trailers,
    chunks: [text],
  });
}

const head = (location: string, fields: FieldValues = {}) => ask(site, "HEAD", location, { fields });
const text = (name = "a.txt") => readFileSync(join(folder.path, name), "utf8");

/** The state of an upload: status, completeness, offset, length. */
async function stateOf(location: string): Promise<readonly unknown[]> {
  const { status, fields } = await head(location);
  return [status, fields.get("upload-complete"), fields.get("upload-offset"), fields.get("upload-length")];
}

async function open(method: string, path: string, fields: FieldValues, length?: number): Promise<Intake> {
  const framing =
    length === undefined ? ({ kind: "chunked" } as const) : ({ kind: "length", length } as const);
  const outcome = await respond(makeRequest(method, path, { fields, framing }), site);
  if (outcome.kind !== "intake") throw new Error(`It was refused: ${outcome.status}`);
  return outcome;
}

const create = (length = 5, fields: FieldValues = {}) =>
  open("PUT", "/a.txt", { "Upload-Complete": "?1", ...VERSION, ...fields }, length);
const locationOf = (intake: Intake) => new Fields(intake.informational?.fields ?? []).get("location") ?? "";

describe("an upload that may be resumed", () => {
  test.each(["5", "6", "7", "8"])(
    "is announced with 104 to a client of interop version %s (draft §4.2.2)",
    async (version) => {
      const intake = await create(5, { "Upload-Draft-Interop-Version": version });
      expect(intake.informational?.status).toBe(104);
      const fields = new Fields(intake.informational?.fields ?? []);
      expect(fields.get("location")).toMatch(/^\/\.netfile-upload\/[\w-]{22}$/);
      expect(fields.get("upload-limit")).toMatch(/^max-size=1000, max-age=86[34]\d\d$/);
      expect(fields.get("upload-draft-interop-version")).toBe(version);
      intake.receive(Buffer.from("hello"));
      const reply = await readReply(await intake.finish(Fields.NONE));
      expect([reply.status, reply.fields.get("location"), reply.fields.get("upload-complete")]).toEqual([
        201,
        "/a.txt",
        "?1",
      ]);
      expect([text(), folder.names()]).toEqual(["hello", ["a.txt"]]);
    },
  );

  test.each<[string, FieldValues]>([
    ["no version", { "Upload-Complete": "?1" }],
    ["a version that isn't known", { "Upload-Complete": "?1", "Upload-Draft-Interop-Version": "9" }],
    ["a malformed version", { "Upload-Complete": "?1", "Upload-Draft-Interop-Version": '"8"' }],
    ["a malformed Upload-Complete, which is ignored", { "Upload-Complete": "1", ...VERSION }],
    ["no Upload-Complete", VERSION],
  ])("is a plain one with %s", async (_, fields) => {
    const intake = await open("PUT", "/a.txt", fields, 5);
    expect(intake.informational).toBeUndefined();
    intake.abort();
    expect(folder.names()).toEqual([]);
  });

  test("is a plain one for HTTP/1.0, which has no interim responses", async () => {
    const fields = { "Upload-Complete": "?1", ...VERSION };
    const request = makeRequest("PUT", "/a.txt", {
      fields,
      version: "1.0",
      framing: { kind: "length", length: 1 },
    });
    const outcome = await respond(request, site);
    expect(outcome.kind === "intake" && outcome.informational === undefined).toBe(true);
    if (outcome.kind === "intake") outcome.abort();
  });

  test("keeps what came before the body was cut, and goes on from there (draft §4.4)", async () => {
    const intake = await create();
    intake.receive(Buffer.from("hel"));
    intake.abort();
    const location = locationOf(intake);
    expect(await stateOf(location)).toEqual([204, "?0", "3", "5"]);
    expect((await ask(site, "GET", "/a.txt")).status).toBe(404);
    const reply = await append(location, 3, "lo");
    expect([reply.status, reply.fields.get("location"), reply.fields.get("upload-offset")]).toEqual([
      201,
      "/a.txt",
      "5",
    ]);
    expect([text(), folder.names()]).toEqual(["hello", ["a.txt"]]);
  });

  test("comes in parts, the last of them empty if need be (draft §4.4)", async () => {
    const location = await begin("");
    const second = await append(location, 0, "hel", { "Upload-Complete": "?0" });
    expect([second.status, second.fields.get("upload-offset"), second.fields.get("upload-complete")]).toEqual(
      [204, "3", "?0"],
    );
    expect((await append(location, 3, "lo", { "Upload-Complete": "?0", "Upload-Length": "5" })).status).toBe(
      204,
    );
    expect(await stateOf(location)).toEqual([204, "?0", "5", "5"]);
    expect((await append(location, 5, "")).status).toBe(201);
    expect(text()).toBe("hello");
  });

  test("comes in parts of unknown length", async () => {
    const location = await begin("he");
    expect((await appendChunked(location, 2, "llo")).status).toBe(201);
    expect(text()).toBe("hello");
  });

  test("outlives the server", async () => {
    const location = await begin("hel");
    site = makeOwnSite();
    expect(await stateOf(location)).toEqual([204, "?0", "3", undefined]);
    expect((await append(location, 3, "lo")).status).toBe(201);
    expect(text()).toBe("hello");
  });

  test("answers again what a client hasn't heard (draft §4.4.2)", async () => {
    const location = await begin("hel");
    const reply = await append(location, 3, "lo");
    expect(await stateOf(location)).toEqual([204, "?1", "5", "5"]);
    const again = await append(location, 5, "");
    expect([again.status, again.text, again.fields.get("etag")]).toEqual([
      201,
      reply.text,
      reply.fields.get("etag"),
    ]);
    expect((await append(location, 5, "more")).status).toBe(400);
    expect((await append(location, 3, "lo")).status).toBe(400);
  });

  test("is told where it stands when the offset is wrong (draft §4.4.2, §7.1)", async () => {
    const location = await begin("hel");
    for (const offset of [0, 2, 4, 1_000_000]) {
      const reply = await append(location, offset, "lo");
      expect([reply.status, reply.fields.get("upload-offset"), reply.fields.get("upload-complete")]).toEqual([
        409,
        "3",
        "?0",
      ]);
      expect(reply.fields.get("content-type")).toBe("application/problem+json");
      expect(JSON.parse(reply.text)).toMatchObject({
        type: "https://iana.org/assignments/http-problem-types#mismatching-upload-offset",
        "expected-offset": 3,
        "provided-offset": offset,
      });
    }
    expect((await append(location, 3, "lo")).status).toBe(201);
  });

  test.each<[string, FieldValues, number]>([
    ["no Upload-Offset", { "Upload-Offset": "" }, 400],
    ["a malformed Upload-Offset", { "Upload-Offset": "3.0" }, 400],
    ["a negative Upload-Offset", { "Upload-Offset": "-3" }, 400],
    ["no Upload-Complete", { "Upload-Complete": "" }, 400],
    ["a malformed Upload-Complete", { "Upload-Complete": "true" }, 400],
    ["another type", { "Content-Type": "text/plain" }, 415],
    ["a type in a coding", { "Content-Encoding": "gzip" }, 415],
    ["a range", { "Content-Range": "bytes 3-4/5" }, 400],
    ["a malformed digest", { "Content-Digest": "sha-256=x" }, 400],
    ["an expectation", { Expect: "more" }, 417],
    ["a foreign origin", { Origin: "https://evil.example" }, 403],
  ])("refuses to append with %s", async (_, fields, status) => {
    const location = await begin("hel");
    expect((await append(location, 3, "lo", fields)).status).toBe(status);
    expect(await stateOf(location)).toEqual([204, "?0", "3", undefined]);
  });

  test("takes any type from a client of draft 03, which had none of its own", async () => {
    const location = await begin("hel");
    const fields = { "Upload-Draft-Interop-Version": "5", "Content-Type": "text/plain" };
    expect((await append(location, 3, "lo", fields)).status).toBe(201);
  });

  test("is dropped by DELETE (draft §4.5)", async () => {
    const location = await begin("hel", {}, "/sub/a.txt");
    expect((await ask(site, "DELETE", location)).status).toBe(204);
    expect(folder.names()).toEqual([]);
    expect((await head(location)).status).toBe(404);
    expect((await append(location, 3, "lo")).status).toBe(404);
    expect((await ask(site, "DELETE", location)).status).toBe(404);
  });

  test("ends when nothing came for a day", async () => {
    const location = await begin("hel");
    clock.advance(DAY_MS - 60_000);
    const { fields } = await head(location);
    expect(Number(/max-age=(\d+)/.exec(fields.get("upload-limit") ?? "")?.[1])).toBeLessThanOrEqual(61);
    clock.advance(61_000);
    expect((await head(location)).status).toBe(404);
    expect(folder.names()).toEqual([]);
  });
});

describe("two requests for one upload", () => {
  test("the older one is cut when the newer one comes, and its bytes are not mixed in (draft §4.6)", async () => {
    const older = await create();
    const location = locationOf(older);
    older.receive(Buffer.from("he"));
    const newer = await open(
      "PATCH",
      location,
      { "Upload-Complete": "?1", "Upload-Offset": "2", ...PARTIAL },
      3,
    );
    const refused = older.receive(Buffer.from("yyy"));
    expect([refused?.status, refused?.close]).toEqual([409, true]);
    newer.receive(Buffer.from("llo"));
    expect((await newer.finish(Fields.NONE)).status).toBe(201);
    expect(text()).toBe("hello");
    older.abort();
    expect((await older.finish(Fields.NONE)).status).toBe(409);
    expect(folder.names()).toEqual(["a.txt"]);
  });

  test("an offset that was told is not passed by an older request", async () => {
    const older = await create();
    older.receive(Buffer.from("he"));
    expect(await stateOf(locationOf(older))).toEqual([204, "?0", "2", "5"]);
    older.receive(Buffer.from("l"));
    expect(await stateOf(locationOf(older))).toEqual([204, "?0", "2", "5"]);
  });

  test("one that has come whole is waited for", async () => {
    const older = await create();
    older.receive(Buffer.from("hello"));
    const finishing = older.finish(Fields.NONE);
    expect(await stateOf(locationOf(older))).toEqual([204, "?1", "5", "5"]);
    expect((await finishing).status).toBe(201);
  });

  test("a dropped one takes nothing more", async () => {
    const older = await create();
    older.receive(Buffer.from("he"));
    expect((await ask(site, "DELETE", locationOf(older))).status).toBe(204);
    expect(older.receive(Buffer.from("llo"))?.status).toBe(409);
    expect(folder.names()).toEqual([]);
  });
});

describe("lengths and limits (draft §4.1.3, §4.1.4)", () => {
  test.each([
    ["7", 5],
    ["3", 5],
  ])("an Upload-Length of %s doesn't go with a whole of %d bytes", async (length, size) => {
    const fields = { "Upload-Complete": "?1", "Upload-Length": length, ...VERSION };
    const reply = await send(site, "PUT", "/a.txt", { fields, chunks: ["x".repeat(size)] });
    expect([reply.status, JSON.parse(reply.text).type]).toEqual([
      400,
      "https://iana.org/assignments/http-problem-types#inconsistent-upload-length",
    ]);
    expect(folder.names()).toEqual([]);
  });

  test("what requests say must fit together, and the last byte with it", async () => {
    const location = await begin("hel", { "Upload-Length": "5" });
    expect((await append(location, 3, "l")).status).toBe(400);
    expect((await append(location, 3, "lo!")).status).toBe(400);
    expect((await append(location, 3, "l", { "Upload-Complete": "?0", "Upload-Length": "6" })).status).toBe(
      400,
    );
    expect((await appendChunked(location, 3, "l")).status).toBe(400);
    expect(await stateOf(location)).toEqual([204, "?0", "4", "5"]);
    expect((await append(location, 4, "o")).status).toBe(201);
  });

  test("a body of unknown length that passes the announced one ends the upload", async () => {
    const location = await begin("hel", { "Upload-Length": "5" });
    expect((await appendChunked(location, 3, "lo!")).status).toBe(400);
    expect([(await head(location)).status, folder.names()]).toEqual([404, []]);
  });

  test.each<[string, FieldValues, string[]]>([
    ["Upload-Length", { "Upload-Complete": "?0", "Upload-Length": "1001" }, []],
    ["Content-Length", { "Upload-Complete": "?1" }, ["x".repeat(1001)]],
  ])("one that is too large by its %s is refused with the limit", async (_, fields, chunks) => {
    const reply = await send(site, "PUT", "/a.txt", { fields: { ...VERSION, ...fields }, chunks });
    expect([reply.status, reply.fields.get("upload-limit")]).toEqual([413, "max-size=1000"]);
    expect(folder.names()).toEqual([]);
  });

  test("one may be as large as the limit, in parts, and not larger", async () => {
    const location = await begin("x".repeat(999));
    expect((await append(location, 999, "xx")).status).toBe(413);
    expect((await append(location, 999, "x")).status).toBe(201);
    const second = await begin("x".repeat(999), {}, "/b.txt");
    const reply = await appendChunked(second, 999, "xx");
    expect([reply.status, reply.fields.get("upload-complete")]).toEqual([413, "?1"]);
    expect([(await head(second)).status, folder.names()]).toEqual([404, ["a.txt"]]);
  });

  test("OPTIONS tells the limit, of a folder, of an upload and of the server", async () => {
    const location = await begin("");
    for (const path of ["/", "/a.txt", "*", location]) {
      const { status, fields } = await ask(site, "OPTIONS", path);
      expect([status, fields.get("upload-limit")]).toEqual([204, "max-size=1000"]);
    }
    expect((await ask(site, "OPTIONS", location)).fields.get("allow")).toBe(
      "HEAD, GET, PATCH, DELETE, OPTIONS",
    );
  });
});

describe("digests (draft §10)", () => {
  test("that of the whole is compared at the end, whoever told it when", async () => {
    const wrong = await begin("hel", { "Repr-Digest": digestOf("other") });
    const reply = await append(wrong, 3, "lo");
    expect([reply.status, reply.fields.get("upload-complete"), folder.names()]).toEqual([400, "?1", []]);
    const right = await begin("hel", { "Repr-Digest": digestOf("hello") });
    expect((await append(right, 3, "lo", { "Repr-Digest": digestOf("hello") })).status).toBe(201);
    const late = await begin("hel", {}, "/b.txt");
    expect((await append(late, 3, "lo", { "Repr-Digest": digestOf("lo") })).status).toBe(400);
    const trailed = await begin("hel", {}, "/b.txt");
    const trailers = { "Repr-Digest": digestOf("lo") };
    expect((await appendChunked(trailed, 3, "lo", trailers)).status).toBe(400);
    expect(folder.names()).toEqual(["a.txt"]);
  });

  test("that of a whole that came with one request, too", async () => {
    const intake = await create(5, { "Repr-Digest": digestOf("other") });
    intake.receive(Buffer.from("hello"));
    expect((await intake.finish(Fields.NONE)).status).toBe(400);
    expect(folder.names()).toEqual([]);
  });

  test("outlive a cut and a restart", async () => {
    const intake = await create(5, { "Repr-Digest": digestOf("other") });
    intake.receive(Buffer.from("hel"));
    intake.abort();
    site = makeOwnSite();
    expect((await append(locationOf(intake), 3, "lo")).status).toBe(400);
    expect(folder.names()).toEqual([]);
  });

  test("that of a part keeps a bad part out, and it can be sent again", async () => {
    const location = await begin("hel");
    expect((await append(location, 3, "yy", { "Content-Digest": digestOf("lo") })).status).toBe(400);
    expect(await stateOf(location)).toEqual([204, "?0", "3", "5"]);
    expect((await append(location, 3, "lo", { "Content-Digest": digestOf("lo") })).status).toBe(201);
    expect(text()).toBe("hello");
  });

  test("that are malformed are refused before anything is begun", async () => {
    const fields = { "Upload-Complete": "?0", "Repr-Digest": "sha-256=x" };
    expect((await send(site, "POST", "/a.txt", { fields, chunks: [] })).status).toBe(400);
    expect(folder.names()).toEqual([]);
  });
});

describe("the site's policy", () => {
  test.each<[string, `${"PUT" | "POST"} /${string}`, FieldValues, number]>([
    ["a type that isn't allowed", "PUT /a.exe", {}, 403],
    ["a hidden name", "PUT /.a.txt", {}, 403],
    ["the place of the uploads themselves", "PUT /.netfile-upload/x.txt", {}, 403],
    ["a folder", "PUT /sub/", {}, 409],
    ["a foreign origin", "PUT /a.txt", { Origin: "https://evil.example" }, 403],
    ["a name that exists", "PUT /old.txt", {}, 409],
    ["a condition that doesn't hold", "PUT /a.txt", { "If-Match": '"x"' }, 412],
    ["a coding", "PUT /a.txt", { "Content-Encoding": "gzip" }, 415],
    ["part of a form", "POST /", { "Content-Type": "multipart/form-data; boundary=b" }, 400],
  ])("refuses %s as for a plain upload", async (_, request, fields, status) => {
    const [method = "", path = ""] = request.split(" ");
    writeFileSync(join(folder.path, "old.txt"), "old");
    const reply = await send(site, method, path, {
      fields: { "Upload-Complete": "?0", ...VERSION, ...fields },
      chunks: [],
    });
    expect([reply.status, folder.names()]).toEqual([status, ["old.txt"]]);
  });

  test("is asked again at the end: a name that was taken in between stays", async () => {
    const location = await begin("hel");
    writeFileSync(join(folder.path, "a.txt"), "somebody else's");
    const reply = await append(location, 3, "lo");
    expect([reply.status, reply.fields.get("upload-complete"), text()]).toEqual([
      409,
      "?1",
      "somebody else's",
    ]);
    expect(folder.names()).toEqual(["a.txt"]);
  });

  test("is asked again at the end: conditions of the request that began it", async () => {
    site = makeOwnSite("replace");
    const location = await begin("hel", { "If-None-Match": "*" });
    writeFileSync(join(folder.path, "a.txt"), "somebody else's");
    site = makeOwnSite("replace");
    expect((await append(location, 3, "lo")).status).toBe(412);
    expect(text()).toBe("somebody else's");
  });

  test("replaces the version that was named, though names aren't replaced otherwise", async () => {
    // On the system's clock, by which a file is settled some time.
    site = { ...site, store: openDiskStore(folder.path), clock: systemClock };
    writeFileSync(join(folder.path, "a.txt"), "old");
    const etag = (await ask(site, "HEAD", "/a.txt")).fields.get("etag") ?? "";
    const location = await begin("hel", { "If-Match": etag });
    const reply = await append(location, 3, "lo");
    expect([reply.status, reply.fields.get("location"), text()]).toEqual([204, "/a.txt", "hello"]);
  });

  test("gives another name where that is the operator's choice", async () => {
    site = makeOwnSite("rename");
    writeFileSync(join(folder.path, "a.txt"), "old");
    const location = await begin("hel");
    expect((await append(location, 3, "lo")).fields.get("location")).toBe("/a-1.txt");
  });

  test("that has become narrower holds for what was begun before", async () => {
    const location = await begin("hel");
    site = makeOwnSite("refuse", { allow: new Set(["png"]) });
    expect((await append(location, 3, "lo")).status).toBe(403);
    site = makeOwnSite("refuse", { upload: { maxBytes: 4, onExist: "refuse" } });
    expect((await append(location, 3, "lo")).status).toBe(413);
  });

  test("without uploads there is nothing of this", async () => {
    const location = await begin("hel");
    site = makeOwnSite("refuse", { upload: undefined });
    expect((await head(location)).status).toBe(404);
    expect((await append(location, 3, "lo")).status).toBe(405);
    expect((await ask(site, "DELETE", location)).status).toBe(405);
    expect((await ask(site, "OPTIONS", "/")).fields.has("upload-limit")).toBe(false);
  });

  test("is the same for reads: another site's page learns nothing of an upload", async () => {
    site = makeOwnSite("refuse", { cors: "*" });
    const location = await begin("hel");
    expect((await head(location, { Origin: "https://evil.example" })).status).toBe(403);
  });

  test("a store that can't keep uploads takes no parts, and wholes as ever", async () => {
    const plain = makeSite(new MemoryStore(), { upload: { maxBytes: 1000, onExist: "refuse" } });
    const put = (complete: string) =>
      send(plain, "PUT", "/a.txt", {
        fields: { "Upload-Complete": complete, ...VERSION },
        chunks: ["hello"],
      });
    expect((await put("?0")).status).toBe(400);
    expect((await put("?1")).status).toBe(201);
  });

  test("when there are too many unfinished ones, wholes are still taken and parts not", async () => {
    const store = openDiskStore(folder.path, { clock, unfinished: { count: 1 } });
    site = { ...makeSite(store, { upload: { maxBytes: 1000, onExist: "refuse" } }), clock };
    await begin("hel");
    const put = (complete: string) =>
      send(site, "PUT", "/b.txt", { fields: { "Upload-Complete": complete, ...VERSION }, chunks: ["hello"] });
    expect((await put("?0")).status).toBe(503);
    expect((await put("?1")).status).toBe(201);
  });
});

describe("the address of an upload", () => {
  test.each(["", "x", "..%2f..", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA/"])(
    "%p is nobody's",
    async (token) => {
      await begin("hel");
      const location = `/.netfile-upload/${token}`;
      expect((await head(location)).status).toBe(404);
      expect((await append(location, 3, "lo")).status).toBe(404);
      expect((await ask(site, "DELETE", location)).status).toBe(404);
    },
  );

  test.each(["constructor", "__proto__", "BREW", "TRACE"])("takes no %s", async (method) => {
    const location = await begin("hel");
    expect((await ask(site, method, location)).status).toBeGreaterThanOrEqual(405);
  });

  test("is in no listing, and what is on the disk isn't found", async () => {
    site = makeOwnSite("refuse", { allow: "all" });
    await begin("hel");
    const listing = await ask(site, "GET", "/", { fields: { Accept: "application/json" } });
    expect(JSON.parse(listing.text).entries).toEqual([]);
    for (const name of readdirSync(folder.path)) {
      expect((await ask(site, "GET", `/${name}`)).status).toBe(404);
    }
  });
});
