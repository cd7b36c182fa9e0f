/** RFC 9110 §13 over a socket: the whole matrix of conditions, methods and what is there. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AFTER, BEFORE, DIGITS, JudgedSite, MODIFIED, UPLOADS } from "../support/judged-site.ts";

let site: JudgedSite;
let tag = "";
let other = "";
beforeAll(async () => {
  site = await JudgedSite.start({ policy: UPLOADS });
  tag = (await site.get("/digits.txt")).fields.get("etag")!;
  other = (await site.get("/ruler.txt")).fields.get("etag")!;
});
afterAll(() => site.stop());

/** `TAG` is the current tag, `OTHER` one of another file. */
function fill(line: string): string {
  return line.replaceAll("TAG", tag).replaceAll("OTHER", other);
}

/** Fields, then what GET and HEAD get. */
const READS: readonly (readonly [section: string, lines: readonly string[], status: 200 | 304 | 412])[] = [
  ["§13.1.1", ["If-Match: TAG"], 200],
  ["§13.1.1", ["If-Match: *"], 200],
  ["§13.1.1", ["If-Match: OTHER"], 412],
  ["§13.1.1", ["If-Match: OTHER, TAG"], 200],
  ["§13.1.1", ["If-Match: , ,TAG,,"], 200],
  ["§13.1.1", ["If-Match: OTHER", "If-Match: TAG"], 200],
  ["§13.1.1", ["If-Match: W/TAG"], 412],
  ["§13.1.1", ['If-Match: "never"'], 412],
  ["§13.1.1", ['If-Match: ""'], 412],
  ["§13.1.2", ["If-None-Match: TAG"], 304],
  ["§13.1.2", ["If-None-Match: W/TAG"], 304],
  ["§13.1.2", ["If-None-Match: *"], 304],
  ["§13.1.2", ["If-None-Match: OTHER"], 200],
  ["§13.1.2", ["If-None-Match: OTHER, TAG"], 304],
  ["§13.1.2", ["If-None-Match: OTHER,TAG"], 304],
  ["§13.1.2", ["If-None-Match: TAG,OTHER"], 304],
  ["§13.1.2", ["If-None-Match: , ,TAG"], 304],
  ["§13.1.2", ["If-None-Match: OTHER", "If-None-Match: TAG"], 304],
  ["§13.1.2", ['If-None-Match: "a,b", TAG'], 304],
  ["§13.1.2", ['If-None-Match: "never"'], 200],
  ["§13.1.2", ['If-None-Match: ""'], 200],
  ["§13.1.2", ["If-None-Match: w/TAG"], 200],
  ["§13.1.2", ["If-None-Match: never"], 200],
  ["§13.1.2", ["If-None-Match:"], 200],
  ["§13.1.3", [`If-Modified-Since: ${MODIFIED}`], 304],
  ["§13.1.3", [`If-Modified-Since: ${AFTER}`], 304],
  ["§13.1.3", [`If-Modified-Since: ${BEFORE}`], 200],
  ["§5.6.7", ["If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"], 304],
  ["§5.6.7", ["If-Modified-Since: Sun Nov  6 08:49:37 1994"], 304],
  ["§5.6.7", ["If-Modified-Since: Sunday, 06-Nov-94 08:49:36 GMT"], 200],
  ["§5.6.7", ["If-Modified-Since: Sun Nov  6 08:49:36 1994"], 200],
  ["§13.1.3", ["If-Modified-Since: yesterday"], 200],
  ["§13.1.3", ["If-Modified-Since:"], 200],
  ["§13.1.3", ["If-Modified-Since: 784111777"], 200],
  ["§13.1.3", ["If-Modified-Since: 1994-11-06T08:49:37Z"], 200],
  ["§13.1.3", ["If-Modified-Since: Sun, 06 Nov 1994 08:49:37"], 200],
  ["§13.1.3", ["If-Modified-Since: Sun, 06 Nov 1994 08:49:37 UTC"], 200],
  ["§13.1.3", ["If-Modified-Since: Sun, 06 Nov 1994 08:49:37 +0000"], 200],
  ["§13.1.3", ["If-Modified-Since: Sun, 6 Nov 1994 08:49:37 GMT"], 200],
  ["§13.1.3", ["If-Modified-Since: Sun, 31 Feb 2020 08:49:37 GMT"], 200],
  ["§13.1.3", ["If-Modified-Since: Sun, 06 Nov 1994 24:49:37 GMT"], 200],
  ["§13.1.3", [`If-Modified-Since: ${MODIFIED}; length=10`], 200],
  ["§13.1.3", [`If-Modified-Since: ${MODIFIED}`, `If-Modified-Since: ${MODIFIED}`], 200],
  ["§13.1.4", [`If-Unmodified-Since: ${MODIFIED}`], 200],
  ["§13.1.4", [`If-Unmodified-Since: ${AFTER}`], 200],
  ["§13.1.4", [`If-Unmodified-Since: ${BEFORE}`], 412],
  ["§13.1.4", ["If-Unmodified-Since: yesterday"], 200],
  ["§13.1.4", [`If-Unmodified-Since: ${BEFORE}`, `If-Unmodified-Since: ${BEFORE}`], 200],
  ["§13.2.2", ["If-Match: TAG", `If-Unmodified-Since: ${BEFORE}`], 200],
  ["§13.2.2", ["If-Match: OTHER", `If-Unmodified-Since: ${AFTER}`], 412],
  ["§13.2.2", ["If-None-Match: OTHER", `If-Modified-Since: ${AFTER}`], 200],
  ["§13.2.2", ["If-None-Match: TAG", `If-Modified-Since: ${BEFORE}`], 304],
  ["§13.2.2", ["If-None-Match: never", `If-Modified-Since: ${AFTER}`], 200],
  ["§13.2.2", ["If-Match: TAG", "If-None-Match: TAG"], 304],
  ["§13.2.2", ["If-Match: OTHER", "If-None-Match: TAG"], 412],
  ["§13.2.2", ["If-Match: *", "If-None-Match: *"], 304],
  ["§13.2.2", [`If-Unmodified-Since: ${BEFORE}`, "If-None-Match: TAG"], 412],
  ["§13.2.2", [`If-Unmodified-Since: ${MODIFIED}`, `If-Modified-Since: ${MODIFIED}`], 304],
  ["§13.2.2", ["If-None-Match: TAG", "Range: bytes=0-1"], 304],
  ["§13.2.2", ["If-None-Match: TAG", "Range: bytes=99-"], 304],
  ["§13.2.2", ["If-Match: OTHER", "Range: bytes=99-"], 412],
  ["§13.2.2", [`If-Modified-Since: ${MODIFIED}`, "Range: bytes=0-1", 'If-Range: "other"'], 304],
];

