/** Paths over a socket: what leads out of the folder leads nowhere, what was hidden stays hidden, and where redirects go. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CAREFUL_NAME, JudgedSite, request, SECRET, UPLOADS } from "../support/judged-site.ts";
import { readStrictAnswers } from "../support/strict-answers.ts";

setDefaultTimeout(60_000);

let site: JudgedSite;
let open: JudgedSite;
let uploads: JudgedSite;
beforeAll(async () => {
  site = await JudgedSite.start();
  open = await JudgedSite.start({ policy: { allow: "all" } });
  uploads = await JudgedSite.start({ policy: { ...UPLOADS, allow: "all" } });
});
afterAll(async () => {
  for (const each of [site, open, uploads]) await each.stop();
});

const LEAK = /root:x?:|secret|\[boot loader\]/i;

/** Every spelling of a step up that some server has taken for one. */
const DOTS = [
  "..",
  "%2e%2e",
  "%2E%2E",
  ".%2e",
  "%2e.",
  "%252e%252e",
  "%%32%65%%32%65",
  "%c0%ae%c0%ae",
  "%e0%80%ae%e0%80%ae",
  "%f0%80%80%ae",
  "%uff0e%uff0e",
  "%u002e%u002e",
  "..%00",
  "..%01",
  "..;",
  "..;a=b",
  ".%00.",
  "...",
  "....",
  "..%20",
  "%20..",
  "..%09",
  "..%0d",
  "..%0a",
  "..%0d%0a",
  "..%c0%af",
  "..%5c",
  "..\\",
  "%2e%2e%5c",
  "..%2f",
  "%2e%2e%2f",
  "..%252f",
  "..%255c",
  ".%2f..",
  "..%c1%9c",
  "%ef%bc%8e%ef%bc%8e",
  "..%e2%88%95",
  "..%ef%bc%8f",
  "..%u2215",
  "..%u2216",
  "./..",
  "../.",
  ".//..",
  "..//",
  "..%3f",
  "..%23",
  "..%7f",
  "~",
  "%7e",
  "$HOME",
  "C:",
  "C:%5c",
  "%00",
  "..::$DATA",
];
const ENDS = [
  "etc/passwd",
  "etc%2fpasswd",
  "etc%5cpasswd",
  "etc/passwd%00.txt",
  "etc/passwd%2500.txt",
  "windows/win.ini",
  "etc/passwd/",
  "proc/self/environ",
];

function traversals(root: string): readonly string[] {
  const secret = `${basename(root)}-secret.txt`;
  const targets: string[] = [];
  for (const dots of DOTS) {
    for (const slash of ["/", "%2f", "%5c", "//"]) {
      for (const depth of [1, 3, 9]) {
        const up = Array.from({ length: depth }, () => dots).join(slash);
        for (const end of depth === 1 ? [secret, ...ENDS] : [secret, ENDS[0]!]) {
          targets.push(`/${up}${slash}${end}`, `/sub/${up}${slash}${end}`, `/digits.txt/${up}${slash}${end}`);
        }
      }
    }
  }
  return [
    ...targets,
    `/../${secret}`,
    `/${root}/../${secret}`,
    `//${root}-secret.txt`,
    `/file:${root}-secret.txt`,
    `/${encodeURIComponent(`${root}-secret.txt`)}`,
  ];
}

/** All of `requests` over pipelined connections. */
async function askAll(judged: JudgedSite, requests: readonly string[]) {
  const answers = [];
  for (let at = 0; at < requests.length; at += 50) {
    const client = await judged.connect();
    const batch = requests.slice(at, at + 50);
    for (const text of batch) {
      // What isn't HTTP at all closes the connection: each of those gets one of its own.
      if (text.includes("\\")) answers.push(...(await judged.say(text)).answers);
      else await client.send(text);
    }
    client.halfClose();
    answers.push(...readStrictAnswers(await client.untilClosed(20_000)));
    client.close();
  }
  return answers;
}

