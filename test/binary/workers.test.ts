/**
 * `netfile serve --workers N`: several processes that look like one server from outside.
 */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  cleanEnvironment,
  NetfileServer,
  netfileBinary,
  runNetfile,
  startNetfile,
} from "../support/netfile-binary.ts";
import { ScratchFolder, sha256 } from "../support/scratch-folder.ts";
import { beginDownload, untilRefused } from "../support/slow-download.ts";
import { LARGE, makeTestSite } from "../support/test-site.ts";

setDefaultTimeout(60_000);

const site = makeTestSite();
const logs = new ScratchFolder();
afterAll(() => {
  site[Symbol.dispose]();
  logs[Symbol.dispose]();
});

function startWorkers(...words: string[]): Promise<NetfileServer> {
  return startNetfile(["0", "--workers", "2", ...words], { cwd: site.path });
}

/** Process ids of the children of `pid`. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    const text = readFileSync(`/proc/${pid}/task/${task}/children`, "latin1");
    return text.split(" ").filter(Boolean).map(Number);
  });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await Bun.sleep(20);
}

/** One request on a connection of its own. */
async function fetchOnce(server: NetfileServer, path = "/notes.txt"): Promise<string> {
  const answer = await fetch(server.url + path, { keepalive: false });
  return `${answer.status} ${await answer.text()}`;
}

const isLinux = process.platform === "linux";

describe.skipIf(!isLinux)("--workers", () => {
  test("serves with so many processes on one port, chosen when it is 0, and says so once", async () => {
    const log = join(logs.path, "both.log");
    await using server = await startWorkers("--log-file", log, "--log-format", "json");
    expect(server.port).toBeGreaterThan(0);
    expect(childrenOf(server.pid)).toHaveLength(2);
    for (let count = 0; count < 40; count++) expect(await fetchOnce(server)).toStartWith("200 ");
    server.kill("SIGTERM");
    const { output } = await server.ended();
    expect(output.match(/Serving/g)).toHaveLength(1);
    expect(output).toMatch(/Workers +2 processes/);
    const ids = readFileSync(log, "utf8")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { connection: number }).connection);
    expect(new Set(ids.map((id) => id % 2)).size).toBe(2);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("announces a timeout by the connections of all", async () => {
    await using server = await startWorkers();
    const idle = await Promise.all(
      Array.from({ length: 10 }, () =>
        Bun.connect({ hostname: "127.0.0.1", port: server.port, socket: { data() {} } }),
      ),
    );
    // 20 s less one for each of the ten, and one for the connection that asks.
    await until(async () => (await askKeepingAlive(server.port)).includes("timeout=9"));
    for (const socket of idle) socket.end();
  });

  test("is left out with --upload, and says so: two writers are told apart by one process", async () => {
    await using server = await startWorkers("--upload");
    await server.waitFor(/Uploads are taken by one process/);
    expect(childrenOf(server.pid)).toEqual([]);
  });

  test("keeps a cap over all of them", async () => {
    await using server = await startWorkers("--max-connections-per-address", "3");
    const downloads = await Promise.all([1, 2, 3, 4, 5].map(() => tryDownload(server.port)));
    expect(downloads.filter(({ status }) => status === "200").length).toBeLessThanOrEqual(3);
    expect(downloads.filter(({ status }) => status === "200").length).toBeGreaterThan(0);
    for (const { end } of downloads) end();
  });

  test("refuses a port that is in use, also by workers of another netfile", async () => {
    await using server = await startWorkers();
    const words = ["serve", String(server.port), "--workers", "2"];
    const { code, stderr } = await runNetfile(words, { cwd: site.path });
    expect(code).toBe(1);
    expect(stderr).toContain("the port is in use");
    for (let count = 0; count < 10; count++) expect(await fetchOnce(server)).toStartWith("200 ");
  });
});

describe.skipIf(!isLinux)("a worker that is killed", () => {
  test("is replaced and its death told, while the service goes on", async () => {
    await using server = await startWorkers();
    const [victim] = childrenOf(server.pid);
    const over = new AbortController();
    let [served, broken] = [0, 0];
    const clients = Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted) {
        await fetchOnce(server).then(
          () => (served += 1),
          () => (broken += 1),
        );
      }
    });
    await until(() => served > 50);
    process.kill(victim!, "SIGKILL");
    await server.waitFor(new RegExp(`Worker [12] \\(process ${victim}\\) was ended by SIGKILL; another one`));
    await until(() => childrenOf(server.pid).length === 2);
    const servedBefore = served;
    await until(() => served > servedBefore + 100);
    over.abort();
    await Promise.all(clients);
    // Those whose connection it had: one for each client, and what waited to be accepted.
    expect(broken).toBeLessThanOrEqual(8);
    expect(childrenOf(server.pid)).not.toContain(victim!);
    server.kill("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0 });
  });
});