describe("GET and HEAD of a file that exists", () => {
  test.each(READS)("%s: %p is %d", async (_section, lines, status) => {
    for (const method of ["GET", "HEAD"]) {
      const answer = await site.ask(method, "/digits.txt", ...lines.map(fill));
      expect(answer.status).toBe(status);
      if (status === 200 && method === "GET") expect(answer.body.toString()).toBe(DIGITS);
      if (status === 412) expect(answer.fields.get("content-length")).not.toBe("10");
    }
  });

  test("§15.4.5: a 304 has what a cache needs and nothing of the content", async () => {
    const whole = await site.get("/digits.txt");
    const { status, fields, body } = await site.get("/digits.txt", "If-None-Match: *");
    expect([status, body.length]).toEqual([304, 0]);
    for (const name of ["etag", "vary", "cache-control"])
      expect(fields.get(name)).toBe(whole.fields.get(name));
    expect(fields.has("date")).toBe(true);
    for (const name of [
      "content-type",
      "content-length",
      "content-encoding",
      "content-range",
      "last-modified",
      "transfer-encoding",
    ]) {
      expect(fields.has(name)).toBe(false);
    }
  });

  test("§15.4.5: a 304 of an index page says where it is", async () => {
    const { fields } = await site.get("/with%20index/", "If-None-Match: *");
    expect(fields.get("content-location")).toBe("/with%20index/index.html");
  });

  test("§13.1.2: a 304 is of the coding that would have been sent", async () => {
    const coded = (await site.get("/coded.txt", "Accept-Encoding: br")).fields.get("etag")!;
    const plain = (await site.get("/coded.txt")).fields.get("etag")!;
    expect(coded).not.toBe(plain);
    expect((await site.get("/coded.txt", "Accept-Encoding: br", `If-None-Match: ${coded}`)).status).toBe(304);
    expect((await site.get("/coded.txt", "Accept-Encoding: br", `If-None-Match: ${plain}`)).status).toBe(200);
    expect((await site.get("/coded.txt", `If-None-Match: ${coded}`)).status).toBe(200);
  });
});

describe("GET and HEAD where there is no file", () => {
  test.each([
    ["/missing.txt", 404],
    ["/tool.exe", 403],
    ["/.secret.txt", 404],
    ["/sub", 308],
    ["/%zz", 400],
  ])("§13.2.1: conditions on %s mean nothing: %d", async (target, status) => {
    for (const line of [
      "If-Match: *",
      "If-None-Match: *",
      'If-Match: "x"',
      `If-Modified-Since: ${AFTER}`,
      `If-Unmodified-Since: ${BEFORE}`,
    ]) {
      for (const method of ["GET", "HEAD"])
        expect((await site.ask(method, target, line)).status).toBe(status);
    }
  });
});

