/** RFC 9110 §9, §15 and RFC 9111 §5 over a socket: methods, and the fields that every answer owes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DIGITS, JudgedSite, MODIFIED, request, UPLOADS } from "../support/judged-site.ts";

let site: JudgedSite;
let uploads: JudgedSite;
beforeAll(async () => {
  site = await JudgedSite.start();
  uploads = await JudgedSite.start({ policy: UPLOADS });
});
afterAll(async () => {
  await site.stop();
  await uploads.stop();
});

describe("methods", () => {
  test.each(["DELETE", "PATCH", "TRACE", "PUT", "POST"])(
    "RFC 9110 §15.5.6: %s is 405 with Allow",
    async (method) => {
      for (const target of ["/digits.txt", "/missing.txt", "/", "/sub", "/tool.exe", "/.secret.txt"]) {
        const answer = await site.ask(method, target);
        expect(answer.status).toBe(405);
        expect(answer.fields.get("allow")).toBe("GET, HEAD, OPTIONS");
      }
    },
  );

  test("RFC 9110 §10.2.1: Allow names what uploads add", async () => {
    expect((await uploads.ask("DELETE", "/digits.txt")).fields.get("allow")).toBe(
      "GET, HEAD, OPTIONS, PUT, POST",
    );
    expect((await uploads.ask("OPTIONS", "/digits.txt")).fields.get("allow")).toBe(
      "GET, HEAD, OPTIONS, PUT, POST",
    );
  });

  test("RFC 9110 §9.3.8: TRACE repeats nothing", async () => {
    const { body } = await site.ask("TRACE", "/digits.txt", "Cookie: secret", "X-Canary: canary");
    expect(body.toString()).not.toMatch(/secret|canary/i);
  });

  test.each(["PROPFIND", "MKCOL", "LOCK", "SEARCH", "PURGE", "get", "Get", "GETX", "_", "HEADER"])(
    "RFC 9110 §15.6.2: %s is 501",
    async (method) => {
      expect((await site.ask(method, "/digits.txt")).status).toBe(501);
    },
  );

  test.each(["*", "/", "/digits.txt", "/missing.txt", "/sub", "http://x"])(
    "RFC 9110 §9.3.7: OPTIONS %s says what is allowed",
    async (target) => {
      const answer = await site.ask("OPTIONS", target, "Max-Forwards: 0");
      expect(answer.status).toBe(204);
      expect(answer.fields.get("allow")).toBe("GET, HEAD, OPTIONS");
    },
  );

  test("RFC 9110 §9.3.7: OPTIONS is subject to no condition", async () => {
    const answer = await site.ask("OPTIONS", "/digits.txt", 'If-Match: "x"', "If-None-Match: *");
    expect(answer.status).toBe(204);
  });
});

/** What is known only when the content is made, and what differs from second to second. */
const FREE = ["date", "keep-alive", "transfer-encoding", "trailer"];

function kept(all: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...all].filter(([name]) => !FREE.includes(name)).sort(([a], [b]) => a.localeCompare(b));
}

describe("HEAD", () => {
  test.each<readonly [target: string, lines: readonly string[]]>([
    ["/digits.txt", []],
    ["/empty.txt", []],
    ["/picture.png", []],
    ["/long.txt", []],
    ["/long.txt", ["Accept-Encoding: gzip"]],
    ["/coded.txt", ["Accept-Encoding: br"]],
    ["/coded.txt", ["Accept-Encoding: gzip, br;q=0"]],
    ["/with%20index/", []],
    ["/digits.txt?download", []],
    ["/", []],
    ["/", ["Accept: application/json"]],
    ["/", ["Accept: text/plain"]],
    ["/sub", []],
    ["/missing.txt", []],
    ["/missing.txt", ["Accept: application/json"]],
    ["/missing.txt", ["Accept: text/html"]],
    ["/tool.exe", []],
    ["/bad%zz", []],
    ["/digits.txt", ["If-None-Match: *"]],
    ["/digits.txt", ['If-Match: "x"']],
    ["/digits.txt", [`If-Modified-Since: ${MODIFIED}`]],
    ["/digits.txt", ["Expect: x"]],
    ["/picture.png", ["Accept-Encoding: identity;q=0"]],
    ["/favicon.ico", []],
    ["/digits.txt", ["Want-Repr-Digest: sha-256=1"]],
    ["/digits.txt", ["Want-Digest: SHA-256"]],
  ])("RFC 9110 §9.3.2: the answer to HEAD has the fields of GET's, %s %p", async (target, fields) => {
    const got = await site.get(target, ...fields);
    const head = await site.ask("HEAD", target, ...fields);
    expect(head.status).toBe(got.status);
    expect(head.body).toHaveLength(0);
    expect(kept(head.fields)).toEqual(kept(got.fields));
  });

  test.each([
    ["400", "HEAD x HTTP/1.1", 400],
    ["400", "HEAD / HTTP/1.1 ", 400],
    ["400", "HEAD / HTTP/x", 400],
    ["414", `HEAD /${"a".repeat(9000)} HTTP/1.1`, 414],
    ["414", `HEAD /${"a".repeat(90_000)} HTTP/1.1`, 414],
    ["505", "HEAD /digits.txt HTTP/2.0", 505],
  ])(
    "RFC 9110 §9.3.2: a HEAD whose request-line is wrong has no content in its answer, %s",
    async (_name, line, status) => {
      const client = await site.connect();
      await client.send(`${line}\r\nHost: x\r\n\r\n`);
      client.halfClose();
      const text = (await client.untilClosed()).toString("latin1");
      expect(text).toStartWith(`HTTP/1.1 ${status} `);
      expect(text).toMatch(/\r\nContent-Length: [1-9]\d*\r\n/i);
      expect(text.slice(text.indexOf("\r\n\r\n"))).toBe("\r\n\r\n");
      client.close();
    },
  );

  test("RFC 9110 §14.2: HEAD ignores Range", async () => {
    const head = await site.ask("HEAD", "/digits.txt", "Range: bytes=0-1");
    expect(head.status).toBe(200);
    expect(head.fields.get("content-length")).toBe("10");
    expect(head.fields.has("content-range")).toBe(false);
    expect((await site.ask("HEAD", "/digits.txt", "Range: bytes=99-")).status).toBe(200);
  });
});

