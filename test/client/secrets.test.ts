/**
 * What the user says to one server is told to nobody else, and what a server says decides nothing on this machine: the
 * client's rows of the advisories.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { download, type DownloadOptions } from "../../src/client/download.ts";
import { parseRemoteUrl, UrlError } from "../../src/client/origin.ts";
import { readRemoteTree } from "../../src/client/remote-tree.ts";
import type { TransferProgress } from "../../src/client/report.ts";
import type { ProxyFor, Session } from "../../src/client/session.ts";
import {
  makeSession,
  makeTemporaryFolder,
  transferErrorOf,
  urlOn,
  type TemporaryFolder,
} from "../support/client-session.ts";
import {
  cut,
  hear,
  say,
  type ScriptedServer,
  startScriptedServer,
  type Step,
} from "../support/scripted-server.ts";

const SECRET: NonNullable<DownloadOptions["ownFields"]> = [
  ["Authorization", "Basic c2VjcmV0"],
  ["X-Own", "mine"],
];

let folder: TemporaryFolder;
let session: Session;
let servers: ScriptedServer[];
beforeEach(() => {
  folder = makeTemporaryFolder();
  session = makeSession();
  servers = [];
});
afterEach(() => {
  session.close();
  for (const server of servers) server.stop();
  folder.remove();
});

function serve(...scripts: (readonly Step[])[]): ScriptedServer {
  const server = startScriptedServer(scripts);
  servers.push(server);
  return server;
}

const destinationOf = (kind: string): DownloadOptions["destination"] =>
  kind === "path" ? { kind, path: folder.path } : { kind: "consumer", consume: () => {} };
const ok = (body: string, fields = "") =>
  say(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`);
const redirect = (location: string) =>
  say(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);

function get(server: ScriptedServer, options: Partial<DownloadOptions> = {}) {
  return download(session, {
    url: urlOn(server),
    destination: { kind: "path", path: folder.path },
    force: false,
    ownFields: SECRET,
    ...options,
  });
}

const digest = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest("base64");
const sha512Of = (text: string) =>
  ({ algorithm: "sha-512", digest: new Bun.CryptoHasher("sha512").update(text).digest() }) as const;
const headWith = (fields: string) => say(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n${fields}\r\n`);
/** "hello", and then the digest of `text`. */
const chunked = (text: string) =>
  say(
    `HTTP/1.1 200 OK\r\nTrailer: Repr-Digest\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nRepr-Digest: sha-256=:${new Bun.CryptoHasher("sha256").update(text).digest("base64")}:\r\n\r\n`,
  );

describe("credentials and own fields", () => {
  test("CVE-2022-27776, CVE-2021-31879: are dropped when the port changes", async () => {
    const stranger = serve([hear, ok("x")]);
    const second = serve([hear, redirect(`http://127.0.0.1:${stranger.port}/y`)]);
    const from = serve([hear, redirect(`http://127.0.0.1:${second.port}/x`)]);
    await get(from);
    expect(from.received[0]).toContain("Authorization: Basic c2VjcmV0\r\nX-Own: mine");
    for (const server of [second, stranger]) {
      expect(server.received.join("")).toContain("GET /");
      expect(server.received.join("")).not.toMatch(/Authorization|X-Own/);
    }
  });

  test("CVE-2022-27776: are dropped when the host changes, even to another name of the same machine", async () => {
    const target = serve([hear, ok("x")]);
    await get(serve([hear, redirect(`http://localhost:${target.port}/x`)]));
    expect(target.received.join("")).toContain("GET /x");
    expect(target.received.join("")).not.toContain("Authorization");
  });

  test("go along to the same server", async () => {
    const server = serve([hear, redirect("/b.txt"), hear, ok("x")]);
    await get(server);
    expect(server.received[0]?.match(/Authorization: /g)).toHaveLength(2);
  });

  test("CVE-2021-22876, CVE-2018-20483: are in no other field, no file and no error", async () => {
    const server = serve([
      hear,
      say('HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 2000\r\n\r\n' + "x".repeat(1500)),
      cut,
    ]);
    const error = await transferErrorOf(get(server));
    expect(error.keptBytes).toBe(1500);
    expect(server.received.join("")).not.toMatch(/Referer|Cookie/i);
    const kept = readdirSync(folder.path).map(
      (name) => `${name}\n${readFileSync(folder.at(name), "latin1")}`,
    );
    expect(`${kept.join("\n")}${error.message}${String(error.stack)}`).not.toMatch(/c2VjcmV0|mine/);
  });

  test.each(["http://user:pass@h/a", "http://user@h/a", "http://h%2Fb/", "http://a%2Fb@h/"])(
    "CVE-2021-22876, CVE-2022-27780: %s is no URL to begin with",
    (url) => {
      expect(() => parseRemoteUrl(url)).toThrow(UrlError);
    },
  );
});

