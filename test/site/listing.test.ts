import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { isoDate, listingRow } from "../../src/site/listing-page.ts";
import { parseSort } from "../../src/site/listing-sort.ts";
import { closeBody } from "../../src/site/reply.ts";
import { respond } from "../../src/site/respond.ts";
import { parseUrlPath } from "../../src/wire/target.ts";
import { countTurns } from "../support/count-turns.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { ask, get, makeRequest, makeSite } from "../support/requests.ts";

setDefaultTimeout(60_000);

const HTML = { Accept: "text/html" };
const JSON_ACCEPT = { Accept: "application/json" };

function makeStore() {
  const store = new MemoryStore({
    "b.txt": "12345",
    "a.png": "1",
    "sub/x.txt": "x",
    "Sub2/x.txt": "x",
    "no.exe": "x",
  });
  store.put("old.txt", "x", { modifiedMs: Date.UTC(1999, 11, 31, 23, 59, 0) });
  return store;
}

const BY_NAME = parseSort(undefined);

describe("list()", () => {
  test.each([
    ["text/html", "text/html; charset=utf-8"],
    ["*/*", "text/html; charset=utf-8"],
    [undefined, "text/html; charset=utf-8"],
    ["application/json", "application/json"],
    ["application/json, text/html;q=0.9", "application/json"],
    ["text/plain", "text/plain; charset=utf-8"],
    ["image/png", "text/html; charset=utf-8"],
  ])("answers Accept: %s with %s", async (accept, type) => {
    const store = makeStore();
    const reply = await get(makeSite(store), "/", accept === undefined ? {} : { Accept: accept });
    expect([reply.status, reply.length, reply.fields.get("content-type")]).toEqual([200, "unknown", type]);
    expect(reply.fields.get("vary")).toBe("Accept, Accept-Encoding");
    expect(reply.fields.has("etag")).toBe(false);
    expect(store.openCount).toBe(0);
  });

  test("gives programs the whole folder as JSON: folders first, then by name", async () => {
    const reply = await get(makeSite(makeStore()), "/", JSON_ACCEPT);
    const modified = "2026-01-02T03:04:05.000Z";
    expect(JSON.parse(reply.text)).toEqual({
      path: "/",
      entries: [
        { name: "sub", kind: "folder", modified },
        { name: "Sub2", kind: "folder", modified },
        { name: "a.png", kind: "file", size: 1, modified },
        { name: "b.txt", kind: "file", size: 5, modified },
        { name: "old.txt", kind: "file", size: 1, modified: "1999-12-31T23:59:00.000Z" },
      ],
    });
    const sub = await get(makeSite(makeStore()), "/sub/", JSON_ACCEPT);
    expect(JSON.parse(sub.text)).toEqual({
      path: "/sub/",
      entries: [expect.objectContaining({ name: "x.txt" })],
    });
  });

  test("gives plain text, one name a line", async () => {
    const store = new MemoryStore({ "b.txt": "", "sub/": "", "line\nbreak.txt": "" });
    expect((await get(makeSite(store), "/", { Accept: "text/plain" })).text).toBe(
      "sub/\nb.txt\nline\\x0abreak.txt\n",
    );
  });

  test("shows name, size and date to people, with a way up", async () => {
    const root = (await get(makeSite(makeStore()), "/", HTML)).text;
    expect(root).toContain('<a href="./b.txt"><bdi>b.txt</bdi></a></td><td class="size">5 B</td>');
    expect(root).toContain('<time datetime="1999-12-31T23:59:00.000Z">1999-12-31 23:59</time>');
    expect(root).toContain('<a href="./sub/"><bdi>sub/</bdi></a>');
    expect(root).toContain("2 folders, 3 files");
    expect(root).not.toContain("no.exe");
    expect(root).not.toContain("Parent folder");
    const sub = (await get(makeSite(makeStore()), "/sub/", HTML)).text;
    expect(sub).toContain('<a href="../">Parent folder</a>');
    expect(sub).toContain("<title>sub – /sub/</title>");
    expect(sub).toContain('<a href="/">Files</a>');
    expect(sub).toContain("1 file<");
  });

  test("says so when there is nothing to see, and what would be seen", async () => {
    const reply = await get(makeSite(new MemoryStore({ "empty/": "" })), "/empty/", HTML);
    expect(reply.text).toContain(
      "There is nothing to see here. Files of these types are: txt, jpg, jpeg, png, html, htm.",
    );
    const all = await get(makeSite(new MemoryStore(), { allow: "all" }), "/", HTML);
    expect(all.text).toContain("There is nothing to see here.</td>");
    expect(reply.text).toContain("0 files");
    expect(JSON.parse((await get(makeSite(new MemoryStore()), "/", JSON_ACCEPT)).text)).toEqual({
      path: "/",
      entries: [],
    });
  });

  test("has a form exactly when uploads are on", async () => {
    const upload = { maxBytes: 2_000_000, onExist: "refuse" } as const;
    const page = (await get(makeSite(makeStore(), { upload }), "/", HTML)).text;
    expect(page).toContain('method="post" enctype="multipart/form-data" action="./"');
    expect(page).toContain("Files: txt, jpg, jpeg, png, html, htm; up to 2 MB at a time");
    expect((await get(makeSite(makeStore()), "/", HTML)).text).not.toContain('method="post"');
    const unbounded = { maxBytes: Number.POSITIVE_INFINITY, onExist: "refuse" } as const;
    expect((await get(makeSite(makeStore(), { upload: unbounded }), "/", HTML)).text).not.toContain(
      "Infinity",
    );
  });

  test("tells in the form what is taken, and asks the browser's choice of files for that", async () => {
    const upload = { maxBytes: 2_000_000, onExist: "refuse" } as const;
    const some = makeSite(makeStore(), { upload, allow: new Set(["txt", "c'"]) });
    expect((await get(some, "/", HTML)).text).toContain(' accept=".txt,.c&#39;" ');
    const all = (await get(makeSite(makeStore(), { upload, allow: "all" }), "/", HTML)).text;
    expect(all).not.toContain(" accept=");
    expect(all).toContain(">Files: up to 2 MB at a time<");
    const unbounded = { maxBytes: Number.POSITIVE_INFINITY, onExist: "refuse" } as const;
    const any = (await get(makeSite(makeStore(), { upload: unbounded, allow: "all" }), "/", HTML)).text;
    expect(any).toContain('id="takes"></span>');
  });

  test.each([
    ["?saved=1", '<p class="note" role="status">1 file saved.</p>'],
    ["?sort=-date&saved=12", '<p class="note" role="status">12 files saved.</p>'],
    ["", undefined],
    ["?saved=0", undefined],
    ["?saved=1%20and%20more", undefined],
    ["?saved=<b>", undefined],
  ])("tells what its form has saved: %j", async (query, note) => {
    const upload = { maxBytes: 2_000_000, onExist: "refuse" } as const;
    const { text } = await get(makeSite(makeStore(), { upload }), `/${query}`, HTML);
    if (note === undefined) expect(text).not.toContain("saved");
    else expect(text).toContain(note);
  });

  test.each([
    ["gzip", (bytes: Uint8Array) => gunzipSync(bytes)],
    ["br", (bytes: Uint8Array) => brotliDecompressSync(bytes)],
    ["zstd", (bytes: Uint8Array) => zstdDecompressSync(bytes)],
  ])("is compressed for whoever accepts %s", async (coding, decompress) => {
    const store = makeStore();
    for (let index = 0; index < 3_000; index += 1) store.put(`f${index}.txt`, "");
    for (const accept of [HTML, JSON_ACCEPT, { Accept: "text/plain" }]) {
      const plain = await get(makeSite(store), "/", accept);
      const coded = await get(makeSite(store), "/", { ...accept, "Accept-Encoding": coding });
      expect(coded.fields.get("content-encoding")).toBe(coding);
      expect(coded.fields.get("vary")).toBe("Accept, Accept-Encoding");
      expect(decompress(coded.body).toString()).toBe(plain.text);
      expect(coded.body.length).toBeLessThan(plain.body.length / 4);
      expect(coded.fields.get("content-type")).toBe(plain.fields.get("content-type") ?? "");
    }
    expect(store.openCount).toBe(0);
  });

  test.each([
    ["identity", {}],
    ["identity;q=0", {}],
    ["x-other", {}],
    ["gzip", { compress: false }],
  ])("is as it is where nothing else is accepted or wanted: %j %j", async (accepted, policy) => {
    const reply = await get(makeSite(makeStore(), policy), "/", { ...HTML, "Accept-Encoding": accepted });
    expect(reply.fields.has("content-encoding")).toBe(false);
    expect(reply.text).toStartWith("<!doctype html>");
  });

  test("gives everything back when a client leaves amid a compressed one", async () => {
    const store = makeStore();
    for (let index = 0; index < 5_000; index += 1) store.put(`f${index}.txt`, "");
    const fields = { ...JSON_ACCEPT, "Accept-Encoding": "gzip" };
    const reply = await respond(makeRequest("GET", "/", { fields }), makeSite(store));
    if (reply.kind !== "reply" || reply.body.kind !== "stream") throw new Error("No stream");
    const pending = reply.body.stream.next();
    closeBody(reply.body);
    closeBody(reply.body);
    expect(await pending).toBeUndefined();
    expect(store.openCount).toBe(0);
  });

  test("answers HEAD without reading the folder", async () => {
    const store = makeStore();
    const fields = { ...HTML, "Accept-Encoding": "zstd" };
    const reply = await ask(makeSite(store), "HEAD", "/", { fields });
    expect([reply.status, reply.length, store.openCount]).toEqual([200, "unknown", 0]);
    expect(reply.fields.get("content-encoding")).toBe("zstd");
  });

  test.each([
    [{ "If-None-Match": "*" }, 304],
    [{ "If-None-Match": '"x"' }, 200],
    [{ "If-Match": "*" }, 200],
    [{ "If-Match": '"x"' }, 412],
    [{ "If-Modified-Since": "Thu, 05 Mar 2026 12:00:00 GMT" }, 200],
    [{ Range: "bytes=0-1" }, 200],
  ])("answers %j with %i", async (fields, status) => {
    const store = makeStore();
    expect((await get(makeSite(store), "/", fields)).status).toBe(status);
    expect(store.openCount).toBe(0);
  });

  test("gives the folder back when the client goes in the middle", async () => {
    const store = makeStore();
    const outcome = respond(makeRequest("GET", "/"), makeSite(store));
    if (outcome instanceof Promise || outcome.kind !== "reply" || outcome.body.kind !== "stream")
      throw new Error("Not a stream");
    expect(await outcome.body.stream.next()).toBeDefined();
    closeBody(outcome.body);
    closeBody(outcome.body);
    expect(store.openCount).toBe(0);
    expect(await outcome.body.stream.next()).toBeUndefined();
  });

  test("leaves out what is gone, or has become something else, by the time it is measured", async () => {
    const store = makeStore();
    const site = makeSite(store);
    const outcome = await respond(makeRequest("GET", "/", { fields: JSON_ACCEPT }), site);
    if (outcome.kind !== "reply" || outcome.body.kind !== "stream") throw new Error("Not a stream");
    const folder = store.folder(parseUrlPath("/")!)!;
    const { stream } = outcome.body;
    await stream.next();
    store.files.delete("b.txt");
    let text = "";
    for (let bytes = await stream.next(); bytes !== undefined; bytes = await stream.next())
      text += Buffer.from(bytes).toString();
    expect(text).not.toContain("b.txt");
    expect(text).toContain("old.txt");
    closeBody(outcome.body);
    folder.close();
    expect(store.openCount).toBe(0);
  });
});

