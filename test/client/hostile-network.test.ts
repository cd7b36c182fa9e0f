/**
 * Whatever the way between does: the right bytes or the right error, never a mix, and nothing under the name that isn't whole.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { download, type DownloadOptions } from "../../src/client/download.ts";
import type { TransferProgress } from "../../src/client/report.ts";
import type { Session } from "../../src/client/session.ts";
import {
  makeSession,
  makeTemporaryFolder,
  transferErrorOf,
  urlOn,
  type TemporaryFolder,
} from "../support/client-session.ts";
import {
  type HeardRequest,
  type HostileProxy,
  startHostileProxy,
  type Trick,
} from "../support/hostile-proxy.ts";
import { type RunningSite, startSite } from "../support/running-site.ts";

setDefaultTimeout(60_000);

const SIZE = 3 * 1024 * 1024 + 17;
const KIB = 1024;

let site: RunningSite;
let folder: TemporaryFolder;
let session: Session;
let proxy: HostileProxy | undefined;
let notices: string[];

beforeEach(() => {
  site = startSite();
  folder = makeTemporaryFolder();
  session = makeSession({ silenceMs: 400, stallWindowMs: 400 });
  notices = [];
  publish(makeContent(1));
});
afterEach(async () => {
  session.close();
  proxy?.stop();
  proxy = undefined;
  folder.remove();
  await site.stop();
});

function makeContent(seed: number, size = SIZE): Buffer {
  const content = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) content.writeUInt32LE((at * 2654435761 + seed) >>> 0, at);
  return content;
}

/** Puts a file on the server, as another version: by rename, as an editor would. */
function publish(content: Buffer): void {
  writeFileSync(`${site.root}/new.txt`, content);
  renameSync(`${site.root}/new.txt`, `${site.root}/a.txt`);
}

function get(choose: (request: HeardRequest) => Trick, options: Partial<DownloadOptions> = {}) {
  proxy ??= startHostileProxy(site.port, choose);
  return download(session, {
    url: urlOn(proxy),
    destination: { kind: "path", path: folder.path },
    force: false,
    retries: 3,
    onNotice: (text) => notices.push(text),
    ...options,
  });
}

const saved = () => readFileSync(folder.at("a.txt"));
const isFirst = ({ index }: HeardRequest) => index === 0;
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest();
/** Cuts the first answer, and then does this to the answers to ranges. */
const thenTo =
  (trick: Trick) =>
  (request: HeardRequest): Trick => {
    if (isFirst(request)) return { cutAfter: 1024 * KIB };
    return request.range === undefined ? {} : trick;
  };
const replace =
  (pattern: RegExp, text: string) =>
  (head: string): string => {
    expect(head).toMatch(pattern);
    return head.replace(pattern, text);
  };
const withoutDigest = (head: string) => head.replace(/^(Want-Repr-Digest|TE): .*\r\n/gim, "");

/** As servers do with parts of large files, whose digest only a HEAD is worth. */
const asDigestless = ({ head }: HeardRequest): Trick =>
  head.startsWith("HEAD ") ? {} : { request: withoutDigest };

const weakened = (head: string) =>
  head.replace(/^ETag: /m, "ETag: W/").replace(/^Last-Modified: .*\r\n/m, "");

/** A run that ends after 2 MiB; the proxy lets the next one pass, or does to it what is chosen. */
const interrupted = (choose: (request: HeardRequest) => Trick = () => ({})) =>
  transferErrorOf(
    get((request) => (isFirst(request) ? { cutAfter: 2048 * KIB } : choose(request)), {
      retries: 0,
      force: true,
    }),
  );

function partPath(extension: string): string {
  const name = folder.names().find((candidate) => candidate.endsWith(extension));
  return folder.at(name ?? "missing");
}

