import { describe, expect, test } from "bun:test";
import type { OnExist } from "../../src/site/policy.ts";
import { MAX_FORM_FILES } from "../../src/site/upload-terms.ts";
import { respond } from "../../src/site/respond.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { Fields } from "../../src/wire/fields.ts";
import { makeRequest, makeSite, readReply, type ReadReply, send } from "../support/requests.ts";

const TYPE = "multipart/form-data; boundary=b";

/** `undefined` for a field that is no file. */
function formOf(...parts: readonly (readonly [fileName: string | undefined, content: string])[]): string {
  const texts = parts.map(([fileName, content]) => {
    const file = fileName === undefined ? "" : `; filename="${fileName}"`;
    return `--b\r\nContent-Disposition: form-data; name="file"${file}\r\n\r\n${content}\r\n`;
  });
  return `${texts.join("")}--b--\r\n`;
}

type PostOptions = {
  readonly fields?: Readonly<Record<string, string>>;
  readonly onExist?: OnExist;
  readonly maxBytes?: number;
  readonly chunks?: readonly (string | Uint8Array)[];
  readonly trailers?: Readonly<Record<string, string>>;
};

function post(store: MemoryStore, path: string, body: string, options: PostOptions = {}): Promise<ReadReply> {
  const { onExist = "refuse", maxBytes = 1000 } = options;
  return send(makeSite(store, { upload: { maxBytes, onExist } }), "POST", path, {
    fields: { "Content-Type": TYPE, ...options.fields },
    chunks: options.chunks ?? [body],
    ...(options.trailers && { trailers: options.trailers, framing: { kind: "chunked" } }),
  });
}

function expectNothingSaved(store: MemoryStore) {
  expect([store.files.size, store.uploads.openCount, store.openCount]).toEqual([0, 0, 0]);
}

