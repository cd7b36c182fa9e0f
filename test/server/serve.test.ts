/** The server over real sockets and real files: connections, their order, their limits and their end. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { ListenError } from "../../src/server/listener.ts";
import { parseAnswers, type RawAnswer, RawClient } from "../support/raw-client.ts";
import { noise } from "../support/scratch-folder.ts";
import { startSite, type RunningSite, type SiteOverrides } from "../support/running-site.ts";

setDefaultTimeout(60_000);

const running: RunningSite[] = [];
const clients: RawClient[] = [];

function start(overrides: SiteOverrides = {}): RunningSite {
  const site = startSite(overrides);
  running.push(site);
  writeFileSync(join(site.root, "a.txt"), "alpha");
  writeFileSync(join(site.root, "b.txt"), "beta!");
  return site;
}

async function connect(site: RunningSite): Promise<RawClient> {
  const client = await RawClient.connect(site.port);
  clients.push(client);
  return client;
}

/** Sends `text`, and gives everything until the server closes. */
async function exchange(site: RunningSite, text: string): Promise<ReturnType<typeof parseAnswers>> {
  const client = await connect(site);
  await client.send(text);
  return parseAnswers(await client.untilClosed());
}

function get(target: string, more = ""): string {
  return `GET ${target} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const site of running.splice(0)) await site.stop();
});

describe("persistent connections (RFC 9112 §9.3)", () => {
  test("answers several requests on one connection", async () => {
    const site = start();
    const client = await connect(site);
    await client.send(get("/a.txt"));
    await client.answers(1);
    await client.send(get("/b.txt"));
    const answers = await client.answers(2);
    expect(answers.map(({ status, body }) => [status, body.toString()])).toEqual([
      [200, "alpha"],
      [200, "beta!"],
    ]);
    expect(site.connections).toHaveLength(1);
  });

  test("answers pipelined requests in order, however they are cut", async () => {
    const site = start();
    const client = await connect(site);
    const requests = Array.from({ length: 600 }, (_, i) => get(i % 2 === 0 ? "/a.txt" : "/b.txt")).join("");
    const middle = Math.floor(requests.length / 2) + 7;
    await client.send(requests.slice(0, middle));
    await client.send(requests.slice(middle));
    const answers = await client.answers(600);
    expect(answers.map(({ body }) => body.toString())).toEqual(
      Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? "alpha" : "beta!")),
    );
  });

  test("announces the timeout by load: one second less for each connection", async () => {
    const site = start();
    const first = await connect(site);
    await first.send(get("/a.txt"));
    expect((await first.answers(1))[0]?.fields.get("keep-alive")).toBe("timeout=19");
    const second = await connect(site);
    await second.send(get("/a.txt"));
    expect((await second.answers(1))[0]?.fields.get("keep-alive")).toBe("timeout=18");
  });

  test("closes when asked, without announcing a timeout", async () => {
    const [answer] = await exchange(start(), get("/a.txt", "Connection: close\r\n"));
    expect(answer?.fields.get("connection")).toBe("close");
    expect(answer?.fields.has("keep-alive")).toBe(false);
  });

  test.each([
    ["", "fin", undefined],
    ["Connection: keep-alive\r\n", "open", "keep-alive"],
  ] as const)("HTTP/1.0 with %p", async (field, end, expected) => {
    const site = start();
    const client = await connect(site);
    await client.send(`GET /a.txt HTTP/1.0\r\n${field}\r\n`);
    const [answer] = await client.answers(1);
    if (end === "fin") await client.untilClosed();
    expect(answer?.status).toBe(200);
    expect(client.end).toBe(end);
    if (expected !== undefined) expect(answer?.fields.get("connection")).toBe(expected);
  });

  test("closes an idle connection after the announced time, silently", async () => {
    const site = start({ limits: { idleCeilingMs: 1000, idleFloorMs: 1000 } });
    const client = await connect(site);
    await client.send(get("/a.txt"));
    const received = await client.untilClosed();
    expect(client.end).toBe("fin");
    expect(parseAnswers(received)).toHaveLength(1);
  });

  test("a request followed at once by FIN gets its whole answer (half-close)", async () => {
    const site = start();
    writeFileSync(join(site.root, "big.txt"), Buffer.alloc(20_000_000, "x"));
    const client = await connect(site);
    await client.send(get("/big.txt") + get("/a.txt"));
    client.halfClose();
    const answers = parseAnswers(await client.untilClosed(20_000));
    expect(answers.map(({ body }) => body.length)).toEqual([20_000_000, 5]);
  });

  test("HEAD is answered with a head alone, and the connection goes on", async () => {
    const site = start();
    const client = await connect(site);
    await client.send(`HEAD /a.txt HTTP/1.1\r\nHost: x\r\n\r\n${get("/b.txt", "Connection: close\r\n")}`);
    const text = (await client.untilClosed()).toString();
    const [first, second] = text.split("\r\n\r\n");
    expect(first).toContain("Content-Length: 5");
    expect(second).toStartWith("HTTP/1.1 200 ");
    expect(text).toEndWith("beta!");
  });
});

describe("requests that are not HTTP (RFC 9112 §2.2, §11.2)", () => {
  test("get 400 and a close, and what follows is never read as a request", async () => {
    const site = start();
    const answers = await exchange(site, `GET /a.txt HTTP/1.1\r\nHost : x\r\n\r\n${get("/b.txt")}`);
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(answers[0]?.fields.get("connection")).toBe("close");
    expect(site.answers.map(({ method, status }) => [method, status])).toEqual([["-", 400]]);
  });

  test("the requests before are answered first", async () => {
    const answers = await exchange(start(), `${get("/a.txt")}\x16\x03\x01garbage\r\n\r\n`);
    expect(answers.map(({ status }) => status)).toEqual([200, 400]);
  });

  test("a body with bad chunks is refused, not half-acted upon", async () => {
    const site = start({ policy: { upload: { maxBytes: 1000, onExist: "refuse" } } });
    const answers = await exchange(
      site,
      "PUT /new.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n",
    );
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(readdirSync(site.root).toSorted()).toEqual(["a.txt", "b.txt"]);
  });

  test.each([
    ["a head over the limit", `GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(40_000)}\r\n\r\n`, 431],
    ["a target over the limit", `GET /${"y".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
    ["a major version that nobody speaks", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505],
  ])("%s", async (_, request, status) => {
    const answers = await exchange(start(), request);
    expect(answers.map((answer) => answer.status)).toEqual([status]);
  });
});