describe("download(): the right bytes come in the end", () => {
  test.each([
    ["nothing happens", () => ({})],
    ["each connection is cut after 200 kB", () => ({ cutAfter: 200_000 })],
    ["each connection is reset after 300 kB", () => ({ cutAfter: 300_000, isReset: true })],
    ["it stalls once", (request) => (isFirst(request) ? { stallAfter: 500_000 } : {})],
    ["it stalls after every MiB", () => ({ stallAfter: 1024 * KIB })],
    ["it drips once", (request) => (isFirst(request) ? { dripAfter: 700_000 } : {})],
    ["each answer comes late", () => ({ delayMs: 50, cutAfter: 1_500_000 })],
    ["a bit flips once", (request) => (isFirst(request) ? { request: withoutTrailers, flipAt: 1000 } : {})],
    [
      "the first answer is cut in its head",
      (request) => (isFirst(request) ? { answer: "HTTP/1.1 200 OK\r\nCont" } : {}),
    ],
    ["the first connection is closed at once", (request) => (isFirst(request) ? { answer: "" } : {})],
    [
      "503 with Retry-After",
      (request) => (request.index < 2 ? { answer: refusal(503, "Retry-After: 0\r\n") } : {}),
    ],
    [
      "503 amid a file",
      (request) => [{ cutAfter: 9000 }, { answer: refusal(503, "Retry-After: 0\r\n") }][request.index] ?? {},
    ],
    ["429 without Retry-After", (request) => (isFirst(request) ? { answer: refusal(429) } : {})],
    [
      "Range is never honoured",
      ({ index }) => ({
        request: (head) => head.replace(/^Range: .*\r\n/m, ""),
        ...(index === 0 ? { cutAfter: 9000 } : {}),
      }),
    ],
    ["a 206 of another tag", thenTo({ response: replace(/^ETag: .*\r\n/m, 'ETag: "other"\r\n') })],
    ["a 206 without a tag", thenTo({ response: replace(/^ETag: .*\r\n/m, "") })],
    ["a 206 with a weak tag", thenTo({ response: replace(/^ETag: /m, "ETag: W/") })],
    [
      "a 206 of another part",
      thenTo({ response: replace(/^Content-Range: bytes \d+/m, "Content-Range: bytes 7") }),
    ],
    ["a 206 of another total", thenTo({ response: replace(/^(Content-Range: .*)\/\d+/m, "$1/9999999") })],
    ["a 206 of an unknown total", thenTo({ response: replace(/^(Content-Range: .*)\/\d+/m, "$1/*") })],
    ["a 206 without Content-Range", thenTo({ response: replace(/^Content-Range: .*\r\n/m, "") })],
    [
      "a 206 in another unit",
      thenTo({ response: replace(/^Content-Range: bytes/m, "Content-Range: lines") }),
    ],
    [
      "a 206 called multipart",
      thenTo({ response: replace(/^Content-Type: .*/m, "Content-Type: multipart/byteranges; boundary=x") }),
    ],
    [
      "a 206 in a coding",
      thenTo({ response: replace(/^Content-Type: /m, "Content-Encoding: gzip\r\nContent-Type: ") }),
    ],
    [
      "a 206 that is shorter than it says",
      thenTo({ response: replace(/^Content-Length: \d+/m, "Content-Length: 99") }),
    ],
    ["a 416 of another length", thenTo({ answer: refusal(416, "Content-Range: bytes */12\r\n") })],
    ["a 416 without a length", thenTo({ answer: refusal(416) })],
    [
      "a 206 to a server's surprise ends sooner",
      ({ index }) =>
        index === 0
          ? { cutAfter: 9000 }
          : {
              request: replace(/^Range: bytes=(\d+)-\r/m, "Range: bytes=$1-2000000\r"),
              ...(index > 1 ? { request: (head: string) => head } : {}),
            },
    ],
  ] satisfies [string, (request: HeardRequest) => Trick][])(
    "%s",
    async (_name, choose) => {
      const result = await get(choose);
      expect(result).toMatchObject({ bodyBytes: SIZE, proof: "sha-256", provenBy: "server" });
      expect(saved().equals(makeContent(1))).toBe(true);
      expect(folder.names()).toEqual(["a.txt"]);
    },
    15_000,
  );

  test.each(["tag", "date"])(
    "a file that changes in between, to one as long, is not mixed (by %s)",
    async (kind) => {
      const tagless = (head: string) =>
        kind === "tag"
          ? head
          : head
              .replace(/^ETag: .*\r\n/m, "")
              .replace(/^Last-Modified: .*/m, "Last-Modified: Fri, 02 Jan 2026 03:04:05 GMT");
      const result = await get((request) => {
        if (request.index === 1) publish(makeContent(2));
        if (request.index > 0)
          return { response: (head) => tagless(head).replace("Fri, 02 Jan", "Sat, 03 Jan") };
        return { cutAfter: 1024 * KIB, response: tagless };
      });
      expect(saved().equals(makeContent(2))).toBe(true);
      expect(result.proof).toBe("sha-256");
      expect(notices.join("\n")).toMatch(/has changed/);
    },
  );

  test("a file that changes and a cache that ignores If-Range: begun again, not mixed", async () => {
    await get(({ index }) => {
      if (index === 1) publish(makeContent(2));
      if (index > 0) return { request: (head) => head.replace(/^If-Range: .*\r\n/m, "") };
      return { cutAfter: 1024 * KIB };
    });
    expect(saved().equals(makeContent(2))).toBe(true);
    expect(notices.join("\n")).toContain("the file there has changed; beginning again");
  });

  test("without a strong validator it begins again, and says so", async () => {
    const result = await get(({ index }) => ({
      response: weakened,
      ...(index === 0 ? { cutAfter: 1024 * KIB } : {}),
    }));
    expect(result.attempts).toBe(2);
    expect(notices.join("\n")).toContain("from the beginning, since the server gives no strong ETag");
    expect(proxy?.requests.every(({ range }) => range === undefined)).toBe(true);
    expect(saved().equals(makeContent(1))).toBe(true);
  });

  test("a server that cuts each MiB still delivers 100 MiB, and less than 5 % is sent twice", async () => {
    const content = makeContent(3, 100 * 1024 * KIB);
    publish(content);
    await get(() => ({ cutAfter: 1024 * KIB }));
    expect(sha256(saved()).equals(sha256(content))).toBe(true);
    expect(proxy?.bodyBytes).toBeLessThan(content.length * 1.05);
  }, 60_000);
});