describe("fields of answers", () => {
  test("RFC 9110 §8: a file has all that describes it", async () => {
    const { status, reason, fields, body } = await site.get("/digits.txt");
    expect([status, reason, body.toString()]).toEqual([200, "OK", DIGITS]);
    expect(fields.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(fields.get("content-length")).toBe("10");
    expect(fields.get("last-modified")).toBe(MODIFIED);
    expect(fields.get("accept-ranges")).toBe("bytes");
    expect(fields.get("etag")).toMatch(/^"[\x21\x23-\x7e]+"$/);
    expect(fields.get("x-content-type-options")).toBe("nosniff");
  });

  test.each([
    ["/digits.txt", "text/plain; charset=utf-8"],
    ["/page.html", "text/html; charset=utf-8"],
    ["/picture.png", "image/png"],
  ])("RFC 9110 §8.3: the type of %s is %s", async (target, type) => {
    expect((await site.get(target)).fields.get("content-type")).toBe(type);
  });

  const ALL = [
    "/digits.txt",
    "/",
    "/missing.txt",
    "/tool.exe",
    "/sub",
    "/%zz",
    "/.secret.txt",
    "/favicon.ico",
  ];

  test.each(ALL)("RFC 9110 §6.6.1: Date is the present, %s", async (target) => {
    for (const method of ["GET", "HEAD", "OPTIONS", "DELETE", "FETCH"]) {
      const { fields } = await site.ask(method, target);
      expect(Math.abs(Date.parse(fields.get("date")!) - Date.now())).toBeLessThan(3000);
    }
  });

  test.each(ALL)("RFC 9111 §5.2.2: Cache-Control makes caches ask again, %s", async (target) => {
    expect((await site.get(target)).fields.get("cache-control")).toBe("no-cache");
  });

  test("RFC 9111 §4.1: everything negotiated says by what", async () => {
    for (const target of ["/digits.txt", "/long.txt", "/coded.txt"]) {
      expect((await site.get(target)).fields.get("vary")).toBe("Accept-Encoding");
      expect((await site.get(target, "Accept-Encoding: gzip")).fields.get("vary")).toBe("Accept-Encoding");
      expect((await site.get(target, "If-None-Match: *")).fields.get("vary")).toBe("Accept-Encoding");
      expect((await site.get(target, "Range: bytes=0-0")).fields.get("vary")).toBe("Accept-Encoding");
    }
    expect((await site.get("/")).fields.get("vary")).toBe("Accept, Accept-Encoding");
    for (const target of ["/missing.txt", "/tool.exe"]) {
      expect((await site.get(target)).fields.get("vary")).toBe("Accept");
    }
    expect((await site.get("/picture.png")).fields.has("vary")).toBe(false);
  });

  test.each(['If-Match: "x"', "Range: bytes=9999999-", "Accept-Encoding: *;q=0"])(
    "RFC 9110 §12.5.5: a refusal of what is negotiated names each field once, %s",
    async (line) => {
      for (const target of ["/digits.txt", "/with%20index/"]) {
        expect((await site.get(target, line)).fields.get("vary")).toBe("Accept, Accept-Encoding");
      }
    },
  );

  test("RFC 9111 §5.1: an origin says no Age, no Via, no Warning", async () => {
    const { fields } = await site.get("/digits.txt");
    for (const name of ["age", "via", "warning", "expires", "pragma"]) expect(fields.has(name)).toBe(false);
  });

  test("RFC 9110 §8.8.1: validators stay while the file stays, and are shared by all answers", async () => {
    const { fields } = await site.get("/digits.txt");
    for (const line of ["Range: bytes=0-1", "If-None-Match: *", "Accept-Encoding: gzip"]) {
      expect((await site.get("/digits.txt", line)).fields.get("etag")).toBe(fields.get("etag"));
    }
    expect((await site.ask("HEAD", "/digits.txt")).fields.get("etag")).toBe(fields.get("etag"));
  });

  test("RFC 9110 §8.8.3: files of the same size and time have other tags", async () => {
    const tags = new Set<string>();
    for (const target of ["/ruler.txt", "/digits.txt", "/empty.txt", "/page.html"]) {
      tags.add((await site.get(target)).fields.get("etag")!);
    }
    expect(tags.size).toBe(4);
  });

  test("RFC 9110 §8.7: an index page says where it is", async () => {
    const { fields, status } = await site.get("/with%20index/");
    expect(status).toBe(200);
    expect(fields.get("content-location")).toBe("/with%20index/index.html");
  });

  test.each([
    ["/missing.txt", 404],
    ["/tool.exe", 403],
    ["/%zz", 400],
  ])("RFC 9110 §15.5: %s is %d, in words and without a trace of the request", async (target, status) => {
    const plain = await site.get(target, "Accept: text/plain");
    expect(plain.status).toBe(status);
    expect(plain.fields.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(plain.body.length).toBeGreaterThan(10);
    expect(plain.body.toString()).not.toContain(target);
    const json = await site.get(target, "Accept: application/json");
    expect(json.fields.get("content-type")).toBe("application/json");
    expect(() => JSON.parse(json.body.toString()) as unknown).not.toThrow();
    const html = await site.get(target, "Accept: text/html");
    expect(html.fields.get("content-type")).toBe("text/html; charset=utf-8");
    expect(html.fields.get("content-security-policy")).toStartWith("default-src 'none'");
  });

  test("RFC 9112 §4: reasons are the RFC's words", async () => {
    const reasons = await Promise.all(
      ["/digits.txt", "/sub", "/missing.txt", "/tool.exe"].map(
        async (target) => (await site.get(target)).reason,
      ),
    );
    expect(reasons).toEqual(["OK", "Permanent Redirect", "Not Found", "Forbidden"]);
  });
});

function at(name: string): string {
  return readFileSync(join(uploads.root, name), "utf8");
}

describe("PUT and POST (RFC 9110 §9.3.3, §9.3.4)", () => {
  test("§9.3.4: a new file is 201 with its address, a replaced one 204", async () => {
    const created = await uploads.put("PUT", "/new.txt", "one");
    expect([created.status, created.fields.get("location")]).toEqual([201, "/new.txt"]);
    const replaced = await uploads.put("PUT", "/new.txt", "two");
    expect(replaced.status).toBe(204);
    expect(at("new.txt")).toBe("two");
    expect((await uploads.get("/new.txt")).body.toString()).toBe("two");
  });

  test("§9.3.4: a validator in the answer is the next GET's", async () => {
    const { fields } = await uploads.put("PUT", "/tagged.txt", "one");
    const tag = (await uploads.get("/tagged.txt")).fields.get("etag");
    expect([undefined, tag]).toContain(fields.get("etag"));
  });

  test("§9.3.3: POST to a file's address saves the body", async () => {
    expect((await uploads.put("POST", "/posted.txt", "one")).status).toBe(201);
    expect(at("posted.txt")).toBe("one");
  });

  test.each([
    ["§14.5: Content-Range on PUT", "/part.txt", "Content-Range: bytes 0-2/10", 400],
    ["§8.4: an unknown Content-Encoding", "/part.txt", "Content-Encoding: gzip", 415],
    ["§9.3.4: a folder's address", "/sub/", "A: b", 409],
    ["§9.3.4: a folder's address without its slash", "/sub", "A: b", 403],
    ["§15.5.4: a type that isn't taken", "/part.exe", "A: b", 403],
    ["§15.5.4: a hidden name", "/.part.txt", "A: b", 403],
    ["§15.5.10: a file where a folder should be", "/digits.txt/part.txt", "A: b", 409],
  ])("%s saves nothing", async (_title, target, field, status) => {
    expect((await uploads.put("PUT", target, "one", field)).status).toBe(status);
    expect(existsSync(join(uploads.root, target))).toBe(["/sub/", "/sub"].includes(target));
  });

  test.each(["Content-Encoding: identity", "Content-Encoding:", "Content-Encoding: , IDENTITY,"])(
    "§8.4.1, §5.6.1.2: %p is no coding",
    async (field) => {
      expect((await uploads.put("PUT", "/plain.txt", "plain", field)).status).toBeWithin(201, 205);
      expect(at("plain.txt")).toBe("plain");
    },
  );

  test("§15.5.16: 415 says which coding would do", async () => {
    const { fields } = await uploads.put("PUT", "/part.txt", "one", "Content-Encoding: br");
    expect(fields.get("accept-encoding")).toBe("identity");
  });

  test("§10.1.1: PUT of an absolute-form saves in our folder", async () => {
    const { statuses } = await uploads.say(
      `${request("PUT", "http://other/abs.txt", "Content-Length: 3")}abs`,
    );
    expect(statuses).toEqual([201]);
    expect(at("abs.txt")).toBe("abs");
  });
});
