/** The site on a real folder: what only a disk can show. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { ReadableFile } from "../../src/base/piece.ts";
import { EVERYBODY } from "../../src/base/portions.ts";
import { hashPieces } from "../../src/site/digests.ts";
import { closeBody } from "../../src/site/reply.ts";
import { respond } from "../../src/site/respond.ts";
import type { Site } from "../../src/site/site.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import { SETTLING_MS } from "../../src/store/store.ts";
import { parseUrlPath } from "../../src/wire/target.ts";
import { get, makeRequest, makeSite, send } from "../support/requests.ts";

let root = "";
let site: Site;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "netfile-site-disk-"));
  site = makeSite(openDiskStore(root), { upload: { maxBytes: 1_000_000, onExist: "refuse" } });
});

afterEach(() => rmSync(root, { recursive: true }));

describe("a file that was just written", () => {
  test("has a strong tag all the same, after a wait", async () => {
    writeFileSync(join(root, "a.txt"), "a");
    const reply = await get(site, "/a.txt");
    expect(reply.fields.get("etag")).toMatch(/^"[^"]+"$/);
  });

  test("changed in place within the same instant never has the same tag", async () => {
    const tags = new Set<string | undefined>();
    for (let round = 0; round < 5; round += 1) {
      writeFileSync(join(root, "a.txt"), `${round}`);
      tags.add((await get(site, "/a.txt")).fields.get("etag"));
    }
    expect(tags.size).toBe(5);
  });
});

async function show(): Promise<string> {
  return (await get(site, "/nothing", { Accept: "text/html" })).text;
}

describe("the root's 404.html", () => {
  test("is shown as it is now: written, written over, replaced, removed", async () => {
    const path = join(root, "404.html");
    expect(await show()).toContain("netfile");
    writeFileSync(path, "<h1>one");
    for (let round = 0; round < 3; round += 1) expect(await show()).toBe("<h1>one");
    writeFileSync(path, "<h1>two");
    expect(await show()).toBe("<h1>two");
    writeFileSync(`${path}~`, "<h1>three");
    renameSync(`${path}~`, path);
    expect(await show()).toBe("<h1>three");
    rmSync(path);
    expect(await show()).toContain("netfile");
  });

  test.skipIf(process.platform === "win32")("is not shown when it is a link that leads out", async () => {
    const outside = mkdtempSync(join(tmpdir(), "netfile-outside-"));
    writeFileSync(join(outside, "secret.html"), "secret");
    symlinkSync(join(outside, "secret.html"), join(root, "404.html"));
    expect(await show()).toContain("netfile");
    rmSync(outside, { recursive: true });
  });
});

function partOf(name: string): string {
  return `--b\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\n\r\n${name}\r\n`;
}

describe("an upload", () => {
  test("gives the tag with which the next one replaces it, and no other", async () => {
    const created = await send(site, "PUT", "/new/sub/a.txt", { chunks: ["1"] });
    expect([created.status, created.fields.get("location")]).toEqual([201, "/new/sub/a.txt"]);
    const etag = created.fields.get("etag") ?? "";
    expect((await get(site, "/new/sub/a.txt")).fields.get("etag")).toBe(etag);
    const replace = { fields: { "If-Match": etag }, chunks: ["2"] };
    expect((await send(site, "PUT", "/new/sub/a.txt", replace)).status).toBe(204);
    expect((await send(site, "PUT", "/new/sub/a.txt", replace)).status).toBe(412);
    expect((await send(site, "PUT", "/new/sub/a.txt", { chunks: ["3"] })).status).toBe(409);
    expect(readFileSync(join(root, "new/sub/a.txt"), "utf8")).toBe("2");
  });

  test("replaces the version that a compressed answer named", async () => {
    writeFileSync(join(root, "a.txt"), "x".repeat(5000));
    const etag = (await get(site, "/a.txt", { "Accept-Encoding": "gzip" })).fields.get("etag") ?? "";
    expect(etag).toEndWith('-gz"');
    expect((await send(site, "PUT", "/a.txt", { fields: { "If-Match": etag }, chunks: ["2"] })).status).toBe(
      204,
    );
  });

  test("that is cut off, refused or wrong leaves no trace, not even a folder", async () => {
    const framing = { kind: "length", length: 5 } as const;
    const outcome = await respond(makeRequest("PUT", "/new/sub/a.txt", { framing }), site);
    if (outcome.kind !== "intake") throw new Error("Not an intake");
    outcome.receive(Buffer.from("half"));
    outcome.abort();
    const fields = { "Repr-Digest": `sha-256=:${Buffer.alloc(32).toString("base64")}:` };
    expect((await send(site, "PUT", "/new/b.txt", { fields, chunks: ["x"] })).status).toBe(400);
    const chunked = { framing: { kind: "chunked" }, chunks: ["x".repeat(1_000_001)] } as const;
    expect((await send(site, "PUT", "/new/c.txt", chunked)).status).toBe(413);
    expect(readdirSync(root)).toEqual([]);
  });

  test("of a form keeps every file apart from the others' names", async () => {
    const fields = { "Content-Type": "multipart/form-data; boundary=b" };
    const chunks = [`${partOf("a.txt")}${partOf("żółw.png")}--b--\r\n`];
    expect((await send(site, "POST", "/", { fields, chunks })).status).toBe(201);
    expect(readdirSync(root).sort()).toEqual(["a.txt", "żółw.png"]);
    expect((await send(site, "POST", "/", { fields, chunks })).status).toBe(409);
    expect(readdirSync(root).sort()).toEqual(["a.txt", "żółw.png"]);
  });
});

describe("sidecars and listings", () => {
  test("are found beside their file", async () => {
    writeFileSync(join(root, "a.txt"), "plain");
    writeFileSync(join(root, "a.txt.gz"), gzipSync("plain"));
    await Bun.sleep(Math.max(0, 15 - (Date.now() - statSync(join(root, "a.txt.gz")).ctimeMs)));
    const reply = await get(site, "/a.txt", { "Accept-Encoding": "gzip" });
    expect([reply.fields.get("content-encoding"), reply.length]).toEqual(["gzip", gzipSync("plain").length]);
  });

  test("show what the whitelist allows", async () => {
    for (const name of ["b.txt", "a.png", "c.exe", ".hidden.txt"]) writeFileSync(join(root, name), name);
    const reply = await get(site, "/", { Accept: "application/json" });
    expect(JSON.parse(reply.text).entries).toMatchObject([
      { name: "a.png", size: 5 },
      { name: "b.txt", size: 5 },
    ]);
  });
});

test("a file that shrinks while it is hashed for a trailer ends in an error, not in a clean end", async () => {
  writeFileSync(join(root, "a.png"), Buffer.alloc(500_000));
  const fields = { "Want-Repr-Digest": "sha-256=1", TE: "trailers" };
  const outcome = await respond(makeRequest("GET", "/a.png", { fields }), site);
  if (outcome.kind !== "reply" || outcome.body.kind !== "stream") throw new Error("Not a stream");
  const { stream } = outcome.body;
  await stream.next();
  truncateSync(join(root, "a.png"), 10);
  expect(() => {
    while (stream.next() !== undefined);
  }).toThrow("shorter");
  closeBody(outcome.body);
});

test("a file that is written over while it is hashed has no digest", async () => {
  const path = join(root, "a.png");
  const size = 20_000_000;
  writeFileSync(path, Buffer.alloc(size));
  await Bun.sleep(SETTLING_MS + 1);
  for (const changeAt of [undefined, 10_000_000]) {
    const found = openDiskStore(root).find(parseUrlPath("/a.png")!);
    if (found?.kind !== "file") throw new Error("No file");
    const { file } = found;
    let isChanged = false;
    const watched: ReadableFile = {
      read(target, position) {
        if (!isChanged && position > (changeAt ?? size)) {
          isChanged = true;
          const fd = openSync(path, "r+");
          writeSync(fd, "x");
          closeSync(fd);
        }
        return file.read(target, position);
      },
      isIntact: () => file.isIntact?.() !== false,
      close: () => file.close(),
    };
    const pieces = [{ kind: "slice", file: watched, position: 0, length: size }] as const;
    const digest = await hashPieces(pieces, "sha-256", EVERYBODY);
    expect([isChanged, digest === undefined]).toEqual([changeAt !== undefined, changeAt !== undefined]);
    file.close();
  }
});
