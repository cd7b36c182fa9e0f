/**
 * Hostile bytes against the running program, over real sockets: it always answers with a status line or closes, answers the
 * same however the bytes were cut, shows nothing from outside its folder, and lives.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { concatBytes, encodeLatin1 } from "../../src/base/bytes.ts";
import { RawClient } from "../support/raw-client.ts";
import { FUZZ_RUNS, FUZZ_TIMEOUT_MS } from "./runs.ts";

const SECRET = "root:x:0:0:a secret beside the folder";
const UPLOAD_NAME = "saved-by-a-client.txt";

const CORPUS = [
  "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /%61.txt?b=c&d HTTP/1.1\r\nHost: a.example:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
  "HEAD http://a/text.txt HTTP/1.1\r\nHost: [::1]:80\r\nConnection: keep-alive, TE\r\nTE: trailers\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  "GET / HTTP/1.0\r\nConnection: keep-alive\r\nAccept: application/json\r\n\r\n",
  "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
  "GET /text.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9,20-29,-5\r\nAccept-Encoding: gzip;q=0.5, br\r\n\r\n",
  'GET /text.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=5-\r\nIf-Range: "x"\r\nWant-Repr-Digest: sha-256=1\r\n\r\n',
  'GET /text.txt HTTP/1.1\r\nHost: a\r\nIf-None-Match: W/"a", "b"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n',
  "GET /sub/../../etc/passwd HTTP/1.1\r\nHost: a\r\nReferer: /x\r\n\r\n",
  "GET /sub?download HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\n\r\n",
  "GET /%2e%2e%2fsecret.txt HTTP/1.1\r\nHost: a\r\n\r\n",
  `PUT /${UPLOAD_NAME} HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\nhello world`,
  `POST /${UPLOAD_NAME} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5;a=b\r\nhello\r\n6;c="d\\"e"\r\n world\r\n0\r\nX: y\r\n\r\n`,
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 103\r\n\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="saved-by-a-client.txt"\r\n\r\nform content\r\n--b--\r\n',
  "DELETE /a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
  "\r\nGET /missing.html HTTP/1.1\r\nhost: a\r\nAccept: text/html\r\n\r\n",
].map(encodeLatin1);

const FRAGMENTS = [
  ..."\r\n \t\0\x0b\x7f\x80\xff:,;05f-+_#?%/\\\"<'.*=&@[]{}~\x1b\x85\xa0".split(""),
  "\r\n",
  "\r\n\r\n",
  "\n\n",
  "0x",
  "..",
  "../",
  "%2e%2e/",
  "%2f",
  "%5c",
  "%00",
  "%0d%0a",
  "%ff",
  "%c0%ae",
  "//",
  "99999999999999999999",
  "FFFFFFFFFFFFFFFF",
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Content-Length: 999999999999\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: x\r\n",
  "Transfer-Encoding:\x0bchunked\r\n",
  "Host: b\r\n",
  "Connection: close\r\n",
  "Connection: keep-alive\r\n",
  "Expect: 100-continue\r\n",
  "Expect: x\r\n",
  "Upgrade: h2c\r\n",
  "Range: bytes=0-,5-0,-0\r\n",
  "Range: bytes=99999999999999999999-\r\n",
  "If-Match: *\r\n",
  "If-None-Match: *\r\n",
  "If-Range: x\r\n",
  "Accept-Encoding: identity;q=0\r\n",
  "Accept: text/plain;q=0.5,*/*;q=0\r\n",
  "Content-Digest: sha-256=:AAAA:\r\n",
  "Content-Encoding: gzip\r\n",
  "Content-Range: bytes 0-1/2\r\n",
  "Origin: null\r\n",
  "TE: trailers\r\nWant-Content-Digest: sha-512=1\r\n",
  " HTTP/1.1",
  " HTTP/1.0",
  " HTTP/2.0",
  "0\r\n\r\n",
  "5\r\nhello\r\n",
  "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n",
  "a".repeat(300),
  "chunked",
  "\r\n A: b",
].map(encodeLatin1);

type Mutation = { readonly at: number; readonly cutBytes: number; readonly insert: Uint8Array };

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat({ max: 400 }),
  cutBytes: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 12 })),
  insert: fc.oneof(fc.constantFrom(...FRAGMENTS), fc.uint8Array({ maxLength: 4 })),
});

function mutate(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  return mutations.reduce((before, { at, cutBytes, insert }) => {
    const start = at % (before.length + 1);
    return concatBytes([before.subarray(0, start), insert, before.subarray(start + cutBytes)]);
  }, bytes);
}