describe("bodies", () => {
  const upload = { policy: { upload: { maxBytes: 1_000_000, onExist: "refuse" } } } as const;

  test("an upload in pieces is saved whole", async () => {
    const site = start(upload);
    const client = await connect(site);
    await client.send("PUT /new.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234");
    await client.send("56789");
    const [answer] = await client.answers(1);
    expect(answer?.status).toBe(201);
    expect(readFileSync(join(site.root, "new.txt"), "utf8")).toBe("0123456789");
  });

  test("waits with 100 Continue until the head is accepted", async () => {
    const site = start(upload);
    const client = await connect(site);
    await client.send(
      "PUT /new.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    expect((await client.answers(1))[0]?.status).toBe(100);
    await client.send("hello");
    expect((await client.answers(2))[1]?.status).toBe(201);
  });

  test("refuses at once what it would not save, before the body is sent", async () => {
    const site = start(upload);
    const answers = await exchange(
      site,
      "PUT /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    expect(answers.map(({ status }) => status)).toEqual([409]);
  });

  test("an early 413 reaches a client that is still sending", async () => {
    const site = start(upload);
    const client = await connect(site);
    await client.send("PUT /new.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n");
    for (let i = 0; i < 20; i++) await client.send(Buffer.alloc(1_000_000));
    const [answer] = await client.answers(1);
    expect(answer?.status).toBe(413);
    client.halfClose();
    await client.untilClosed();
    expect(client.end).toBe("fin");
  });

  test("a small body that nobody wants is read, and the connection goes on", async () => {
    const site = start();
    const client = await connect(site);
    await client.send("GET /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
    await client.send(`hello${get("/b.txt")}`);
    const answers = await client.answers(2);
    expect(answers.map(({ body }) => body.toString())).toEqual(["alpha", "beta!"]);
  });

  test("a client that goes in the middle of an upload leaves nothing", async () => {
    const site = start(upload);
    const client = await connect(site);
    await client.send("PUT /new.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234");
    await Bun.sleep(20);
    client.close();
    await site.answered(1);
    expect(readdirSync(site.root).toSorted()).toEqual(["a.txt", "b.txt"]);
    expect(site.answers[0]?.isWhole).toBe(false);
  });

  test("a body that comes too slowly is given up (R.U.D.Y.)", async () => {
    const site = start({ ...upload, limits: { bodyWindowMs: 400, minRateBytesPerS: 100 } });
    const answers = await exchange(site, "PUT /new.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0");
    expect(answers.map(({ status }) => status)).toEqual([408]);
    expect(readdirSync(site.root).toSorted()).toEqual(["a.txt", "b.txt"]);
  });
});

describe("slow and greedy clients", () => {
  test("a head that does not come in time gets 408 (slowloris)", async () => {
    const site = start({ limits: { headMs: 300 } });
    const answers = await exchange(site, "GET /a.txt HTTP/1.1\r\nHost:");
    expect(answers.map(({ status }) => status)).toEqual([408]);
  });

  test("a client that does not read is given up, and its file closed (slow read)", async () => {
    const site = start({ limits: { sendWindowMs: 400 } });
    writeFileSync(join(site.root, "big.txt"), Buffer.alloc(30_000_000, "x"));
    const client = await connect(site);
    client.pause();
    await client.send(get("/big.txt"));
    await site.answered(1);
    expect(site.answers[0]?.isWhole).toBe(false);
  });

  test("a client that does not read makes the server stop reading, not grow", async () => {
    const site = start();
    writeFileSync(join(site.root, "big.txt"), Buffer.alloc(1_000_000, "x"));
    const client = await connect(site);
    client.pause();
    let sent = 0;
    // Without backpressure all of this would be taken in, and answered, at once.
    const flood = client.send(get("/big.txt").repeat(400_000)).then(() => (sent = 1));
    await Bun.sleep(300);
    expect(sent).toBe(0);
    client.close();
    await flood;
  });

  test("at the cap the longest idle connection gives way", async () => {
    const site = start({ limits: { connections: 2 } });
    const [first, second] = [await connect(site), await connect(site)];
    for (const client of [first, second]) {
      await client.send(get("/a.txt"));
      await client.answers(1);
    }
    const third = await connect(site);
    await third.send(get("/b.txt"));
    expect((await third.answers(1))[0]?.status).toBe(200);
    await first.untilClosed();
    expect([first.end, second.end]).toEqual(["fin", "open"]);
  });

  test("at the cap with all busy a newcomer gets 503 with Retry-After", async () => {
    const site = start({ limits: { connections: 1, headMs: 5000 } });
    const busy = await connect(site);
    await busy.send("GET /a.txt HT");
    await Bun.sleep(50);
    const [answer] = await exchange(site, get("/a.txt"));
    expect(answer?.status).toBe(503);
    expect(answer?.fields.get("retry-after")).toMatch(/^\d+$/);
  });
});

describe("files that change while they are sent", () => {
  /** Fills what the kernel holds for a client that doesn't read, compressed too. */
  const BIG = noise(20_000_000);

  test("one that shrinks ends the connection: never padded, never a clean end", async () => {
    const site = start();
    const path = join(site.root, "big.txt");
    writeFileSync(path, Buffer.alloc(50_000_000, "x"));
    const client = await connect(site);
    client.pause();
    await client.send(get("/big.txt"));
    await Bun.sleep(100);
    truncateSync(path, 1000);
    client.resume();
    const received = await client.untilClosed(20_000);
    expect(parseAnswers(received)).toEqual([]);
    expect(received.length).toBeLessThan(50_000_000);
  });

  /** Asks for a file of 20 MB, does `change` to it while it is on its way, and reads what comes. */
  async function changeAmid(fields: string, change: (path: string) => void): Promise<readonly RawAnswer[]> {
    const site = start();
    const path = join(site.root, "big.txt");
    writeFileSync(path, BIG);
    const client = await connect(site);
    client.pause();
    await client.send(get("/big.txt", fields));
    await Bun.sleep(100);
    change(path);
    client.resume();
    await client.send(`GET /a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    return parseAnswers(await client.untilClosed(20_000));
  }

  test.each([
    ["as it is", ""],
    ["a range of it", "Range: bytes=100-19999000\r\n"],
    ["hashed on the way", "Want-Repr-Digest: sha-256=1\r\nTE: trailers\r\n"],
    ["compressed", "Accept-Encoding: gzip\r\n"],
  ])(
    "one that is written over ends the connection, never one answer of two versions: %s",
    async (_, fields) => {
      const answers = await changeAmid(fields, (path) => {
        const fd = openSync(path, "r+");
        writeSync(fd, Buffer.alloc(20_000_000, "y"));
        closeSync(fd);
      });
      expect(answers).toEqual([]);
    },
  );

  test.each<readonly [how: string, change: (path: string) => void]>([
    ["is replaced", (path) => (writeFileSync(`${path}.new`, "y"), renameSync(`${path}.new`, path))],
    ["is removed", (path) => unlinkSync(path)],
    [
      "gets another name and other rights",
      (path) => (renameSync(path, `${path}.old`), chmodSync(`${path}.old`, 0o600)),
    ],
    ["grows, as a log does", (path) => appendFileSync(path, "yyy")],
  ])("one that %s is sent to its end as it was", async (_, change) => {
    const [answer, next] = await changeAmid("", change);
    expect(answer?.body.equals(BIG)).toBe(true);
    expect(next?.status).toBe(200);
  });
});

describe("the end of a server", () => {
  test("stop() lets a running answer finish, and turns newcomers away", async () => {
    const site = start();
    writeFileSync(join(site.root, "big.txt"), Buffer.alloc(40_000_000, "x"));
    const client = await connect(site);
    client.pause();
    await client.send(get("/big.txt"));
    await Bun.sleep(100);
    const stopped = site.server.stop(20_000);
    expect(RawClient.connect(site.port)).rejects.toThrow();
    client.resume();
    const answers = parseAnswers(await client.untilClosed(20_000));
    expect(answers.map(({ body }) => body.length)).toEqual([40_000_000]);
    client.close();
    await stopped;
    expect(await site.server.ended).toBe("stopped");
  });

  test("stop() closes idle connections at once", async () => {
    const site = start();
    const client = await connect(site);
    await client.send(get("/a.txt"));
    await client.answers(1);
    const stopped = site.server.stop(20_000);
    await client.untilClosed();
    client.halfClose();
    await stopped;
  });

  test("stop() ends what does not finish in time", async () => {
    const site = start();
    writeFileSync(join(site.root, "big.txt"), Buffer.alloc(40_000_000, "x"));
    const client = await connect(site);
    client.pause();
    await client.send(get("/big.txt"));
    await Bun.sleep(100);
    await site.server.stop(200);
    expect(site.answers[0]?.isWhole).toBe(false);
    expect(site.answers[0]?.bodyBytes).toBeGreaterThan(0);
    expect(site.answers[0]?.bodyBytes).toBeLessThan(40_000_000);
  });

  test("ends itself when nobody needs it", async () => {
    const site = start({ idleExitMs: 300 });
    expect(await site.server.ended).toBe("idle");
  });
});

describe("listening", () => {
  test("a port in use is told with what to do", () => {
    const site = start();
    const options = { host: "127.0.0.1", limits: {} };
    expect(() => startSiteOn(site.port, options.host)).toThrow(ListenError);
    expect(() => startSiteOn(site.port, options.host)).toThrow(
      `Cannot listen on 127.0.0.1:${site.port}: the port is in use; choose another, or 0 for a free one`,
    );
  });

  test("listens on IPv6", async () => {
    const site = start({ host: "::1" });
    const client = await RawClient.connect(site.port, "::1");
    clients.push(client);
    await client.send(get("/a.txt"));
    expect((await client.answers(1))[0]?.body.toString()).toBe("alpha");
    expect(site.connections[0]?.endpoint.family).toBe("IPv6");
  });
});

function startSiteOn(port: number, host: string): void {
  running.push(startSite({ host, port }));
}
