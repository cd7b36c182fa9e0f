/** One file over several connections: the same bytes, and a server that doesn't want it is left in peace. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { download, type DownloadOptions } from "../../src/client/download.ts";
import { Pace } from "../../src/client/pace.ts";
import type { Session } from "../../src/client/session.ts";
import { systemClock } from "../../src/base/clock.ts";
import { makeSession, makeTemporaryFolder, urlOn, type TemporaryFolder } from "../support/client-session.ts";
import {
  type HeardRequest,
  type HostileProxy,
  startHostileProxy,
  type Trick,
} from "../support/hostile-proxy.ts";
import { type RunningSite, startSite } from "../support/running-site.ts";

setDefaultTimeout(60_000);

function paceOf(mibPerS: number): Pace {
  return new Pace(mibPerS * 1024 * 1024, systemClock);
}

const content = randomBytes(24 * 1024 * 1024);
let site: RunningSite;
let folder: TemporaryFolder;
let session: Session;
let proxy: HostileProxy | undefined;
beforeEach(() => {
  site = startSite();
  writeFileSync(`${site.root}/a.txt`, content);
  folder = makeTemporaryFolder();
  session = makeSession();
});
afterEach(async () => {
  session.close();
  proxy?.stop();
  proxy = undefined;
  folder.remove();
  await site.stop();
});

function get(choose: (request: HeardRequest) => Trick, options: Partial<DownloadOptions> = {}) {
  proxy = startHostileProxy(site.port, choose);
  return download(session, {
    url: urlOn(proxy),
    destination: { kind: "path", path: folder.path },
    force: false,
    retries: 5,
    ...options,
  });
}

/** Without trailers the length is known from the beginning, so that the file can be divided at once. */
const known = {
  checksum: { algorithm: "sha-256", digest: new Bun.CryptoHasher("sha256").update(content).digest() },
} as const;
const saved = () => readFileSync(folder.at("a.txt"));

describe("download() over several connections", () => {
  test("-x 4 takes four, each with If-Range, and the whole is proven", async () => {
    const result = await get(() => ({}), { connections: 4, pace: paceOf(24), ...known });
    expect(result).toMatchObject({ connections: 4, proof: "sha-256", provenBy: "user" });
    expect(saved().equals(content)).toBe(true);
    const ranges = proxy?.requests.filter(({ range }) => range !== undefined) ?? [];
    expect(ranges.length).toBeGreaterThanOrEqual(3);
    for (const { head } of ranges) expect(head).toMatch(/^If-Range: "/m);
  });

  test.each<[string, (request: HeardRequest) => Trick, { readonly isDivided: boolean }]>([
    [
      "one that is cut is taken over",
      ({ index }) => (index === 2 ? { cutAfter: 500_000 } : {}),
      { isDivided: true },
    ],
    ["all are cut again and again", () => ({ cutAfter: 900_000 }), { isDivided: true }],
    [
      "further connections are refused",
      ({ range }) => (range === undefined ? {} : { answer: "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" }),
      { isDivided: true },
    ],
    [
      "further connections get another version",
      ({ range }) =>
        range === undefined ? {} : { response: (head) => head.replace(/^ETag: .*/m, 'ETag: "other"') },
      { isDivided: true },
    ],
    [
      "Range is not honoured",
      () => ({ request: (head) => head.replace(/^Range: .*\r\n/m, "") }),
      { isDivided: true },
    ],
    [
      "ranges are not offered",
      () => ({ response: (head) => head.replace(/^Accept-Ranges: .*\r\n/m, "") }),
      { isDivided: false },
    ],
  ])("%s: the right bytes all the same", async (_name, choose, { isDivided }) => {
    const result = await get(choose, { connections: 3, pace: paceOf(24), ...known });
    expect(saved().equals(content)).toBe(true);
    if (isDivided) expect(proxy?.requests.length).toBeGreaterThan(1);
    expect(result.receivedBytes).toBeLessThan(content.length * 1.5);
    expect(folder.names()).toEqual(["a.txt"]);
  });

  test("left to itself, it takes one on loopback", async () => {
    const result = await get(() => ({}), { connections: "auto", ...known });
    expect(result.connections).toBe(1);
    expect(proxy?.requests).toHaveLength(1);
  });

  test("left to itself, it takes more where each connection has its share, and proves the whole", async () => {
    const result = await get(() => ({}), { connections: "auto", pace: paceOf(6) });
    expect(result.connections).toBeGreaterThan(1);
    expect(result).toMatchObject({ proof: "sha-256", provenBy: "server" });
    expect(saved().equals(content)).toBe(true);
  }, 15_000);

  test("the rate is kept, over all connections together", async () => {
    const startMs = performance.now();
    await get(() => ({}), { connections: 3, pace: paceOf(16), ...known });
    expect(performance.now() - startMs).toBeGreaterThan(1200);
  });
});