describe("traversal", () => {
  test("thousands of ways up lead nowhere, with and without a whitelist", async () => {
    for (const judged of [site, open]) {
      const targets = traversals(judged.root);
      expect(targets.length).toBeGreaterThan(3000);
      const answers = await askAll(
        judged,
        targets.map((target) => request("GET", target)),
      );
      expect(answers).toHaveLength(targets.length);
      for (const { status, body } of answers) {
        expect([400, 403, 404]).toContain(status);
        expect(body.toString()).not.toMatch(/root:x/);
      }
      expect(judged.failures).toEqual([]);
    }
  }, 60_000);

  test("nothing is written above the folder either", async () => {
    const above = dirname(uploads.root);
    const before = new Set(readdirSync(above).filter((name) => !name.startsWith("netfile-site-")));
    for (const dots of DOTS) {
      for (const target of [
        `/${dots}/escaped.txt`,
        `/sub/${dots}/${dots}/escaped.txt`,
        `/${dots}%2fescaped.txt`,
      ]) {
        const { answers } = await uploads.say(`${request("PUT", target, "Content-Length: 1")}x`);
        expect(answers).toHaveLength(1);
        expect(existsSync(join(above, "escaped.txt"))).toBe(false);
      }
    }
    const after = readdirSync(above).filter((name) => !name.startsWith("netfile-site-"));
    expect(after.filter((name) => !before.has(name) && name.includes("escaped"))).toEqual([]);
  });
});

describe("advisories of servers, over the socket", () => {
  test.each([
    ["CVE-2021-41773 (Apache)", "/cgi-bin/.%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd"],
    ["CVE-2021-42013 (Apache)", "/icons/%%32%65%%32%65/%%32%65%%32%65/etc/passwd"],
    ["CVE-2014-3744 (st)", "/public/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd"],
    ["CVE-2017-14849 (Node)", "/static/../../../a/../../../../etc/passwd"],
    ["CVE-2018-3714 (node-srv)", "/node_modules/../../../../../etc/passwd"],
    ["CVE-2024-23334 (aiohttp)", "/static/../../../../etc/passwd"],
    ["CVE-2023-37474 (copyparty)", "/.cpr/%2Fetc%2Fpasswd"],
    ["CVE-2023-37474 (copyparty), our icon", "/favicon.ico/%2Fetc%2Fpasswd"],
    ["CVE-2015-5638 (h2o)", "/..%2f..%2f..%2fetc/passwd"],
    ["JLSEC-2026-612 (HTTP.jl), a backslash", "/..%5c..%5c..%5cetc%5cpasswd"],
    ["JLSEC-2026-612 (HTTP.jl), a drive", "/C:/windows/win.ini"],
    ["JLSEC-2026-612 (HTTP.jl), UNC", "/%5c%5chost%5cshare%5cfile.txt"],
    ["CVE-2019-5447 (http-file-server), a link", "/link.txt"],
    ["CVE-2025-67487 (static-web-server), a link with a slash", "/link.txt/"],
    ["CVE-2009-4587 (Cherokee)", "/AUX"],
    ["CVE-2009-3896 (nginx), a device", "/nul.txt"],
  ])("%s", async (_title, target) => {
    for (const judged of [site, open]) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await judged.ask(method, target);
        expect([400, 403, 404]).toContain(answer.status);
        expect(answer.body.toString()).not.toMatch(LEAK);
      }
    }
  });

  test("CVE-2018-3712 (serve): a neighbour whose name begins like the folder's", async () => {
    const name = basename(site.root);
    for (const target of [
      `/../${name}-secret.txt`,
      `/%2e%2e/${name}-secret.txt`,
      `/..%2f${name}-secret.txt`,
    ]) {
      expect((await open.get(target)).body.toString()).not.toContain(SECRET);
      expect((await site.get(target)).status).toBe(404);
    }
  });

  test("CVE-2018-18778 (mini_httpd): an empty Host", async () => {
    const { statuses } = await site.say("GET /etc/passwd HTTP/1.1\r\nHost:\r\n\r\n");
    expect(statuses).toEqual([400]);
  });

  test("GHSA-964w-f6gj-5236 (goshs): no spelling opens a hidden file", async () => {
    for (const name of [".secret.txt", ".git/config.txt"]) {
      for (const target of [
        `/${name}`,
        `/${name}/`,
        `//${name}`,
        `/./${name}`,
        `/${name}%2f`,
        `/sub/../${name}`,
        `/%2e${name.slice(1)}`,
        `/${name}%00`,
        `/${name}.`,
        `/sub/%2e%2e/${name}`,
      ]) {
        const answer = await open.get(target);
        expect(answer.status).toBe(404);
        expect(answer.body.toString()).not.toContain(SECRET);
      }
    }
  });

  test("CVE-2008-0337 (miniweb): a path of 100 kB", async () => {
    expect((await site.get(`/${"../".repeat(33_000)}etc/passwd`)).status).toBe(414);
    expect((await site.get("/digits.txt")).status).toBe(200);
  });

  test("CVE-2012-5533 (lighttpd): Connection: TE,,Keep-Alive", async () => {
    expect((await site.get("/digits.txt", "Connection: TE,,Keep-Alive")).status).toBe(200);
  });

  test("CVE-2026-42091, CVE-2026-40883 (goshs): GET changes nothing", async () => {
    for (const query of ["delete", "delete=1", "mkdir=x", "rename=x", "upload"]) {
      for (const method of ["GET", "HEAD"])
        expect((await uploads.ask(method, `/digits.txt?${query}`)).status).toBe(200);
    }
    expect((await uploads.get("/digits.txt")).status).toBe(200);
  });

  test("CVE-2026-40883 (goshs): a page of another site may not write", async () => {
    for (const origin of ["http://evil.example", "null", "https://x.evil.example", "http://x:81"]) {
      expect((await uploads.put("PUT", "/csrf.txt", "x", `Origin: ${origin}`)).status).toBe(403);
      expect((await uploads.put("POST", "/csrf.txt", "x", `Origin: ${origin}`)).status).toBe(403);
    }
    expect((await uploads.put("PUT", "/own.txt", "x", "Origin: http://x")).status).toBe(201);
    expect(existsSync(join(uploads.root, "csrf.txt"))).toBe(false);
  });
});