describe("a large folder", () => {
  const COUNT = 2_500;
  const store = new MemoryStore();
  for (let index = 0; index < COUNT; index += 1) store.put(`f${String(index).padStart(5, "0")}.txt`);
  const site = makeSite(store);

  test.each([
    [
      "",
      "f00000.txt",
      "f00999.txt",
      1_000,
      '<nav aria-label="Pages"><span aria-current="page">1</span><a href="./?page=2">2</a><a href="./?page=3">3</a><a rel="next" href="./?page=2">Next</a></nav>',
    ],
    [
      "?page=2",
      "f01000.txt",
      "f01999.txt",
      1_000,
      '<a rel="prev" href="./">Previous</a><a href="./">1</a><span aria-current="page">2</span><a href="./?page=3">3</a><a rel="next" href="./?page=3">Next</a>',
    ],
    [
      "?page=3",
      "f02000.txt",
      "f02499.txt",
      500,
      '<a href="./?page=2">2</a><span aria-current="page">3</span></nav>',
    ],
    ["?page=99", "f02000.txt", "f02499.txt", 500, '<span aria-current="page">3</span>'],
    ["?page=0", "f00000.txt", "f00999.txt", 1_000, '<span aria-current="page">1</span>'],
    ["?page=-1", "f00000.txt", "f00999.txt", 1_000, '<span aria-current="page">1</span>'],
    ["?page=%3Cscript%3E", "f00000.txt", "f00999.txt", 1_000, '<span aria-current="page">1</span>'],
  ])("is paged in HTML: %j", async (...row) => {
    const [query, first, last, count, pager] = row;
    const { text } = await get(site, `/${query}`, HTML);
    expect(text).toContain(first);
    expect(text).toContain(last);
    expect(text.match(/<td class="name file">/g)?.length).toBe(count);
    expect(text).toContain(pager);
    expect(text).toContain("2,500 files");
  });

  test("is whole in JSON, and comes in pieces", async () => {
    const outcome = await respond(makeRequest("GET", "/", { fields: JSON_ACCEPT }), site);
    if (outcome.kind !== "reply" || outcome.body.kind !== "stream") throw new Error("Not a stream");
    const chunks: string[] = [];
    const { stream } = outcome.body;
    for (let bytes = await stream.next(); bytes !== undefined; bytes = await stream.next())
      chunks.push(Buffer.from(bytes).toString());
    closeBody(outcome.body);
    expect(chunks.length).toBeGreaterThanOrEqual(COUNT / 1000);
    expect(JSON.parse(chunks.join("")).entries.length).toBe(COUNT);
  });
});

