/** RFC 9110 §12 over a socket: which coding and which type is sent, and what says so. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { CODED_TEXT, JudgedSite, LONG_TEXT, PICTURE } from "../support/judged-site.ts";
import type { StrictAnswer } from "../support/strict-answers.ts";

let site: JudgedSite;
let plain: JudgedSite;
beforeAll(async () => {
  site = await JudgedSite.start();
  plain = await JudgedSite.start({ policy: { compress: false } });
});
afterAll(async () => {
  await site.stop();
  await plain.stop();
});

function decode({ fields, body }: StrictAnswer): string {
  switch (fields.get("content-encoding")) {
    case undefined:
      return body.toString();
    case "gzip":
      return gunzipSync(body).toString();
    case "br":
      return brotliDecompressSync(body).toString();
    case "zstd":
      return zstdDecompressSync(body).toString();
    default:
      throw new Error(`Content-Encoding: ${fields.get("content-encoding")}`);
  }
}

/** Accept-Encoding (`undefined`: no field), then the coding where all are stored, where none is, and where only gzip is. */
const TABLE: readonly (readonly [
  accept: string | undefined,
  stored: string,
  computed: string,
  zipped: string,
])[] = [
  [undefined, "identity", "identity", "identity"],
  ["", "identity", "identity", "identity"],
  ["identity", "identity", "identity", "identity"],
  ["gzip", "gzip", "gzip", "gzip"],
  ["GZIP", "gzip", "gzip", "gzip"],
  ["x-gzip", "gzip", "gzip", "gzip"],
  ["br", "br", "br", "br"],
  ["zstd", "zstd", "zstd", "zstd"],
  ["gzip, deflate, br", "br", "br", "gzip"],
  ["gzip, deflate, br, zstd", "br", "zstd", "gzip"],
  ["gzip;q=0", "identity", "identity", "identity"],
  ["gzip;q=0.0", "identity", "identity", "identity"],
  ["gzip;q=0.000", "identity", "identity", "identity"],
  ["gzip;q=0.001", "gzip", "gzip", "gzip"],
  ["gzip;q=1.000", "gzip", "gzip", "gzip"],
  ["gzip ; q=0.5", "gzip", "gzip", "gzip"],
  ["gzip;Q=0", "identity", "identity", "identity"],
  ["gzip;q=1.001", "identity", "identity", "identity"],
  ["gzip;q=2", "identity", "identity", "identity"],
  ["gzip;q=-1", "identity", "identity", "identity"],
  ["gzip;q=0.0001", "identity", "identity", "identity"],
  ["gzip;q=x", "identity", "identity", "identity"],
  ["gzip;q=", "identity", "identity", "identity"],
  ["gzip;q", "identity", "identity", "identity"],
  ["deflate", "identity", "identity", "identity"],
  ["compress", "identity", "identity", "identity"],
  ["gzipped", "identity", "identity", "identity"],
  ["notgzip", "identity", "identity", "identity"],
  ["*", "br", "zstd", "gzip"],
  ["*;q=0.1", "br", "zstd", "gzip"],
  ["*, gzip;q=0", "br", "zstd", "zstd"],
  ["gzip;q=0, *", "br", "zstd", "zstd"],
  ["gzip;q=1, br;q=0.5", "gzip", "gzip", "gzip"],
  ["gzip;q=0.5, br;q=1", "br", "br", "gzip"],
  ["gzip;q=0.5, identity", "identity", "identity", "identity"],
  ["gzip;q=0.5, identity;q=0.8", "identity", "identity", "identity"],
  ["gzip;q=0.8, identity;q=0.5", "gzip", "gzip", "gzip"],
  ["gzip, identity;q=0", "gzip", "gzip", "gzip"],
  ["gzip, *;q=0", "gzip", "gzip", "gzip"],
  [" , gzip ,, ", "gzip", "gzip", "gzip"],
  ["gzip\t;\tq=1", "gzip", "gzip", "gzip"],
];