/** Fields, then what PUT and POST get where there is a file, and where there is none. */
const WRITES: readonly (readonly [
  section: string,
  lines: readonly string[],
  present: 204 | 412,
  absent: 201 | 412,
])[] = [
  ["§13.1.1", ["If-Match: *"], 204, 412],
  ["§13.1.1", ["If-Match: TAG"], 204, 412],
  ["§13.1.1", ["If-Match: OTHER, TAG"], 204, 412],
  ["§13.1.1", ["If-Match: OTHER"], 412, 412],
  ["§13.1.1", ["If-Match: W/TAG"], 412, 412],
  ["§13.1.1", ["If-Match: never"], 412, 412],
  ["§13.1.1", ["If-Match:"], 412, 412],
  ["§13.1.2", ["If-None-Match: *"], 412, 201],
  ["§13.1.2", ["If-None-Match: TAG"], 412, 201],
  ["§13.1.2", ["If-None-Match: W/TAG"], 412, 201],
  ["§13.1.2", ["If-None-Match: OTHER"], 204, 201],
  ["§13.1.2", ["If-None-Match: OTHER, TAG"], 412, 201],
  ["§13.1.2", ["If-None-Match: never"], 412, 201],
  ["§13.1.3", [`If-Modified-Since: ${AFTER}`], 204, 201],
  ["§13.1.3", [`If-Modified-Since: ${BEFORE}`], 204, 201],
  ["§13.1.4", [`If-Unmodified-Since: ${MODIFIED}`], 204, 201],
  ["§13.1.4", [`If-Unmodified-Since: ${AFTER}`], 204, 201],
  ["§13.1.4", [`If-Unmodified-Since: ${BEFORE}`], 412, 201],
  ["§13.1.4", ["If-Unmodified-Since: yesterday"], 204, 201],
  ["§13.2.2", ["If-Match: TAG", `If-Unmodified-Since: ${BEFORE}`], 204, 412],
  ["§13.2.2", ["If-Match: TAG", "If-None-Match: TAG"], 412, 412],
  ["§13.2.2", ["If-Match: TAG", "If-None-Match: OTHER"], 204, 412],
  ["§13.2.2", [`If-Unmodified-Since: ${MODIFIED}`, "If-None-Match: *"], 412, 201],
];

describe.each(["PUT", "POST"])("%s", (method) => {
  test.each(WRITES)(
    "%s: %p is %d over a file, %d where there is none",
    async (_section, lines, present, absent) => {
      const path = join(site.root, "written.txt");
      writeFileSync(path, "before");
      utimesSync(path, new Date(MODIFIED), new Date(MODIFIED));
      const current = (await site.get("/written.txt")).fields.get("etag")!;
      const filled = lines.map((line) => line.replaceAll("TAG", current).replaceAll("OTHER", other));
      const over = await site.put(method, "/written.txt", "after", ...filled);
      expect(over.status).toBe(present);
      expect(readFileSync(path, "utf8")).toBe(present === 204 ? "after" : "before");
      rmSync(path);
      const anew = await site.put(method, "/written.txt", "after", ...filled);
      expect(anew.status).toBe(absent);
      expect(existsSync(path)).toBe(absent === 201);
      rmSync(path, { force: true });
    },
  );
});

describe("lost updates", () => {
  test("§13.1.1: of two writers with the same tag one is told 412", async () => {
    await site.put("PUT", "/shared.txt", "first");
    const current = (await site.get("/shared.txt")).fields.get("etag")!;
    const both = await Promise.all(
      ["a", "b"].map((text) => site.put("PUT", "/shared.txt", text, `If-Match: ${current}`)),
    );
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 412]);
    const winner = both[0]!.status === 204 ? "a" : "b";
    expect(readFileSync(join(site.root, "shared.txt"), "utf8")).toBe(winner);
  });

  test("§13.1.2: of ten writers who create only, one does", async () => {
    const texts = Array.from({ length: 10 }, (_, n) => `writer ${n}`);
    const all = await Promise.all(
      texts.map((text) => site.put("PUT", "/once.txt", text, "If-None-Match: *")),
    );
    const winners = texts.filter((_, n) => all[n]!.status === 201);
    expect(winners).toHaveLength(1);
    expect(all.filter(({ status }) => status === 412)).toHaveLength(9);
    expect(readFileSync(join(site.root, "once.txt"), "utf8")).toBe(winners[0]!);
  });
});