test("100,000 names leave room for others while they are listed", async () => {
  const store = new MemoryStore();
  for (let index = 0; index < 100_000; index += 1) store.put(`${(index * 7919) % 100_003}.txt`);
  const { result, turns } = await countTurns(() => get(makeSite(store), "/", JSON_ACCEPT));
  expect(JSON.parse(result.text).entries.length).toBe(100_000);
  // One for each batch that is measured, and some while they are sorted.
  expect(turns).toBeGreaterThan(100);
});

/** Names by size: c, a, b (as large as a), d; by date: b, d, c, a; of the folders: y, x. */
function makeSortable() {
  const store = new MemoryStore();
  for (const [name, sizeBytes, modifiedMs] of [
    ["a.txt", 2, 400],
    ["b.txt", 2, 100],
    ["c.txt", 1, 300],
    ["d.txt", 3, 200],
  ] as const) {
    store.put(name, "x".repeat(sizeBytes), { modifiedMs });
  }
  store.put("x/");
  store.put("y/");
  return store;
}

describe("the order of a listing", () => {
  const ORDERS = [
    ["", "x/ y/ a.txt b.txt c.txt d.txt"],
    ["?sort=name", "x/ y/ a.txt b.txt c.txt d.txt"],
    ["?sort=-name", "y/ x/ d.txt c.txt b.txt a.txt"],
    ["?sort=size", "x/ y/ c.txt a.txt b.txt d.txt"],
    ["?sort=-size", "x/ y/ d.txt a.txt b.txt c.txt"],
    ["?sort=date", "x/ y/ b.txt d.txt c.txt a.txt"],
    ["?a=b&sort=-date", "x/ y/ a.txt c.txt d.txt b.txt"],
    ["?sort=", "x/ y/ a.txt b.txt c.txt d.txt"],
    ["?sort=-", "x/ y/ a.txt b.txt c.txt d.txt"],
    ["?sort=colour", "x/ y/ a.txt b.txt c.txt d.txt"],
    ["?sort=__proto__", "x/ y/ a.txt b.txt c.txt d.txt"],
    ["?sort=--size", "x/ y/ a.txt b.txt c.txt d.txt"],
  ] as const;

  test.each(ORDERS)("%j is the same in all three forms", async (query, expected) => {
    const store = makeSortable();
    const site = makeSite(store);
    const text = (await get(site, `/${query}`, { Accept: "text/plain" })).text;
    expect(text.trim().split("\n").join(" ")).toBe(expected);
    const json = JSON.parse((await get(site, `/${query}`, JSON_ACCEPT)).text);
    const names = json.entries.map(({ name, kind }: { name: string; kind: string }) =>
      kind === "folder" ? `${name}/` : name,
    );
    expect(names.join(" ")).toBe(expected);
    const page = (await get(site, `/${query}`, HTML)).text;
    expect([...page.matchAll(/<bdi>([^<]*)<\/bdi><\/a><\/td>/g)].map(([, name]) => name).join(" ")).toBe(
      expected,
    );
    expect(store.openCount).toBe(0);
  });

  test.each([
    ["", "name ascending -name", ["-size", "-date"]],
    ["?sort=-name", "name descending name", ["-size", "-date"]],
    ["?sort=size", "size ascending -size", ["name", "-date"]],
    ["?sort=-size", "size descending size", ["name", "-date"]],
    ["?sort=-date", "date descending date", ["name", "-size"]],
  ] as const)("is shown and changed in the columns: %j", async (query, present, others) => {
    const page = (await get(makeSite(makeSortable()), `/${query}`, HTML)).text;
    const columns = [
      ...page.matchAll(/<th class="(\w+)"(?: aria-sort="(\w+)")?><button name="sort" value="([-\w]+)">/g),
    ];
    expect(columns.length).toBe(3);
    const [sorted, ...rest] = columns.toSorted(
      (a, b) => (a[2] === undefined ? 1 : 0) - (b[2] === undefined ? 1 : 0),
    );
    expect(sorted?.slice(1).join(" ")).toBe(present);
    expect(rest.map((match) => match[3])).toEqual([...others]);
  });

  test("goes along into folders and up again, and is nowhere in the usual one", async () => {
    const store = new MemoryStore({ "a b/c/x.txt": "x", "a b/y.txt": "y" });
    const hrefs = async (query: string) => {
      const { text } = await get(makeSite(store), `/a%20b/${query}`, HTML);
      return [...text.matchAll(/ href="([^"]*)"/g)]
        .map(([, href]) => href)
        .filter((href) => !href?.startsWith("data:"));
    };
    expect(await hrefs("?sort=-date")).toEqual([
      "/?sort=-date",
      "../?sort=-date",
      "./c/?sort=-date",
      "./y.txt",
    ]);
    for (const query of ["", "?sort=name", "?sort=none"])
      expect(await hrefs(query)).toEqual(["/", "../", "./c/", "./y.txt"]);
  });

  test("goes over all pages", async () => {
    const store = new MemoryStore();
    for (let index = 0; index < 1_500; index += 1)
      store.put(`f${index}.txt`, "", { modifiedMs: 1_000_000 - index });
    store.put("folder/");
    const site = makeSite(store);
    const first = (await get(site, "/?sort=date", HTML)).text;
    expect(first).toContain('<a rel="next" href="./?sort=date&amp;page=2">Next</a>');
    expect(first).toContain("f1499.txt");
    expect(first).toContain("f501.txt");
    expect(first).not.toContain("f500.txt");
    const second = (await get(site, "/?sort=date&page=2", HTML)).text;
    expect(second).toContain("f500.txt");
    expect(second).not.toContain("f501.txt");
    expect(second).toContain("1 folder, 1,500 files");
    const backwards = (await get(site, "/?sort=-name&page=2", HTML)).text;
    expect(backwards).toContain("f0.txt");
    expect(backwards).not.toContain("f999.txt");
  });

  test("links the pages around, the first and the last where there are too many", async () => {
    const store = new MemoryStore();
    for (let index = 0; index < 101_000; index += 1) store.put(`${index}.txt`, "");
    const { text } = await get(makeSite(store), "/?page=50&sort=-name", HTML);
    const linked = [...text.matchAll(/<a href="\.\/\?sort=-name(?:&amp;page=(\d+))?">(\d+)</g)].map(
      (match) => match[2],
    );
    const around = Array.from({ length: 21 }, (_, index) => index + 40).filter((page) => page !== 50);
    expect(linked).toEqual(["1", ...around.map(String), "101"]);
    expect((await get(makeSite(store), "/", HTML)).text).toContain(
      '<a href="./?page=101">101</a><a rel="next" href="./?page=2">',
    );
  });

  test("leaves room for others among 100,000 entries", async () => {
    const store = new MemoryStore();
    for (let index = 0; index < 100_000; index += 1) {
      store.put(`${index}.txt`, "", { modifiedMs: (index * 7919) % 100_003 });
    }
    const { result, turns } = await countTurns(() => get(makeSite(store), "/?sort=-date", JSON_ACCEPT));
    const dates = JSON.parse(result.text).entries.map(({ modified }: { modified: string }) => modified);
    expect(dates).toEqual(dates.toSorted().toReversed());
    expect(dates.length).toBe(100_000);
    expect(turns).toBeGreaterThan(200);
  });
});