const conversations = fc
  .tuple(
    fc.array(fc.constantFrom(...CORPUS), { minLength: 1, maxLength: 3 }).map(concatBytes),
    fc.array(mutation, { maxLength: 5 }),
  )
  .map(([bytes, mutations]) => mutate(bytes, mutations));
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 30 }).map(concatBytes),
);
const inputs = fc.oneof({ weight: 9, arbitrary: conversations }, noise);
const cuts = fc.array(fc.nat({ max: 500 }), { maxLength: 4 });

const scratch = mkdtempSync(join(tmpdir(), "netfile-fuzz-"));
const root = join(scratch, "root");
let program: Bun.Subprocess<"ignore", "pipe", "pipe">;
let port = 0;

beforeAll(async () => {
  mkdirSync(join(root, "sub"), { recursive: true });
  writeFileSync(join(root, "a.txt"), "alpha");
  writeFileSync(join(root, "text.txt"), "All work and no play.\n".repeat(200));
  writeFileSync(join(root, "sub", "inner.txt"), "inside");
  writeFileSync(join(root, ".hidden.txt"), SECRET);
  writeFileSync(join(scratch, "secret.txt"), SECRET);
  const options = ["--upload", "--max-upload", "100k", "--on-exist", "replace", "--quiet"];
  program = Bun.spawn([process.execPath, "src/main.ts", "serve", "0", root, ...options], {
    cwd: join(import.meta.dir, "../.."),
    stdio: ["ignore", "pipe", "pipe"],
  });
  port = await readPort(program.stdout);
});

afterAll(async () => {
  program.kill();
  await program.exited;
  rmSync(scratch, { recursive: true, force: true });
});

async function readPort(output: ReadableStream<Uint8Array>): Promise<number> {
  let text = "";
  for await (const bytes of output) {
    text += Buffer.from(bytes).toString();
    const [, found] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text) ?? [];
    if (found !== undefined) return Number(found);
  }
  throw new Error(`The program has ended: ${text}`);
}

/** Sends `bytes` cut at `at`, then FIN, and gives everything that the server said until it closed. */
async function converse(bytes: Uint8Array, at: readonly number[]): Promise<string> {
  const client = await RawClient.connect(port);
  const edges = [...new Set(at.filter((edge) => edge < bytes.length))].sort((a, b) => a - b);
  let start = 0;
  for (const edge of [...edges, bytes.length]) {
    await client.send(bytes.subarray(start, edge));
    await new Promise((resolve) => setImmediate(resolve));
    start = edge;
  }
  client.halfClose();
  const said = await client.untilClosed(20_000);
  client.close();
  return said.toString("latin1");
}

/** The statuses in `said`; what depends on timing (100) or on what was saved before (201 or 204) is left out. */
function statuses(said: string): readonly string[] {
  const found = [...said.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status!);
  return found.filter((status) => status !== "100").map((status) => (status === "201" ? "204" : status));
}

/** A name that a mutation has made must not be there already the second time: that can be a condition. */
function removeNew(before: ReadonlySet<string>): void {
  for (const name of readdirSync(root)) {
    if (!before.has(name)) rmSync(join(root, name), { recursive: true, force: true });
  }
}

/** Memory of the program in MiB, where the system tells. */
function residentMb(): number | undefined {
  const path = `/proc/${program.pid}/status`;
  if (!existsSync(path)) return undefined;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(path, "utf8"))?.[1]) / 1024;
}

describe("a running server survives", () => {
  test(
    "mutated conversations, and answers the same however they are cut",
    async () => {
      await converse(CORPUS[0]!, []);
      const beforeMb = residentMb();
      await fc.assert(
        fc.asyncProperty(inputs, cuts, async (bytes, at) => {
          const before = new Set(readdirSync(root));
          const whole = await converse(bytes, []);
          expect(whole === "" || whole.startsWith("HTTP/1.1 ")).toBe(true);
          expect(whole).not.toContain(SECRET);
          removeNew(before);
          const pieces = await converse(bytes, at);
          removeNew(before);
          expect(pieces).not.toContain(SECRET);
          expect(statuses(pieces)).toEqual(statuses(whole));
        }),
        { numRuns: Math.ceil(FUZZ_RUNS / 2) },
      );
      expect((await converse(CORPUS[0]!, [])).endsWith("\r\n\r\nalpha")).toBe(true);
      expect(program.exitCode).toBeNull();
      expect(readdirSync(scratch).sort()).toEqual(["root", "secret.txt"]);
      expect(readdirSync(root).filter((name) => name.startsWith(".netfile"))).toEqual([]);
      const afterMb = residentMb();
      if (beforeMb !== undefined && afterMb !== undefined) expect(afterMb - beforeMb).toBeLessThan(150);
    },
    FUZZ_TIMEOUT_MS,
  );
});