describe("a form sent to a folder (RFC 7578)", () => {
  test("saves its files there", async () => {
    const store = new MemoryStore();
    const body = formOf(["a.txt", "first"], [undefined, "a field"], ["żółw 😀.png", "second\r\n--bx"]);
    const reply = await post(store, "/sub/", body);
    expect([store.text("sub/a.txt"), store.text("sub/żółw 😀.png")]).toEqual(["first", "second\r\n--bx"]);
    expect(reply.status).toBe(201);
    expect(reply.text).toBe("Saved /sub/a.txt\nSaved /sub/żółw 😀.png\n");
    expect(reply.fields.has("location")).toBe(false);
    expect(store.uploads.openCount).toBe(0);
  });

  test("byte by byte is the same", async () => {
    const store = new MemoryStore();
    const body = Buffer.from(formOf(["a.txt", "first\r\n--x"], ["b.txt", ""]));
    const chunks = Array.from(body, (_, index) => body.subarray(index, index + 1));
    const reply = await post(store, "/", "", { chunks });
    expect([reply.status, store.text("a.txt"), store.text("b.txt")]).toEqual([201, "first\r\n--x", ""]);
  });

  test("tells where a single file is, as text and as JSON", async () => {
    const reply = await post(new MemoryStore(), "/", formOf(["a.txt", "x"]), {
      fields: { Accept: "application/json" },
    });
    expect([reply.status, reply.fields.get("location")]).toEqual([201, "/a.txt"]);
    expect(JSON.parse(reply.text)).toEqual({ saved: ["/a.txt"] });
  });

  test.each([
    ["/", "/"],
    ["/sub%20x/", "/sub%20x/"],
    ["/sub%20x", "/sub%20x/"],
  ])("sends a browser on to the folder (RFC 9110 §15.4.4): %s", async (path, location) => {
    const store = new MemoryStore({ "sub x/": "" });
    const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    const reply = await post(store, path, formOf(["a.txt", "x"]), { fields: { Accept: accept } });
    expect([reply.status, reply.fields.get("location"), store.files.size]).toEqual([
      303,
      `${location}?saved=1`,
      1,
    ]);
  });

  test("brings a browser back to the order it was shown, saved or refused", async () => {
    const store = new MemoryStore({ "sub/": "" });
    const fields = { Accept: "text/html" };
    const saved = await post(store, "/sub/?sort=-date", formOf(["a.txt", "x"], ["b.txt", "y"]), { fields });
    expect(saved.fields.get("location")).toBe("/sub/?sort=-date&saved=2");
    const refused = await post(store, "/sub/?sort=-date&page=3", formOf(["a.exe", "x"]), { fields });
    expect(refused.text).toContain('<a href="/sub/?sort=-date">Back to the folder</a>');
    const atRoot = await post(store, "/", formOf(["a.exe", "x"]), { fields });
    expect(atRoot.text).not.toContain("Back to the folder");
    expect(atRoot.text).toContain('<a href="/">All files</a>');
  });

  test("doesn't say that nothing was saved when a part was", async () => {
    for (const [between, rest] of [
      ["a.txt", " Nothing of the form was saved."],
      ["b.txt", ""],
    ] as const) {
      const store = new MemoryStore();
      const site = makeSite(store, { upload: { maxBytes: 1000, onExist: "refuse" } });
      const intake = await respond(makeRequest("POST", "/", { fields: { "Content-Type": TYPE } }), site);
      if (intake.kind !== "intake") throw new Error("The form is not taken");
      intake.receive(Buffer.from(formOf(["a.txt", "x"], ["b.txt", "y"])));
      store.put(between, "It came in between");
      const reply = await readReply(await intake.finish(Fields.NONE));
      expect([reply.status, reply.text.split("\n")[1]]).toEqual([
        409,
        `"${between}": A file of this name exists, and files are not replaced here.${rest}`,
      ]);
      expect(store.uploads.openCount).toBe(0);
    }
  });

  test("ignores a file field that was left empty, as browsers send it", async () => {
    const store = new MemoryStore();
    expect((await post(store, "/", formOf(["", ""], ["a.txt", "x"]))).status).toBe(201);
    expect([...store.files.keys()]).toEqual(["a.txt"]);
  });

  test.each([
    [
      "old.txt",
      409,
      '"old.txt": A file of this name exists, and files are not replaced here. Nothing of the form was saved.',
    ],
    ["a.exe", 403, '"a.exe": Files of this type are not taken here. Nothing of the form was saved.'],
    [
      "../x.txt",
      400,
      '"../x.txt": A file in the form has a name that is not a plain file name. Nothing of the form was saved.',
    ],
    [
      ".env",
      403,
      '".env": Nothing is saved under a name that begins with a dot. Nothing of the form was saved.',
    ],
    [
      "\u202e<b>.exe",
      403,
      '"\\u{202e}<b>.exe": Files of this type are not taken here. Nothing of the form was saved.',
    ],
  ])("names the file that it is refused for: %j", async (name, status, text) => {
    const store = new MemoryStore({ "old.txt": "old" });
    const body = formOf(["first.txt", "x"], [name, "y"], ["last.txt", "z"]);
    const reply = await post(store, "/", body);
    expect([reply.status, reply.text.split("\n")[1]]).toEqual([status, text]);
    const page = await post(store, "/sub%3Cx/", body, { fields: { Accept: "text/html" } });
    expect(page.text).not.toContain("<b>");
    if (status !== 409) expect(page.text).toContain('<a href="/sub%3Cx/">Back to the folder</a>');
  });

  test("names the file that could not get its name, and says the limit of one that is too large", async () => {
    const store = new MemoryStore();
    store.uploads.commitFailure = new StoreError("exists", "detail");
    expect((await post(store, "/", formOf(["a.txt", "x"]))).text).toContain('"a.txt": A file of this name');
    const large = await post(store, "/", formOf(["a.txt", "x".repeat(1025)]), { maxBytes: 1024 });
    expect([large.status, large.text.split("\n")[1]]).toEqual([
      413,
      "The upload is larger than this server takes, which is 1 KiB at a time.",
    ]);
  });

  test("none of its files gets its name when the disk fails with the last of them", async () => {
    const store = new MemoryStore();
    store.uploads.syncFailures.set("c.txt", new StoreError("full", "detail"));
    const reply = await post(store, "/", formOf(["a.txt", "x"], ["b.txt", "y"], ["c.txt", "z"]));
    expect([reply.status, reply.text.split("\n")[1]]).toEqual([
      507,
      expect.stringMatching(/^"c\.txt": .* Nothing of the form/),
    ]);
    expectNothingSaved(store);
  });

  test.each([
    ["no part", "--b--\r\n"],
    ["no file", formOf([undefined, "x"])],
    ["an empty file field alone", formOf(["", ""])],
  ])("with %s gives 400", async (_, body) => {
    const store = new MemoryStore();
    expect((await post(store, "/", body)).status).toBe(400);
    expectNothingSaved(store);
  });

  test.each([
    ["not ended", formOf(["a.txt", "x"]).slice(0, -6)],
    ["empty", ""],
    ["not a form", "hello"],
    ["without a name", '--b\r\nContent-Disposition: form-data; filename="a.txt"\r\n\r\nx\r\n--b--\r\n'],
    ["of another kind", '--b\r\nContent-Disposition: attachment; name="f"\r\n\r\nx\r\n--b--\r\n'],
    ["with a head that is too long", `--b\r\nX: ${"x".repeat(9000)}\r\n\r\nx\r\n--b--\r\n`],
  ])("that is %s gives 400 and saves nothing", async (_, tail) => {
    const store = new MemoryStore();
    const first = formOf(["first.txt", "x"]).slice(0, -"--b--\r\n".length);
    const body = tail.startsWith("--b") ? first + tail : tail;
    expect((await post(store, "/", body, { maxBytes: 20_000 })).status).toBe(400);
    expectNothingSaved(store);
  });

  test.each([
    "multipart/form-data",
    "multipart/form-data; boundary=",
    `multipart/form-data; boundary=${"x".repeat(71)}`,
  ])("with the type %s gives 400", async (type) => {
    expect((await post(new MemoryStore(), "/", "x", { fields: { "Content-Type": type } })).status).toBe(400);
  });

  test.each([
    ["/new.txt", 409],
    ["/old.txt", 409],
    ["/.hidden/", 403],
    ["/../", 403],
  ])("sent to %s gives %i before its body", async (path, status) => {
    const store = new MemoryStore({ "old.txt": "old" });
    const site = makeSite(store, { upload: { maxBytes: 1000, onExist: "refuse" } });
    const request = makeRequest("POST", path, {
      fields: { "Content-Type": TYPE },
      framing: { kind: "chunked" },
    });
    expect(await respond(request, site)).toMatchObject({ kind: "reply", status });
    expect(store.openCount).toBe(0);
  });

  test.each([
    ["a.exe", 403],
    ["README", 403],
    ["old.txt", 409],
    [`${"x".repeat(252)}.txt`, 400],
    [`=?utf-8?Q?a?="; filename*="utf-8''..%2Fa.txt`, 400],
    [`=?utf-8?Q?a.txt?="; filename*="utf-8''.a.txt`, 403],
  ])("with a file called %s gives %i and saves nothing else either", async (name, status) => {
    const store = new MemoryStore({ "old.txt": "old" });
    const reply = await post(store, "/", formOf(["good.txt", "x"], [name, "x"]));
    expect([reply.status, [...store.files.keys()]]).toEqual([status, ["old.txt"]]);
    expect(store.uploads.openCount).toBe(0);
  });

  test.each([
    ["refuse", 409, []],
    ["replace", 201, [["a.txt", "2"]]],
    [
      "rename",
      201,
      [
        ["a.txt", "1"],
        ["a-1.txt", "2"],
      ],
    ],
  ] as const)("with the same name twice: %s", async (onExist, status, files) => {
    const store = new MemoryStore();
    const reply = await post(store, "/", formOf(["a.txt", "1"], ["a.txt", "2"]), { onExist });
    expect(reply.status).toBe(status);
    expect([...store.files.keys()].map((name) => [name, store.text(name)!])).toEqual(
      files.map((file) => [...file]),
    );
  });

  test.each([
    [MAX_FORM_FILES, 201],
    [MAX_FORM_FILES + 1, 413],
  ])("with %i files gives %i", async (count, status) => {
    const store = new MemoryStore();
    const files = Array.from({ length: count }, (_, index) => [`${index}.txt`, "x"] as const);
    const reply = await post(store, "/", formOf(...files), { maxBytes: 100_000 });
    expect([reply.status, store.files.size, store.uploads.openCount]).toEqual([
      status,
      status === 201 ? count : 0,
      0,
    ]);
  });

  test.each([
    [["a".repeat(600), "b".repeat(400)], 201],
    [["a".repeat(600), "b".repeat(401)], 413],
    [["a".repeat(1001)], 413],
  ])("counts the bytes of all its files", async (contents, status) => {
    const store = new MemoryStore();
    const files = contents.map((content, index) => [`${index}.txt`, content] as const);
    expect((await post(store, "/", formOf(...files))).status).toBe(status);
    if (status === 413) expectNothingSaved(store);
  });

  test("has a limit as a whole, by its length and counted", async () => {
    const store = new MemoryStore();
    const body = formOf([undefined, "x".repeat(1_100_000)], ["a.txt", "x"]);
    expect((await post(store, "/", body)).status).toBe(413);
    expect((await post(store, "/", body, { trailers: {} })).status).toBe(413);
    expectNothingSaved(store);
  });

  test("that ends in the middle leaves nothing", async () => {
    const store = new MemoryStore();
    const site = makeSite(store, { upload: { maxBytes: 1000, onExist: "refuse" } });
    const request = makeRequest("POST", "/", {
      fields: { "Content-Type": TYPE },
      framing: { kind: "chunked" },
    });
    const outcome = await respond(request, site);
    if (outcome.kind !== "intake") throw new Error("Not an intake");
    outcome.receive(Buffer.from(formOf(["a.txt", "x"], ["b.txt", "y"]).slice(0, -9)));
    expect(store.uploads.openCount).toBe(2);
    outcome.abort();
    expectNothingSaved(store);
  });

  test.each([
    ["match", 201],
    ["mismatch", 400],
  ])("checks the digest of the whole body: %s", async (kind, status) => {
    const store = new MemoryStore();
    const body = formOf(["a.txt", "x"]);
    const hash = new Bun.CryptoHasher("sha256").update(kind === "match" ? body : "other").digest("base64");
    const reply = await post(store, "/", body, { fields: { "Content-Digest": `sha-256=:${hash}:` } });
    expect([reply.status, store.files.size]).toEqual([status, status === 201 ? 1 : 0]);
    expect(store.uploads.openCount).toBe(0);
  });

  test.each([
    [{ "If-None-Match": "*" }, "/", 412],
    [{ "If-None-Match": "*" }, "/new/", 201],
    [{ "If-Match": "*" }, "/", 201],
    [{ "If-Match": "*" }, "/new/", 412],
    [{ "If-Match": '"x"' }, "/", 412],
  ])("with %j to %s gives %i: a folder has no validators", async (fields, path, status) => {
    expect((await post(new MemoryStore(), path, formOf(["a.txt", "x"]), { fields })).status).toBe(status);
  });

  test("tells what went wrong on the disk, and leaves nothing open", async () => {
    for (const [property, kind, status] of [
      ["writeFailure", "full", 507],
      ["beginFailure", "busy", 503],
      ["commitFailure", "changed", 412],
    ] as const) {
      const store = new MemoryStore();
      store.uploads[property] = new StoreError(kind, "detail");
      expect((await post(store, "/", formOf(["a.txt", "x"], ["b.txt", "y"]))).status).toBe(status);
      expectNothingSaved(store);
    }
  });
});