describe("download(): or the right error, and nothing under the name", () => {
  test.each([
    ["bits that always flip", () => ({ request: withoutTrailers, flipAt: 1000 }), { phase: "verify" }],
    ["a server that never gives more than a byte", () => ({ cutAfter: 1 }), { phase: "receive" }],
    [
      "a length that is too long",
      () => ({
        request: withoutDigest,
        response: replace(/^Content-Length: .*/m, "Content-Length: 9999999"),
      }),
      { phase: "receive" },
    ],
    [
      "404 amid a file",
      (request) => (isFirst(request) ? { cutAfter: 9000 } : { answer: refusal(404) }),
      { phase: "answer", status: 404 },
    ],
    [
      "503 for ever",
      () => ({ answer: refusal(503, "Retry-After: 0\r\n") }),
      { phase: "answer", status: 503 },
    ],
    [
      "a Retry-After that is too far away",
      () => ({ answer: refusal(503, "Retry-After: 86400\r\n") }),
      { phase: "answer", status: 503 },
    ],
    [
      "no HTTP amid a file",
      (request) => (isFirst(request) ? { cutAfter: 9000 } : { answer: "garbage\r\n\r\n" }),
      { phase: "protocol" },
    ],
  ] satisfies [string, (request: HeardRequest) => Trick, object][])(
    "%s",
    async (_name, choose, error) => {
      expect(await transferErrorOf(get(choose, { retries: 2 }))).toMatchObject(error);
      expect(existsSync(folder.at("a.txt"))).toBe(false);
      expect(proxy?.requests.length).toBeLessThan(9);
    },
    15_000,
  );

  test("a length that is too short is caught by the digest", async () => {
    const failing = get(() => ({
      request: withoutTrailers,
      response: replace(/^Content-Length: .*/m, "Content-Length: 1000000"),
    }));
    expect(await transferErrorOf(failing)).toMatchObject({ phase: "verify" });
    expect(folder.names()).toEqual([]);
  });

  test("a bit that flips in a resumed part is caught, too", async () => {
    const error = await transferErrorOf(
      get(({ index }) => (index === 0 ? { cutAfter: 9000 } : { flipAt: 5 }), { retries: 1 }),
    );
    expect(error.phase).toBe("verify");
    expect(folder.names()).toEqual([]);
  });
});

