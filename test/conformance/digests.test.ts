/** RFC 9530 over a socket: digests that are asked for, digests that are sent along, and the fields of RFC 3230 before it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DIGITS, JudgedSite, LONG_TEXT, RULER, UPLOADS } from "../support/judged-site.ts";

let site: JudgedSite;
beforeAll(async () => {
  site = await JudgedSite.start({ policy: UPLOADS });
});
afterAll(() => site.stop());

type Algorithm = "sha-256" | "sha-512";

function base64(content: string | Uint8Array, algorithm: Algorithm = "sha-256"): string {
  return createHash(algorithm.replace("-", "")).update(content).digest("base64");
}

function field(content: string | Uint8Array, algorithm: Algorithm = "sha-256"): string {
  return `${algorithm}=:${base64(content, algorithm)}:`;
}

/** What the upload has left, and that it left nothing else. */
function left(): string | undefined {
  const path = join(site.root, "up.txt");
  const text = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  rmSync(path, { force: true });
  expect(readdirSync(site.root).filter((name) => name.startsWith(".netfile"))).toEqual([]);
  return text;
}

describe("Want-Repr-Digest and Want-Content-Digest (§4)", () => {
  test.each([
    ["sha-256=1", "sha-256"],
    ["sha-256=10", "sha-256"],
    ["sha-512=1", "sha-512"],
    ["sha-512=3, sha-256=10", "sha-256"],
    ["sha-512=10, sha-256=3", "sha-512"],
    ["sha-512=3, sha-256=10, unixsum=0", "sha-256"],
    ["sha-512=1, sha-256=0", "sha-512"],
    ["md5=10, sha-256=1", "sha-256"],
    ["sha-256=1;x=y", "sha-256"],
    ["sha-256=0", undefined],
    ["sha-256=11", undefined],
    ["sha-256=-1", undefined],
    ["sha-256", undefined],
    ["sha-256=0.5", undefined],
    ["sha-256=abc", undefined],
    ["md5=1", undefined],
    ["unixcksum=10, crc32c=5", undefined],
    ["SHA-256=1", undefined],
    ["", undefined],
    ["=,=", undefined],
    ["sha-256=1, =", undefined],
  ] as readonly (readonly [string, Algorithm | undefined])[])("%p gets %p", async (want, algorithm) => {
    const repr = await site.get("/ruler.txt", `Want-Repr-Digest: ${want}`);
    expect(repr.status).toBe(200);
    expect(repr.fields.get("repr-digest")).toBe(algorithm && field(RULER, algorithm));
    expect(repr.fields.has("content-digest")).toBe(false);
    const content = await site.get("/ruler.txt", `Want-Content-Digest: ${want}`);
    expect(content.fields.get("content-digest")).toBe(algorithm && field(RULER, algorithm));
    expect(content.fields.has("repr-digest")).toBe(false);
  });

  test("nothing is said that nobody asked for", async () => {
    const { fields } = await site.get("/ruler.txt");
    for (const name of ["repr-digest", "content-digest", "digest"]) expect(fields.has(name)).toBe(false);
  });

  test("§3: Repr-Digest beside a part is that of the whole, Content-Digest that of the part", async () => {
    const { status, fields } = await site.get(
      "/ruler.txt",
      "Range: bytes=10-19",
      "Want-Repr-Digest: sha-256=1",
      "Want-Content-Digest: sha-512=1",
    );
    expect(status).toBe(206);
    expect(fields.get("repr-digest")).toBe(field(RULER));
    expect(fields.get("content-digest")).toBe(field(RULER.slice(10, 20), "sha-512"));
  });

  test("§2: Content-Digest of several parts is that of the multipart", async () => {
    const { fields, body } = await site.get(
      "/ruler.txt",
      "Range: bytes=0-0,-1",
      "Want-Content-Digest: sha-256=1",
      "Want-Repr-Digest: sha-256=1",
    );
    expect(fields.get("content-digest")).toBe(field(body));
    expect(fields.get("repr-digest")).toBe(field(RULER));
  });

  test("§B.2: HEAD says Repr-Digest of what GET would send", async () => {
    const { fields } = await site.ask("HEAD", "/ruler.txt", "Want-Repr-Digest: sha-256=1");
    expect(fields.get("repr-digest")).toBe(field(RULER));
  });

  test("§3: the digest of a coding is that of the coded bytes", async () => {
    const { fields, body } = await site.get(
      "/coded.txt",
      "Accept-Encoding: br",
      "Want-Repr-Digest: sha-256=1",
      "Want-Content-Digest: sha-256=1",
    );
    expect(fields.get("content-encoding")).toBe("br");
    expect(fields.get("repr-digest")).toBe(field(body));
    expect(fields.get("content-digest")).toBe(field(body));
  });

  test("§3: what would be compressed on the fly is sent as it is, with its digest", async () => {
    const { fields, body } = await site.get(
      "/long.txt",
      "Accept-Encoding: gzip",
      "Want-Repr-Digest: sha-256=1",
    );
    expect(fields.has("content-encoding")).toBe(false);
    expect(body.toString()).toBe(LONG_TEXT);
    expect(fields.get("repr-digest")).toBe(field(LONG_TEXT));
  });

  test("§3: an empty file has a digest too", async () => {
    const { fields } = await site.get("/empty.txt", "Want-Repr-Digest: sha-256=1");
    expect(fields.get("repr-digest")).toBe("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
  });

  test("§4: wishes at what is no file are passed over", async () => {
    for (const target of ["/", "/missing.txt", "/sub", "/tool.exe"]) {
      const { status } = await site.get(
        target,
        "Want-Repr-Digest: sha-256=1",
        "Want-Content-Digest: sha-256=1",
      );
      expect(status).toBe((await site.get(target)).status);
    }
  });
});

describe("trailers (§6.5 of RFC 9110)", () => {
  test("a digest that isn't known yet follows the content, where trailers are taken", async () => {
    const fresh = await JudgedSite.start();
    const answer = await fresh.get(
      "/ruler.txt",
      "TE: trailers",
      "Connection: TE",
      "Want-Repr-Digest: sha-256=1",
      "Want-Content-Digest: sha-512=1",
    );
    expect(answer.body.toString()).toBe(RULER);
    expect(answer.fields.get("transfer-encoding")).toBe("chunked");
    expect(answer.fields.get("trailer")).toBe("Repr-Digest, Content-Digest");
    expect(answer.trailers.get("repr-digest")).toBe(field(RULER));
    expect(answer.trailers.get("content-digest")).toBe(field(RULER, "sha-512"));
    const again = await fresh.get(
      "/ruler.txt",
      "TE: trailers",
      "Connection: TE",
      "Want-Repr-Digest: sha-256=1",
    );
    expect(again.fields.get("repr-digest")).toBe(field(RULER));
    expect(again.fields.get("content-length")).toBe("1000");
    await fresh.stop();
  });

  test("without TE the digest goes ahead", async () => {
    const fresh = await JudgedSite.start();
    const answer = await fresh.get("/ruler.txt", "Want-Repr-Digest: sha-256=1");
    expect(answer.fields.get("repr-digest")).toBe(field(RULER));
    expect(answer.trailers.size).toBe(0);
    await fresh.stop();
  });

  test("HTTP/1.0 gets no trailers", async () => {
    const fresh = await JudgedSite.start();
    const { answers } = await fresh.say(
      "GET /ruler.txt HTTP/1.0\r\nTE: trailers\r\nWant-Repr-Digest: sha-256=1\r\n\r\n",
    );
    expect(answers[0]!.fields.get("repr-digest")).toBe(field(RULER));
    await fresh.stop();
  });
});

describe("Want-Digest (RFC 3230)", () => {
  test.each([
    ["SHA-256", true],
    ["sha-256", true],
    ["SHA-256;q=0.5, SHA;q=1", true],
    ["md5, sha-256", true],
    ["SHA-256;q=0", false],
    ["MD5", false],
    ["", false],
  ])("%p", async (want, isSaid) => {
    const { fields } = await site.get("/ruler.txt", `Want-Digest: ${want}`);
    expect(fields.get("digest")).toBe(isSaid ? `SHA-256=${base64(RULER)}` : undefined);
  });

  test("§4.3.2: Digest beside a part is that of the whole", async () => {
    const { fields, status } = await site.get("/ruler.txt", "Want-Digest: SHA-256", "Range: bytes=0-1");
    expect([status, fields.get("digest")]).toEqual([206, `SHA-256=${base64(RULER)}`]);
  });
});

describe("uploads (§2, §3)", () => {
  const RIGHT = field(DIGITS);
  const WRONG = field("other");

  test.each([
    ["Content-Digest", `Content-Digest: ${RIGHT}`],
    ["Repr-Digest", `Repr-Digest: ${RIGHT}`],
    ["sha-512", `Content-Digest: ${field(DIGITS, "sha-512")}`],
    ["both algorithms", `Content-Digest: ${RIGHT}, ${field(DIGITS, "sha-512")}`],
    ["both fields", `Content-Digest: ${RIGHT}\r\nRepr-Digest: ${RIGHT}`],
    ["the legacy field", `Digest: SHA-256=${base64(DIGITS)}`],
    ["the legacy field in small letters", `digest: sha-256=${base64(DIGITS)}`],
    ["an algorithm that nobody knows", "Content-Digest: md5=:AAAA:"],
    ["a legacy algorithm that nobody knows", "Digest: MD5=AAAA"],
  ])("a digest that matches is taken: %s", async (_title, fields) => {
    expect((await site.put("PUT", "/up.txt", DIGITS, fields)).status).toBe(201);
    expect(left()).toBe(DIGITS);
  });

  test.each([
    ["Content-Digest of something else", `Content-Digest: ${WRONG}`],
    ["Repr-Digest of something else", `Repr-Digest: ${WRONG}`],
    ["sha-512 of something else", `Content-Digest: ${field("other", "sha-512")}`],
    ["one right, one wrong", `Content-Digest: ${RIGHT}, ${field("other", "sha-512")}`],
    ["one field right, one wrong", `Content-Digest: ${RIGHT}\r\nRepr-Digest: ${WRONG}`],
    ["the legacy field of something else", `Digest: SHA-256=${base64("other")}`],
    ["a digest that is too short", "Content-Digest: sha-256=:AAAA:"],
    ["a digest that is no byte sequence", `Content-Digest: sha-256=${base64(DIGITS)}`],
    ["a digest without its colon", `Content-Digest: sha-256=:${base64(DIGITS)}`],
    ["no dictionary", "Content-Digest: :=:"],
    ["an empty digest", "Content-Digest: sha-256=::"],
    ["a legacy digest that is none", "Digest: SHA-256=!"],
  ])("%s: 400 and nothing saved", async (_title, fields) => {
    expect((await site.put("PUT", "/up.txt", DIGITS, fields)).status).toBe(400);
    expect(left()).toBeUndefined();
  });

  test("a digest that doesn't match leaves the old file", async () => {
    await site.put("PUT", "/up.txt", "before");
    expect((await site.put("PUT", "/up.txt", DIGITS, `Content-Digest: ${WRONG}`)).status).toBe(400);
    expect(left()).toBe("before");
  });

  test.each([
    ["a right one", RIGHT, 201],
    ["a wrong one", WRONG, 400],
  ])("a digest in the trailers: %s", async (_title, value, status) => {
    const { statuses } = await site.say(
      `PUT /up.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Digest\r\n\r\na\r\n${DIGITS}\r\n0\r\nContent-Digest: ${value}\r\n\r\n`,
    );
    expect(statuses).toEqual([status]);
    expect(left()).toBe(status === 201 ? DIGITS : undefined);
  });
});