const through =
  (proxy: ScriptedServer, authorization?: string): ProxyFor =>
  (origin) =>
    origin.host === "direct.invalid"
      ? undefined
      : { origin: { scheme: "http", host: "127.0.0.1", port: proxy.port }, authorization };

describe("a proxy", () => {
  test("gets the absolute-form with the server's Host (RFC 9112 §3.2.2), and its own credentials", async () => {
    const proxy = serve([hear, ok("x")]);
    session = makeSession({ proxyFor: through(proxy, "Basic cHJveHk=") });
    await get(proxy, { url: parseRemoteUrl("http://example.invalid:81/a.txt?q") });
    const [head = ""] = proxy.received;
    expect(head).toStartWith(
      "GET http://example.invalid:81/a.txt?q HTTP/1.1\r\nHost: example.invalid:81\r\n",
    );
    expect(head).toContain("Proxy-Authorization: Basic cHJveHk=\r\n");
  });

  test("is left out where it should be, and then gets no credentials", async () => {
    const proxy = serve([hear, ok("x")]);
    session = makeSession({ proxyFor: through(proxy) });
    const url = parseRemoteUrl("http://direct.invalid/a.txt");
    expect((await transferErrorOf(get(proxy, { url }))).phase).toBe("resolve");
    expect(proxy.received).toEqual([]);
  });
});

describe("the family of addresses", () => {
  test.each([
    [4, "::1"],
    [6, "127.0.0.1"],
  ] as const)("IPv%d alone does not lead to %s", async (family, host) => {
    session = makeSession({ family });
    const url = { origin: { scheme: "http", host, port: 9 }, target: "/a" } as const;
    const error = await transferErrorOf(get(serve([]), { url }));
    expect(error).toMatchObject({ phase: "resolve", isRetryable: false });
  });
});

const SAME_DATE = "Last-Modified: Sat, 21 Nov 2026 12:00:00 GMT\r\n";
const leaveFile = (text: string) => {
  writeFileSync(folder.at("a.txt"), text);
  utimesSync(folder.at("a.txt"), new Date(), new Date("2026-11-21T12:00:00.7Z"));
};

describe("what is there already", () => {
  test("is not fetched again when the server's digest proves it", async () => {
    writeFileSync(folder.at("a.txt"), "hello");
    const server = serve([hear, headWith(`Repr-Digest: sha-256=:${digest("hello")}:\r\n`)]);
    const waits: unknown[] = [];
    const onProgress = ({ waitsFor }: TransferProgress) => waits.push(waitsFor);
    expect(await get(server, { onProgress })).toMatchObject({
      isUnchanged: true,
      receivedBytes: 0,
      proof: "sha-256",
      provenBy: "server",
    });
    expect(waits).toEqual(["digest", "check"]);
    expect(server.received).toHaveLength(1);
  });

  test("nor when the user's does", async () => {
    writeFileSync(folder.at("a.txt"), "hello");
    const checksum = { algorithm: "sha-256", digest: Buffer.from(digest("hello"), "base64") } as const;
    expect(await get(serve([hear, headWith("")]), { checksum })).toMatchObject({
      isUnchanged: true,
      provenBy: "user",
    });
  });

  test.each([
    ["the digest differs", `Repr-Digest: sha-256=:${digest("hellO")}:\r\n`],
    ["there is neither digest nor date", 'ETag: "x"\r\n'],
    ["the date is another one", "Last-Modified: Sat, 21 Nov 2020 12:00:00 GMT\r\n"],
    [
      "the digest differs, though the date is the same",
      `${SAME_DATE}Repr-Digest: sha-256=:${digest("hellO")}:\r\n`,
    ],
    ["it is of a coding", `Content-Encoding: gzip\r\nRepr-Digest: sha-256=:${digest("hello")}:\r\n`],
  ])("is refused as before when %s", async (_name, fields) => {
    leaveFile("hello");
    expect((await transferErrorOf(get(serve([hear, headWith(fields)])))).phase).toBe("exists");
  });

  test("is taken for the server's by its size and date where there is no digest, as get -r does", async () => {
    leaveFile("hello");
    const server = serve([hear, headWith(SAME_DATE)]);
    expect(await get(server)).toMatchObject({ isUnchanged: true, proof: "date", provenBy: undefined });
    expect(server.received).toHaveLength(1);
  });

  test.each([
    ["its size is another one", "hello!", {}],
    ["a digest is required", "hello", { requireDigest: true }],
    ["the user's digest differs", "hello", { checksum: sha512Of("hellO") }],
  ])("is not taken for that when %s", async (_name, text, options) => {
    leaveFile(text);
    expect((await transferErrorOf(get(serve([hear, headWith(SAME_DATE)]), options))).phase).toBe("exists");
  });

  test("CVE-2014-4877: a link under the name is not followed when it is replaced", async () => {
    writeFileSync(folder.at("victim"), "mine");
    symlinkSync(folder.at("victim"), folder.at("a.txt"));
    await get(serve([hear, ok("new")]), { force: true });
    expect(readFileSync(folder.at("victim"), "utf8")).toBe("mine");
    expect(readFileSync(folder.at("a.txt"), "utf8")).toBe("new");
  });
});