describe("redirects", () => {
  test.each([
    ["/sub", "/sub/"],
    ["/sub?a=b&c", "/sub/?a=b&c"],
    ["/sub?", "/sub/?"],
    ["/with%20index", "/with%20index/"],
    ["/%73ub", "/sub/"],
    ["http://elsewhere.example/sub", "/sub/"],
  ])("RFC 9110 §15.4.9: %s is at %s", async (target, location) => {
    for (const method of ["GET", "HEAD"]) {
      const answer = await site.ask(method, target);
      expect([answer.status, answer.fields.get("location")]).toEqual([308, location]);
    }
    expect([200]).toContain((await site.get(location)).status);
  });

  test.each([
    ["CVE-2021-28861 (Python)", "//evil.example/.."],
    ["CVE-2021-28861 (Python), a folder", "//sub"],
    ["CVE-2021-28861 (Python), encoded", "/%2fevil.example/sub"],
    ["CVE-2021-28861 (Python), a backslash", "/%5cevil.example/sub"],
    ["serve-handler 6.1.3", "//evil.example/%2e%2e/sub"],
    ["serve-handler 6.1.3, three slashes", "///evil.example/sub"],
    ["CVE-2016-1133 (h2o)", "/sub%0d%0aSet-Cookie:x=1"],
    ["CVE-2016-1133 (h2o), in the query", "/sub?%0d%0aSet-Cookie:x=1"],
    ["http-server 2021-10, a form feed", "/sub%0c"],
    ["http-server 2021-10, a vertical tab", "/sub%0b"],
    ["http-server 2021-10, DEL", "/sub%7f"],
    ["CVE-2024-43799 (send)", "/sub%22%3E%3Cscript%3E"],
  ])("%s: never to another host, never with a line of its own", async (_title, target) => {
    const answer = await site.get(target);
    expect(answer.fields.has("set-cookie")).toBe(false);
    const location = answer.fields.get("location");
    if (location !== undefined) expect(location).toMatch(/^\/(?![/\\])/);
    expect(answer.body.toString()).not.toContain("<script");
  });
});