describe("listingRow()", () => {
  test.each([
    ["javascript:alert(1).txt", "./javascript%3Aalert(1).txt"],
    ["//evil.example.txt", ".//evil.example.txt"],
    ["a b#c?d%e.txt", "./a%20b%23c%3Fd%25e.txt"],
    [`"><img src=x onerror=y>.txt`, "./%22%3E%3Cimg%20src%3Dx%20onerror%3Dy%3E.txt"],
    ["'quote'.txt", "./%27quote%27.txt"],
    ["żółw😀.txt", "./%C5%BC%C3%B3%C5%82w%F0%9F%98%80.txt"],
    ["\\..\\x.txt", "./%5C..%5Cx.txt"],
    ["data:text,x.txt", "./data%3Atext%2Cx.txt"],
  ])("links %j by an address that leads back to it", (name, address) => {
    const { text } = listingRow({ kind: "file", name, sizeBytes: 1, modifiedMs: 0 }, BY_NAME);
    const href = /href="([^"]*)"/.exec(text)?.[1] ?? "";
    if (!name.includes("/")) {
      expect(href).toBe(address);
      expect(parseUrlPath(href.slice(1))?.names).toEqual([name]);
    }
    expect(new URL(href, "http://localhost/sub/").origin).toBe("http://localhost");
    expect(text).not.toContain("<img");
  });

  test("shows controls and bidirectional overrides escaped", () => {
    const { text } = listingRow(
      { kind: "file", name: "a\u202egpj.\u0007txt", sizeBytes: 1, modifiedMs: 0 },
      BY_NAME,
    );
    expect(text).toContain("a\\u{202e}gpj.\\x07txt");
  });
});

describe("isoDate()", () => {
  test.each([
    [0, "1970-01-01T00:00:00.000Z"],
    [-1, "1969-12-31T23:59:59.999Z"],
    [253_402_300_799_999, "9999-12-31T23:59:59.999Z"],
    [253_402_300_800_000, undefined],
    [-62_167_219_200_001, undefined],
    [9e15, undefined],
    [Number.NaN, undefined],
  ])("of %p is %p", (ms, expected) => {
    expect(isoDate(ms)).toBe(expected);
  });
});