describe("what the user requires", () => {
  test("--checksum proves by the user, whatever the server says", async () => {
    const result = await get(serve([hear, ok("hello")]), { checksum: sha512Of("hello") });
    expect(result).toMatchObject({ proof: "sha-512", provenBy: "user" });
  });

  test.each(["path", "consumer"])(
    "--checksum that differs: verify, and nothing is saved (%s)",
    async (kind) => {
      const destination = destinationOf(kind);
      const failing = get(serve([hear, ok("hellO")]), {
        checksum: sha512Of("hello"),
        retries: 5,
        destination,
      });
      expect(await transferErrorOf(failing)).toMatchObject({ phase: "verify", isRetryable: false });
      expect(folder.names()).toEqual([]);
    },
  );

  test.each(["path", "consumer"])("--require-digest: a server without one is refused (%s)", async (kind) => {
    const destination = destinationOf(kind);
    const error = await transferErrorOf(
      get(serve([hear, ok("hello")]), { requireDigest: true, destination }),
    );
    expect(error.phase).toBe("verify");
    expect(folder.names()).toEqual([]);
  });

  test.each(["path", "consumer"])(
    "a digest behind the content is checked (RFC 9110 §6.5, %s)",
    async (kind) => {
      const destination = destinationOf(kind);
      const server = serve([hear, chunked("hello"), hear, chunked("hellO")]);
      expect(await get(server, { destination })).toMatchObject({ proof: "sha-256", provenBy: "server" });
      expect(server.received[0]).toMatch(/TE: trailers\r\n(.*\r\n)*Connection: TE\r\n/);
      expect((await transferErrorOf(get(server, { destination, force: true }))).phase).toBe("verify");
    },
  );

  test("the file gets the server's time", async () => {
    await get(serve([hear, ok("x", "Last-Modified: Fri, 02 Jan 2026 03:04:05 GMT\r\n")]));
    expect(Bun.file(folder.at("a.txt")).lastModified).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
  });
});

test("the files of a folder that is on another server are asked for without what was said to the first", async () => {
  session.close();
  session = makeSession({ ownFieldsFor: () => SECRET });
  const listing = (entries: string) =>
    ok(`{"path":"/","entries":[${entries}]}`, "Content-Type: application/json\r\n");
  const other = serve([
    hear,
    listing('{"name":"sub","kind":"folder"},{"name":"a.txt","kind":"file","size":1}'),
    hear,
    listing(""),
    hear,
    ok("a"),
  ]);
  const first = serve([hear, redirect(`http://localhost:${other.port}/d/`)]);
  const tree = await readRemoteTree(session, urlOn(first, "/d/"), { jobs: 1 });
  const [file] = tree.files;
  await download(session, { url: file!.url, destination: destinationOf("path"), force: false });
  expect(first.received.join("")).toContain("X-Own");
  expect(other.received.join("").match(/^(?:GET|HEAD) /gm)?.length).toBeGreaterThanOrEqual(3);
  expect(other.received.join("")).not.toMatch(/Authorization|X-Own/);
});