describe("names", () => {
  test("RFC 3986 §2.1: every name of a listing is found at its address", async () => {
    const target = `/${encodeURIComponent(CAREFUL_NAME)}`;
    expect((await site.get(target)).body.toString()).toBe("careful");
    const listing = (await site.get("/")).body.toString();
    const links = [...listing.matchAll(/href="(\.\/[^"]+)"/g)].map(([, href]) =>
      href!.slice(1).replaceAll("&amp;", "&"),
    );
    expect(links.length).toBeGreaterThan(8);
    for (const link of links) expect((await site.get(link)).status).toBe(200);
  });

  test.each([
    ["a slash behind a file", "/digits.txt/", 404],
    ["a name below a file", "/digits.txt/x.txt", 404],
    ["an empty name", "//digits.txt", 200],
    ["a dot", "/./digits.txt", 404],
    ["other letters", "/DIGITS.TXT", 404],
    ["a space behind", "/digits.txt%20", 403],
    ["a dot behind", "/digits.txt.", 404],
    ["NUL behind", "/digits.txt%00", 403],
    ["NUL and another extension", "/tool.exe%00.txt", 404],
    ["a stream", "/digits.txt::$DATA", 403],
    ["a backup", "/digits.txt~", 403],
    ["a name of 300 letters", `/${"a".repeat(300)}.txt`, 404],
    ["a path of 1,000 names", `${"/a".repeat(1000)}.txt`, 404],
    ["no extension", "/noextension", 404],
    ["a type that isn't served", "/tool.exe", 403],
    ["a type that isn't served, and isn't there", "/no.exe", 403],
  ])("%s", async (_title, target, status) => {
    expect((await site.get(target)).status).toBe(status);
  });
});

describe("Content-Disposition (RFC 6266, RFC 8187)", () => {
  test("?download names the file, in both forms where it must", async () => {
    expect((await site.get("/digits.txt?download")).fields.get("content-disposition")).toBe(
      'attachment; filename="digits.txt"',
    );
    const careful = (await site.get(`/${encodeURIComponent(CAREFUL_NAME)}?download`)).fields.get(
      "content-disposition",
    )!;
    expect(careful).toMatch(
      /^attachment; filename="[^"\\]*(?:\\.[^"\\]*)*"; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+$/,
    );
    expect(decodeURIComponent(careful.split("''")[1]!)).toBe(CAREFUL_NAME);
  });

  test("it is there for HEAD and for parts, and not unless asked for", async () => {
    expect((await site.ask("HEAD", "/digits.txt?download")).fields.has("content-disposition")).toBe(true);
    expect(
      (await site.get("/digits.txt?a&download=1", "Range: bytes=0-1")).fields.has("content-disposition"),
    ).toBe(true);
    for (const target of [
      "/digits.txt",
      "/digits.txt?downloads",
      "/digits.txt?a=download",
      "/digits.txt?DOWNLOAD",
    ]) {
      expect((await site.get(target)).fields.has("content-disposition")).toBe(false);
    }
  });
});

describe("CORS and the operator's fields (Fetch §3.2)", () => {
  test("an origin may read, on every answer, and never write", async () => {
    const shared = await JudgedSite.start({
      policy: {
        ...UPLOADS,
        cors: "*",
        headers: [
          ["X-Own", "yes"],
          ["Cache-Control", "max-age=60"],
        ],
      },
    });
    for (const target of ["/digits.txt", "/missing.txt", "/", "/sub"]) {
      const { fields, status } = await shared.get(target, "Origin: http://other.example");
      expect(fields.get("access-control-allow-origin")).toBe("*");
      expect(fields.get("x-own")).toBe("yes");
      expect(fields.get("cache-control")).toBe(status < 400 ? "max-age=60" : "no-cache");
    }
    const preflight = await shared.ask(
      "OPTIONS",
      "/digits.txt",
      "Origin: http://other.example",
      "Access-Control-Request-Method: PUT",
    );
    expect(preflight.fields.get("access-control-allow-methods")).toBe("GET, HEAD");
    const write = await shared.put("PUT", "/cors.txt", "x", "Origin: http://other.example");
    expect([write.status, write.fields.has("access-control-allow-origin")]).toEqual([403, false]);
    await shared.stop();
  });
});