describe.skipIf(!isLinux)("the log of several workers", () => {
  test("has every line, whole, in the file and on the terminal", async () => {
    const log = join(logs.path, "whole.log");
    await using server = await startWorkers("--log-file", log, "--log-format", "json");
    const agent = "x".repeat(3000);
    const EACH = 150;
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (let count = 0; count < EACH; count++) {
          await (await fetch(`${server.url}/notes.txt`, { headers: { "User-Agent": agent } })).text();
        }
      }),
    );
    server.kill("SIGTERM");
    const { output } = await server.ended();
    const records = readFileSync(log, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { userAgent: string });
    expect(records).toHaveLength(16 * EACH);
    expect(records.every(({ userAgent }) => userAgent === agent)).toBe(true);
    const printed = output.split("\n").filter((line) => line.includes("GET "));
    expect(printed).toHaveLength(16 * EACH);
    expect(
      printed.filter((line) => !/^[\d:]{8} 127\.0\.0\.1:\d+ GET \/notes\.txt 200 .*RTT \S+ µs$/.test(line)),
    ).toEqual([]);
  });

  test("is opened anew by all on SIGHUP", async () => {
    const folder = new ScratchFolder();
    const log = join(folder.path, "rotated.log");
    await using server = await startWorkers("--log-file", log);
    await Bun.file(log).text();
    await Bun.$`mv ${log} ${log}.1`.quiet();
    server.kill("SIGHUP");
    // Both have reopened when no line goes to the old file any more.
    await until(() => readdirSync(folder.path).length === 2);
    await until(async () => {
      await fetchOnce(server);
      return (await Bun.file(log).text()).split("\n").length > 20;
    });
    const before = (await Bun.file(`${log}.1`).text()).length;
    for (let count = 0; count < 20; count++) await fetchOnce(server);
    server.kill("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0 });
    expect((await Bun.file(`${log}.1`).text()).length).toBe(before);
    folder[Symbol.dispose]();
  });
});

describe.skipIf(!isLinux)("the end of several workers", () => {
  test.each([["SIGTERM"], ["SIGINT"]] as const)(
    "%s lets answers under way end whole, exit 0",
    async (signal) => {
      await using server = await startWorkers();
      const downloads = await Promise.all([1, 2, 3, 4].map(() => beginDownload(server)));
      server.kill(signal);
      await untilRefused(server.port);
      for (const download of downloads) expect(sha256(await download.finish())).toBe(sha256(LARGE));
      expect(await server.ended()).toMatchObject({ code: 0, signal: null });
    },
  );

  test("a signal to the whole group, as Ctrl-C sends it, is one signal", async () => {
    const child = Bun.spawn(["setsid", await netfileBinary(), "serve", "0", "--workers", "2"], {
      cwd: site.path,
      env: cleanEnvironment(site.path),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    await using server = await NetfileServer.of(child);
    const download = await beginDownload(server);
    process.kill(-server.pid, "SIGINT");
    await untilRefused(server.port);
    expect(sha256(await download.finish())).toBe(sha256(LARGE));
    expect(await server.ended()).toMatchObject({ code: 0, signal: null });
  });

  test("a second signal ends all at once", async () => {
    await using server = await startWorkers();
    const download = await beginDownload(server);
    const workers = childrenOf(server.pid);
    server.kill("SIGTERM");
    await untilRefused(server.port);
    server.kill("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 143 });
    expect(workers.filter(isAlive)).toEqual([]);
    download.resume();
    await download.closed;
  });

  test("the parent's death ends the workers", async () => {
    await using server = await startWorkers();
    const workers = childrenOf(server.pid);
    server.kill("SIGKILL");
    await until(() => !workers.some(isAlive));
    await untilRefused(server.port);
  });

  test("--idle-exit counts the requests and transfers of all", async () => {
    await using server = await startWorkers("--idle-exit", "1");
    const download = await beginDownload(server);
    const early = await Promise.race([server.ended(), Bun.sleep(2500)]);
    expect(early).toBeUndefined();
    expect(sha256(await download.finish())).toBe(sha256(LARGE));
    const end = await server.ended();
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(end.output).toContain("Ended: no request for 1");
  });
});

test("a worker can't be started by hand", async () => {
  const { code, stderr } = await runNetfile(["serve-worker"], { cwd: site.path });
  expect(code).toBe(2);
  expect(stderr).toContain('"serve-worker" can\'t be started alone');
});

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

/** The head of an answer on a connection that stays. */
function askKeepingAlive(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => void socket.write("HEAD /notes.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        data(socket, chunk) {
          resolve(chunk.toString());
          socket.end();
        },
      },
    }).catch(reject);
  });
}

/** Asks for the large file and reads no further than the head. */
function tryDownload(port: number): Promise<{ readonly status: string; readonly end: () => void }> {
  return new Promise((resolve) => {
    const nothing = { status: "closed", end: () => undefined };
    Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => void socket.write("GET /large.png HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        data(socket, chunk) {
          socket.pause();
          resolve({ status: chunk.toString("latin1", 9, 12), end: () => socket.terminate() });
        },
        close: () => resolve(nothing),
        error: () => resolve(nothing),
      },
    }).catch(() => resolve(nothing));
  });
}
