/**
 * A served folder whose every byte is known, and a client that hears its answers strictly: for the tables of
 * test/conformance.
 */
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { RawClient, type RawEnd } from "./raw-client.ts";
import { startSite, type RunningSite, type SiteOverrides } from "./running-site.ts";
import { readStrictAnswers, type StrictAnswer } from "./strict-answers.ts";

/** When every file of the folder was changed: Sun, 06 Nov 1994 08:49:37 GMT, the RFC's own example. */
export const MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";
export const BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT";
export const AFTER = "Sun, 06 Nov 1994 08:49:38 GMT";

export const DIGITS = "0123456789";
/** A thousand bytes; the ten from 10 n on are `<n in three digits>`, with dots. */
export const RULER = Array.from({ length: 100 }, (_, n) => `<${String(n).padStart(3, "0")}>.....`).join("");
/** Text that is worth compressing. */
export const LONG_TEXT = "All work and no play makes Jack a dull boy.\n".repeat(500);
export const CODED_TEXT = "Coded beforehand, three times over.\n".repeat(100);
/** Bytes that look like no text and differ everywhere. */
export const PICTURE = Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * n * 31 + (n >> 3)) & 0xff));
export const SENTINEL = "the sentinel";
/** What lies beside the root and must never be seen. */
export const SECRET = "root:x:0:0:secret";
export const CAREFUL_NAME = 'a b, "c"; größe – 漢字 100%.txt';

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  "digits.txt": DIGITS,
  "ruler.txt": RULER,
  "empty.txt": "",
  "long.txt": LONG_TEXT,
  "coded.txt": CODED_TEXT,
  "coded.txt.br": brotliCompressSync(CODED_TEXT),
  "coded.txt.gz": gzipSync(CODED_TEXT),
  "coded.txt.zst": zstdCompressSync(CODED_TEXT),
  "zipped.txt": CODED_TEXT,
  "zipped.txt.gz": gzipSync(CODED_TEXT),
  "picture.png": PICTURE,
  "page.html": "<!doctype html><title>A page</title>\n",
  "tool.exe": "not on the whitelist",
  noextension: "not on the whitelist either",
  ".secret.txt": SECRET,
  ".git/config.txt": SECRET,
  "sub/inner.txt": "inside",
  "with index/index.html": "<!doctype html><title>The index</title>\n",
  [CAREFUL_NAME]: "careful",
  "sentinel.txt": SENTINEL,
};

/** One whole conversation. */
export type Heard = {
  readonly answers: readonly StrictAnswer[];
  readonly statuses: readonly number[];
  readonly end: RawEnd;
};

export class JudgedSite {
  readonly #site: RunningSite;

  private constructor(site: RunningSite) {
    this.#site = site;
  }

  /** Serves the folder; every file in it is settled when this returns. */
  static async start(overrides: SiteOverrides = {}): Promise<JudgedSite> {
    const site = startSite(overrides);
    const modified = new Date(MODIFIED);
    for (const [name, content] of Object.entries(FILES)) {
      const path = join(site.root, name);
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, content);
      utimesSync(path, modified, modified);
    }
    writeFileSync(`${site.root}-secret.txt`, SECRET);
    symlinkSync(`${site.root}-secret.txt`, join(site.root, "link.txt"));
    const judged = new JudgedSite(site);
    await judged.get("/sentinel.txt");
    return judged;
  }

  get port(): number {
    return this.#site.port;
  }

  get root(): string {
    return this.#site.root;
  }

  /** What the server has told its operator of unforeseen failures. */
  get failures(): readonly string[] {
    return this.#site.failures;
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.#site.port);
  }

  /**
   * Says `text` (Latin-1), then FIN, and hears everything until the server closes.
   * @param methods of the requests in it, where one isn't GET and the answer's body depends on it.
   */
  async say(text: string | Uint8Array, ...methods: readonly string[]): Promise<Heard> {
    const client = await this.connect();
    await client.send(text);
    client.halfClose();
    const answers = readStrictAnswers(await client.untilClosed(10_000), methods);
    client.close();
    return { answers, statuses: answers.map(({ status }) => status), end: client.end };
  }

  /** One request on a connection of its own. `fields` are whole lines, without their ends. */
  async ask(method: string, target: string, ...fields: readonly string[]): Promise<StrictAnswer> {
    const { answers } = await this.say(request(method, target, ...fields), method);
    const [answer, second] = answers;
    if (answer === undefined || second !== undefined) throw new Error(`${answers.length} answers`);
    return answer;
  }

  get(target: string, ...fields: readonly string[]): Promise<StrictAnswer> {
    return this.ask("GET", target, ...fields);
  }

  /** One request with `body`, framed by its length. */
  async put(
    method: string,
    target: string,
    body: string | Uint8Array,
    ...fields: readonly string[]
  ): Promise<StrictAnswer> {
    const bytes = Buffer.from(body);
    const head = request(method, target, ...fields, `Content-Length: ${bytes.length}`);
    const { answers } = await this.say(Buffer.concat([Buffer.from(head, "latin1"), bytes]), method);
    const final = answers.find(({ status }) => status >= 200);
    if (final === undefined) throw new Error("No answer");
    return final;
  }

  async stop(): Promise<void> {
    await Bun.file(`${this.#site.root}-secret.txt`).delete();
    await this.#site.stop();
  }
}

/** The head of a request of HTTP/1.1, its empty line included. */
export function request(method: string, target: string, ...fields: readonly string[]): string {
  return [`${method} ${target} HTTP/1.1`, "Host: x", ...fields, "", ""].join("\r\n");
}

/** A request whose answer tells that the connection was still read as HTTP behind what came before it. */
export const AFTERWARDS = request("GET", "/sentinel.txt");

/** A policy that takes uploads of up to a megabyte and replaces what is there. */
export const UPLOADS = { upload: { maxBytes: 1_000_000, onExist: "replace" } } as const;