describe("Accept-Encoding (§12.5.3)", () => {
  test.each(TABLE)("%p", async (accept, stored, computed, zipped) => {
    const lines = accept === undefined ? [] : [`Accept-Encoding: ${accept}`];
    for (const [target, coding, text] of [
      ["/coded.txt", stored, CODED_TEXT],
      ["/long.txt", computed, LONG_TEXT],
      ["/zipped.txt", zipped, CODED_TEXT],
    ] as const) {
      const answer = await site.get(target, ...lines);
      expect(answer.status).toBe(200);
      expect([target, answer.fields.get("content-encoding") ?? "identity"]).toEqual([target, coding]);
      expect(decode(answer)).toBe(text);
      expect(answer.fields.get("vary")).toBe("Accept-Encoding");
      expect(answer.fields.get("content-type")).toBe("text/plain; charset=utf-8");
    }
  });

  test("two fields are one list", async () => {
    const { fields } = await site.get("/coded.txt", "Accept-Encoding: gzip;q=0.1", "Accept-Encoding: zstd");
    expect(fields.get("content-encoding")).toBe("zstd");
  });

  test.each([
    ["identity;q=0"],
    ["*;q=0"],
    ["identity;q=0, *;q=0"],
    ["identity;q=0, gzip;q=0"],
    ["deflate, identity;q=0"],
    ["deflate, *;q=0"],
  ])("§15.5.7: %s is 406 where nothing else is there", async (accept) => {
    for (const method of ["GET", "HEAD"]) {
      const answer = await site.ask(method, "/picture.png", `Accept-Encoding: ${accept}`);
      expect(answer.status).toBe(406);
      expect(answer.fields.get("vary")).toContain("Accept-Encoding");
      expect(answer.fields.has("etag")).toBe(false);
    }
  });

  test("§12.5.3: identity;q=0 gets a coding where there is one", async () => {
    for (const target of ["/coded.txt", "/long.txt"]) {
      const answer = await site.get(target, "Accept-Encoding: identity;q=0, *");
      expect(answer.status).toBe(200);
      expect(answer.fields.has("content-encoding")).toBe(true);
    }
    expect((await site.get("/picture.png", "Accept-Encoding: identity;q=0, gzip")).status).toBe(406);
  });

  test("§12.5.3: *;q=0 with identity allowed is identity", async () => {
    const answer = await site.get("/picture.png", "Accept-Encoding: *;q=0, identity;q=0.1");
    expect(answer.status).toBe(200);
    expect(answer.body.equals(PICTURE)).toBe(true);
  });

  test("§8.8.3: each coding has a tag of its own, always the same", async () => {
    for (const target of ["/coded.txt", "/long.txt"]) {
      const tags: string[] = [];
      for (const coding of ["identity", "gzip", "br", "zstd", "identity", "gzip", "br", "zstd"]) {
        tags.push((await site.get(target, `Accept-Encoding: ${coding}`)).fields.get("etag")!);
      }
      expect(new Set(tags).size).toBe(4);
      expect(tags.slice(0, 4)).toEqual(tags.slice(4));
    }
  });

  test("§8.8.1: what a tag names is the same byte for byte, each time", async () => {
    for (const coding of ["gzip", "br", "zstd"]) {
      const [first, second] = await Promise.all(
        [1, 2].map(() => site.get("/long.txt", `Accept-Encoding: ${coding}`)),
      );
      expect(first!.body.equals(second!.body)).toBe(true);
    }
  });

  test("§12.5.3: pictures and small texts are sent as they are", async () => {
    for (const target of ["/picture.png", "/digits.txt", "/empty.txt"]) {
      expect((await site.get(target, "Accept-Encoding: gzip, br, zstd")).fields.has("content-encoding")).toBe(
        false,
      );
    }
  });

  test("without compression only what is stored is negotiated", async () => {
    expect((await plain.get("/long.txt", "Accept-Encoding: gzip")).fields.has("content-encoding")).toBe(
      false,
    );
    expect((await plain.get("/coded.txt", "Accept-Encoding: gzip")).fields.get("content-encoding")).toBe(
      "gzip",
    );
  });

  test("the stored codings can't be fetched past the whitelist", async () => {
    for (const target of ["/coded.txt.gz", "/coded.txt.br", "/coded.txt.zst"])
      expect((await site.get(target)).status).toBe(403);
  });
});

describe("Accept (§12.5.1)", () => {
  test.each([
    [undefined, "text/html; charset=utf-8"],
    ["*/*", "text/html; charset=utf-8"],
    ["text/*", "text/html; charset=utf-8"],
    ["application/json", "application/json"],
    ["APPLICATION/JSON", "application/json"],
    ["application/*", "application/json"],
    ["text/plain", "text/plain; charset=utf-8"],
    ["text/plain, application/json;q=0.9", "text/plain; charset=utf-8"],
    ["text/plain;q=0.5, application/json;q=0.9", "application/json"],
    ["text/html;q=0, */*", "application/json"],
    ["text/*;q=0.5, application/json", "application/json"],
    ["text/html;q=0.1, text/*;q=0.5", "text/plain; charset=utf-8"],
    ["text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "text/html; charset=utf-8"],
    ["image/avif,image/webp,*/*", "text/html; charset=utf-8"],
    ["application/json;charset=utf-8", "application/json"],
    ["nonsense", "text/html; charset=utf-8"],
    ["image/png", "text/html; charset=utf-8"],
  ])("a listing for %p is %s", async (accept, type) => {
    const answer = await site.get("/", ...(accept === undefined ? [] : [`Accept: ${accept}`]));
    expect([answer.status, answer.fields.get("content-type"), answer.fields.get("vary")]).toEqual([
      200,
      type,
      "Accept, Accept-Encoding",
    ]);
  });

  test("§12.5.1: a file is what it is, whatever is accepted", async () => {
    const answer = await site.get(
      "/picture.png",
      "Accept: text/html",
      "Accept-Language: tlh",
      "Accept-Charset: x",
    );
    expect([answer.status, answer.fields.get("content-type")]).toEqual([200, "image/png"]);
  });

  test("a listing as JSON is JSON, and shows no more than may be fetched", async () => {
    const answer = await site.get("/", "Accept: application/json");
    const { path, entries } = JSON.parse(answer.body.toString()) as {
      path: string;
      entries: { name: string; kind: string; size?: number }[];
    };
    expect(path).toBe("/");
    const names = entries.map(({ name }) => name);
    expect(names).toContain("digits.txt");
    for (const hidden of [".secret.txt", ".git", "tool.exe", "noextension", "link.txt"])
      expect(names).not.toContain(hidden);
    for (const { name, kind } of entries) {
      const target = `/${encodeURIComponent(name)}${kind === "folder" ? "/" : ""}`;
      expect((await site.get(target)).status).toBe(200);
    }
  });
});
