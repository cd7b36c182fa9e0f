/**
 * The advisory wall, as far as the site decides: each test is named after what went wrong elsewhere.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Site } from "../../src/site/site.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { ask, get, makeSite, type ReadReply, send } from "../support/requests.ts";

const SECRET = "root:x:0:0";
let parent = "";
let site: Site;

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "netfile-wall-"));
  for (const folder of ["www", "www/static", "www/sub", "www-secret", "etc"]) mkdirSync(join(parent, folder));
  writeFileSync(join(parent, "etc/passwd"), SECRET);
  writeFileSync(join(parent, "www-secret/f"), SECRET);
  writeFileSync(join(parent, "secret.txt"), SECRET);
  writeFileSync(join(parent, "www/.env"), SECRET);
  writeFileSync(join(parent, "www/a.txt"), "a");
  symlinkSync(join(parent, "etc/passwd"), join(parent, "www/link.txt"));
  symlinkSync(join(parent, "etc"), join(parent, "www/linked"));
  site = makeSite(openDiskStore(join(parent, "www")), {
    allow: "all",
    upload: { maxBytes: 10_000, onExist: "replace" },
  });
});

afterAll(() => rmSync(parent, { recursive: true }));

function expectNoSecret(reply: ReadReply) {
  expect([400, 403, 404]).toContain(reply.status);
  expect(reply.text).not.toContain("root:");
}

describe("path traversal", () => {
  test.each([
    ["CVE-2021-41773", "/cgi-bin/.%2e/%2e%2e/%2e%2e/etc/passwd"],
    ["CVE-2021-42013", "/icons/%%32%65%%32%65/%%32%65%%32%65/etc/passwd"],
    ["CVE-2014-3744", "/public/%2e%2e/%2e%2e/%2e%2e/etc/passwd"],
    ["CVE-2017-14849", "/static/../../../a/../../../../etc/passwd"],
    ["CVE-2018-3714", "/node_modules/../../../../../etc/passwd"],
    ["CVE-2018-3712", "/../www-secret/f"],
    ["CVE-2018-3712 encoded", "/%2e%2e/www-secret/f"],
    ["CVE-2024-23334", "/static/../../../../etc/passwd"],
    ["CVE-2023-37474", "/favicon.ico/%2Fetc%2Fpasswd"],
    ["CVE-2023-37474 root", "/%2Fetc%2Fpasswd"],
    ["JLSEC-2026-612 backslash", "/static%5c..%5c..%5csecret.txt"],
    ["JLSEC-2026-612 drive", "/C:/secret.txt"],
    ["JLSEC-2026-612 UNC", "/%5c%5chost%5cshare%5cf.txt"],
    ["NUL", "/a.txt%00.png"],
    ["over-long UTF-8", "/%c0%ae%c0%ae/secret.txt"],
    ["double encoding", "/%252e%252e/secret.txt"],
    ["CVE-2008-0337", `/${"x".repeat(100_000)}/../../etc/passwd`],
    ["CVE-2015-5638", "/....//....//secret.txt"],
  ])("%s: no file outside the root", async (_, path) => {
    for (const method of ["GET", "HEAD"]) expectNoSecret(await ask(site, method, path));
  });

  test.each(["/link.txt", "/linked", "/linked/", "/linked/passwd"])(
    "CVE-2019-5447, CVE-2025-67487: %s, a link out of the root, looks absent",
    async (path) => {
      for (const method of ["GET", "HEAD"]) {
        const reply = await ask(site, method, path);
        expectNoSecret(reply);
        expect(reply.status).toBe(404);
      }
    },
  );

  test("CVE-2019-5447: links out of the root are not listed", async () => {
    const reply = await get(site, "/", { Accept: "application/json" });
    expect(JSON.parse(reply.text).entries.map(({ name }: { name: string }) => name)).not.toContain(
      "link.txt",
    );
    expect(reply.text).not.toContain("linked");
    expect(reply.text).not.toContain(".env");
  });

  test.each(["/.env", "/.env/", "//.env", "/./.env", "/.env%2f", "/static/../.env"])(
    "GHSA-964w-f6gj-5236: %s, a hidden file, looks absent whatever the path",
    async (path) => {
      expect((await get(site, path)).status).toBe(404);
    },
  );

  test.each([
    "/secret.exe",
    "/secret.exe/",
    "//secret.exe",
    "/./secret.exe",
    "/secret.exe%2f",
    "/x/../secret.exe",
  ])("GHSA-964w-f6gj-5236: %s, a type that isn't served, is refused whatever the path", async (path) => {
    const store = new MemoryStore({ "secret.exe": SECRET });
    expect((await get(makeSite(store), path)).status).toBe(403);
  });
});

describe("writes outside the root", () => {
  test.each([
    "/../x.txt",
    "/../../x.txt",
    "/%2e%2e/x.txt",
    "/..%2fx.txt",
    "/..%5cx.txt",
    "/sub/..%2f..%2fx.txt",
    "/linked/x.txt",
    "/%2ftmp%2fx.txt",
  ])("CVE-2026-35392: PUT %s makes no file", async (path) => {
    for (const method of ["PUT", "POST"]) {
      const reply = await send(site, method, path, { chunks: ["x"] });
      expect([400, 403, 404, 409]).toContain(reply.status);
    }
    expect(readdirSync(parent).sort()).toEqual(["etc", "secret.txt", "www", "www-secret"]);
    expect(readdirSync(join(parent, "etc"))).toEqual(["passwd"]);
    expect(existsSync("/tmp/x.txt")).toBe(false);
  });

  test("miniserve #590: an upload replaces a link and never follows it", async () => {
    await send(site, "PUT", "/link.txt", { chunks: ["mine"] });
    expect(await Bun.file(join(parent, "etc/passwd")).text()).toBe(SECRET);
  });

  test.each([
    "..",
    ".",
    "../x.txt",
    "a/../../b",
    "\\..\\b",
    "x\0.txt",
    "C:\\x\\photo.jpg",
    ".env",
    "sub/x.txt",
    "/etc/passwd",
  ])("CVE-2026-35393, GHSA-wg2q-39h6-66x9: a form's file called %j saves nothing", async (name) => {
    const before = readdirSync(join(parent, "www")).sort();
    const body = `--b\r\nContent-Disposition: form-data; name="f"; filename="ok.txt"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\n\r\nx\r\n--b--\r\n`;
    const fields = { "Content-Type": "multipart/form-data; boundary=b" };
    const reply = await send(site, "POST", "/", { fields, chunks: [body] });
    expect(reply.status).toBe(name === ".env" ? 403 : 400);
    expect(readdirSync(join(parent, "www")).sort()).toEqual(before);
  });
});

describe("other sites", () => {
  test("CVE-2026-42091, CVE-2026-40883: no GET changes anything, no foreign page writes", async () => {
    for (const query of ["?delete", "?mkdir=x", "?upload"]) {
      expect((await get(site, `/a.txt${query}`)).text).toBe("a");
    }
    const fields = { Origin: "http://evil.example" };
    for (const method of ["PUT", "POST"]) {
      const reply = await send(makeSite(site.store, { ...site.policy, cors: "*" }), method, "/a.txt", {
        fields,
        chunks: ["x"],
      });
      expect([reply.status, reply.fields.has("access-control-allow-origin")]).toEqual([403, false]);
    }
    expect((await get(site, "/a.txt")).text).toBe("a");
  });
});

const HOSTILE_NAMES: readonly string[] = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  `"><img src=x onerror=alert(1)>`,
  `' onmouseover='alert(1)`,
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)<",
  "</td></tr></table><script>x<",
  "</style><script>x<",
  "<!--",
  "{{rows}}",
  "${alert(1)}",
  "`x`",
  "&lt;script&gt;",
  "a\u202etxt.exe",
  "a\u2028b",
  "%3Cscript%3E",
  "\ufeffx",
].map((name) => `${name.replaceAll("/", "∕")}.txt`);

describe("listing", () => {
  test("CVE-2024-32966, CVE-2025-11966: no name becomes markup, every link leads back", async () => {
    const store = new MemoryStore(Object.fromEntries(HOSTILE_NAMES.map((name) => [name, name])));
    const { text } = await get(makeSite(store), "/", { Accept: "text/html" });
    const rows = text.slice(text.indexOf("<tbody>"));
    expect(rows).not.toMatch(/<script|<img|<!--|javascript:alert\(1\)"|[\u202e\u2028\ufeff]/);
    const hrefs = [...rows.matchAll(/<td class="name file"><a href="([^"]*)">/g)].map(
      (match) => match[1] ?? "",
    );
    expect(hrefs.length).toBe(HOSTILE_NAMES.length);
    for (const href of hrefs) {
      const url = new URL(href, "http://localhost/");
      expect([url.protocol, url.host]).toEqual(["http:", "localhost"]);
      const reply = await get(makeSite(store), url.pathname);
      expect(HOSTILE_NAMES).toContain(reply.text);
    }
  });

  test("CVE-2024-32966: no folder's name becomes markup either", async () => {
    for (const name of HOSTILE_NAMES) {
      const store = new MemoryStore({ [`${name}/sub/a.txt`]: "a" });
      const { text } = await get(makeSite(store), `/${encodeURIComponent(name)}/sub/`, {
        Accept: "text/html",
      });
      expect(text.slice(text.indexOf("</style>") + 8)).not.toMatch(/<script|<img|<!--|[\u202e\u2028\ufeff]/);
      expect(text).toContain("a.txt");
    }
  });

  test.each(["/<script>alert(1)</script>", "/x%3Cscript%3E", "/x?<script>", "/x.exe?%0d%0aSet-Cookie:x=1"])(
    "CVE-2023-38501, CVE-2026-27948: nothing of %s is reflected",
    async (target) => {
      for (const accept of ["text/html", "application/json", "text/plain"]) {
        const reply = await get(makeSite(new MemoryStore()), target, {
          Accept: accept,
          Cookie: "x=<script>",
        });
        expect(reply.text).not.toMatch(/<script|Set-Cookie/i);
        expect([...reply.fields].flat().join("")).not.toMatch(/<script|Set-Cookie|[\r\n]/i);
        expect(reply.fields.get("x-content-type-options")).toBe("nosniff");
      }
    },
  );
});

describe("redirects", () => {
  test.each([
    "//evil.example/sub",
    "///evil.example/sub",
    "/\\evil.example/sub",
    "/%5cevil.example/sub",
    "/%2f%2fevil.example/sub",
    "/%2fevil.example",
    "//evil.example",
    "/.//evil.example",
    "/sub%0d%0aSet-Cookie:x=1",
    "/sub%0c",
    "/sub%0b",
    "/sub%7f",
    "/sub",
    "/sub?//evil.example",
  ])("CVE-2021-28861, CVE-2016-1133, http-server 2021-10: %s never leads elsewhere", async (target) => {
    const names = [
      "sub",
      "evil.example",
      "evil.example/sub",
      "sub\r\nSet-Cookie:x=1",
      "sub\f",
      "sub\v",
      "sub\u007f",
    ];
    const store = new MemoryStore(Object.fromEntries(names.map((name) => [`${name}/a.txt`, "a"])));
    for (const each of [makeSite(store), site]) {
      const reply = await get(each, target);
      const location = reply.fields.get("location");
      expect([200, 308, 400, 404, 403]).toContain(reply.status);
      if (reply.status !== 308) expect(location).toBeUndefined();
      else {
        expect(location).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
        expect(new URL(location ?? "", "http://localhost:8080/x").host).toBe("localhost:8080");
      }
    }
  });

  test("CVE-2024-43799: the redirect's body says nothing of the path", async () => {
    const store = new MemoryStore({ 'dir"><script>/a.txt': "a" });
    const reply = await get(makeSite(store), "/dir%22%3E%3Cscript%3E");
    expect([reply.status, reply.text, reply.fields.get("location")]).toEqual([
      308,
      "",
      "/dir%22%3E%3Cscript%3E/",
    ]);
  });
});

describe("denial of service", () => {
  test("CVE-2011-3192: many ranges never amount to more than the file", async () => {
    const size = 300_000;
    const store = new MemoryStore({ "a.png": new Uint8Array(size) });
    const overlapping = `bytes=0-,${Array.from({ length: 1300 }, (_, index) => `5-${index}`).join(",")}`;
    const apart = `bytes=${Array.from({ length: 100 }, (_, index) => `${index * 3000}-${index * 3000 + 2990}`).join(",")}`;
    for (const range of [overlapping, apart]) {
      const reply = await get(makeSite(store), "/a.png", { Range: range });
      expect(reply.body.length).toBeLessThanOrEqual(size * 1.1);
    }
  });

  test.each([
    "bytes=-9223372036854775608,-1",
    `bytes=${"9".repeat(40)}-`,
    `bytes=0-${"9".repeat(40)}`,
    `bytes=-${"9".repeat(40)}`,
  ])("CVE-2017-7529: %s never reads outside the file", async (range) => {
    const store = new MemoryStore({ "a.png": "0123456789" });
    const reply = await get(makeSite(store), "/a.png", { Range: range });
    expect([200, 206, 416]).toContain(reply.status);
    if (reply.status !== 416) expect(reply.text).toBe("0123456789");
  });

  test.each([
    ["year 10000", new Date(Date.UTC(10_000, 0, 1))],
    ["before 1970", new Date(-1000)],
  ])("CVE-2020-25691: a file of the %s is served", async (_, time) => {
    const path = join(parent, "www/absurd.txt");
    writeFileSync(path, "a");
    utimesSync(path, time, time);
    const reply = await get(site, "/absurd.txt");
    expect([reply.status, reply.text]).toEqual([200, "a"]);
    expect(reply.fields.get("last-modified") ?? "Wed, 31 Dec 1969 23:59:59 GMT").toMatch(
      /^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/,
    );
    for (const accept of ["text/html", "application/json"])
      expect((await get(site, "/", { Accept: accept })).status).toBe(200);
  });

  test.each(["/aux", "/con", "/nul.txt", "/com1", "/prn.txt"])(
    "CVE-2009-4587: %s is an ordinary name",
    async (path) => {
      expect((await get(site, path)).status).toBe(404);
    },
  );
});