describe("download(): the next run goes on", () => {
  test("with what is on the disk, and proves the whole", async () => {
    const { keptBytes } = await interrupted();
    expect(keptBytes).toBeGreaterThan(2040 * KIB);
    expect(existsSync(folder.at("a.txt"))).toBe(false);
    const result = await get(() => ({}));
    expect(result).toMatchObject({
      resumedBytes: keptBytes,
      receivedBytes: SIZE - keptBytes,
      provenBy: "server",
    });
    expect(saved().equals(makeContent(1))).toBe(true);
    expect(folder.names()).toEqual(["a.txt"]);
  });

  test("and asks for the digest of what came in pieces", async () => {
    await interrupted(asDigestless);
    const waits: unknown[] = [];
    const onProgress = ({ waitsFor }: TransferProgress) => waits.push(waitsFor);
    const result = await get(() => ({}), { onProgress });
    expect(result).toMatchObject({ proof: "sha-256", provenBy: "server" });
    expect(waits.filter((what) => what !== undefined)).toEqual(["digest", "check", "disk"]);
  });

  test("and goes without one where the server has none", async () => {
    await interrupted(() => ({ request: withoutDigest }));
    const result = await get(() => ({}));
    expect(result).toMatchObject({ proof: "length", provenBy: undefined });
    expect(saved().equals(makeContent(1))).toBe(true);
  });

  test("and what was spoilt meanwhile is found out by that digest", async () => {
    await interrupted(asDigestless);
    const part = readFileSync(partPath(".part"));
    part[5]! ^= 1;
    writeFileSync(partPath(".part"), part);
    expect((await get(() => ({}))).attempts).toBe(2);
    expect(saved().equals(makeContent(1))).toBe(true);
  });

  test("and hears who ends it while the digest is waited for", async () => {
    const interruption = new AbortController();
    await interrupted((request) => {
      if (!request.head.startsWith("HEAD ")) return asDigestless(request);
      interruption.abort();
      return { delayMs: 300 };
    });
    const ending = get(() => ({}), { signal: interruption.signal });
    expect(await transferErrorOf(ending)).toMatchObject({ keptBytes: SIZE });
    expect(existsSync(folder.at("a.txt"))).toBe(false);
  });

  test("but not with another version", async () => {
    await interrupted();
    publish(makeContent(2));
    expect(await get(() => ({}))).toMatchObject({ resumedBytes: 0, receivedBytes: SIZE });
    expect(saved().equals(makeContent(2))).toBe(true);
  });

  test("but not with a part file that is shorter than the journal says, or whose journal is none", async () => {
    const damages = [
      () => writeFileSync(partPath(".part"), "short"),
      () => writeFileSync(partPath(".journal"), "{"),
      () =>
        writeFileSync(
          partPath(".journal"),
          readFileSync(partPath(".journal"), "utf8").replace(/"url":"[^"]*"/, '"url":"http://x/"'),
        ),
    ];
    for (const damage of damages) {
      proxy?.stop();
      proxy = undefined;
      await interrupted();
      damage();
      expect((await get(() => ({}), { force: true })).resumedBytes).toBe(0);
      expect(saved().equals(makeContent(1))).toBe(true);
    }
  });

  test("a part that was spoilt on the disk is caught by the digest and fetched again", async () => {
    await interrupted();
    const part = readFileSync(partPath(".part"));
    part[5]! ^= 1;
    writeFileSync(partPath(".part"), part);
    expect((await get(() => ({}))).attempts).toBe(2);
    expect(saved().equals(makeContent(1))).toBe(true);
  });

  test("416 with the length that is there is done", async () => {
    await interrupted();
    const size = statSync(partPath(".part")).size;
    publish(makeContent(1));
    const journal = JSON.parse(readFileSync(partPath(".journal"), "utf8")) as Record<string, unknown>;
    writeFileSync(partPath(".journal"), JSON.stringify({ ...journal, totalBytes: size }));
    proxy?.stop();
    const text = readFileSync(partPath(".part"));
    proxy = undefined;
    const url = (journal["url"] as string).match(/:(\d+)/)?.[1];
    expect(Number(url)).toBeGreaterThan(0);
    // The journal is of the proxy's address: the same port answers with 416 now.
    const other = startHostileProxyOn(Number(url), {
      answer: refusal(416, `Content-Range: bytes */${size}\r\n`),
    });
    proxy = other;
    const result = await get(() => ({}));
    expect(result).toMatchObject({ bodyBytes: size, receivedBytes: 0, proof: "length" });
    expect(saved().equals(text)).toBe(true);
  });
});

const withoutTrailers = (head: string) => head.replace(/^TE: .*\r\n/m, "").replace("close, TE", "close");

function refusal(status: number, fields = ""): string {
  return `HTTP/1.1 ${status} No\r\n${fields}Content-Length: 0\r\nConnection: close\r\n\r\n`;
}

function startHostileProxyOn(port: number, trick: Trick): HostileProxy {
  return startHostileProxy(site.port, () => trick, port);
}
