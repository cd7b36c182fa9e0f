/**
 * What goes wrong around a server: it is killed, its clients vanish, the disk is full, descriptors are few, and what
 * lies in the folder is no file. `NETFILE_KILLS=100` tries more moments.
 */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  cleanEnvironment,
  netfileBinary,
  NetfileServer,
  runNetfile,
  runProgram,
  startNetfile,
} from "../support/netfile-binary.ts";
import { hasProgram } from "../support/program.ts";
import { parseAnswers, RawClient } from "../support/raw-client.ts";
import { noise, ScratchFolder } from "../support/scratch-folder.ts";

setDefaultTimeout(120_000);

const KILLS = Number(process.env["NETFILE_KILLS"] ?? 10);
const LOAD = 40;
const onLinux = test.skipIf(process.platform !== "linux");

/** A file that tells by itself whether it is whole: its length, then one byte over and over. */
function makeFile(length: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(length, length & 0xff);
  bytes.writeUInt32BE(length, 0);
  return bytes;
}

function isWhole(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.equals(makeFile(bytes.readUInt32BE(0)));
}

function isPart(name: string): boolean {
  return name.endsWith(".part");
}

/** Uploads one file after the other until the server is gone. @returns how many were acknowledged. */
async function uploadUntilKilled(server: NetfileServer, prefix: string): Promise<readonly string[]> {
  const saved: string[] = [];
  for (let count = 0; ; count += 1) {
    const name = `${prefix}-${count}.txt`;
    try {
      const body = makeFile(100_000 + Math.floor(Math.random() * 4_000_000));
      const { status } = await fetch(`${server.url}/${name}`, { method: "PUT", body });
      if (status === 201) saved.push(name);
    } catch {
      return saved;
    }
  }
}

describe("a server that is killed in the middle of uploads (SIGKILL)", () => {
  test(`leaves whole files only, keeps what it acknowledged, and the next one clears up (${KILLS} kills)`, async () => {
    using folder = new ScratchFolder();
    const words = ["0", "--upload"];
    let left = 0;
    for (let run = 0; run < KILLS; run += 1) {
      const server = await startNetfile(words, { cwd: folder.path });
      const uploads = Promise.all([0, 1, 2].map((lane) => uploadUntilKilled(server, `${run}-${lane}`)));
      // Any moment will do, and that is the point.
      await Bun.sleep(20 + Math.random() * 150);
      await server.stop();
      const saved = (await uploads).flat();
      const names = folder.names();
      for (const name of names.filter((each) => !isPart(each)))
        expect([name, isWhole(folder.bytes(name))]).toEqual([name, true]);
      expect(names).toEqual(expect.arrayContaining(saved));
      const parts = names.filter(isPart).length;
      left += parts;
      await using next = await startNetfile(words, { cwd: folder.path });
      if (parts > 0) await next.waitFor(/Removed \d+ upload/);
      expect(folder.names().filter(isPart)).toEqual([]);
      for (const name of folder.names()) folder.remove(name);
    }
    // Otherwise nothing was in the middle of anything.
    expect(left).toBeGreaterThan(0);
  });
});

describe("SIGTERM under load", () => {
  test(`ends each answer whole that was begun, and the server with exit 0 (${LOAD} clients)`, async () => {
    using folder = new ScratchFolder({ "a.png": noise(300_000) });
    await using server = await startNetfile(["0", "--quiet"], { cwd: folder.path });
    const clients = await Promise.all(Array.from({ length: LOAD }, () => RawClient.connect(server.port)));
    const lanes = clients.map((client) => askOnAndOn(client));
    await clients[LOAD - 1]?.answers(3, 20_000);
    server.kill("SIGTERM");
    const counts = await Promise.all(lanes);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(await server.ended()).toMatchObject({ code: 0, signal: null });
    for (const { received } of clients) {
      const answers = parseAnswers(received);
      const wholeBytes = answers.reduce((sum, { head, body }) => sum + head.length + 4 + body.length, 0);
      expect(received.length - wholeBytes).toBe(0);
    }
  });
});

/** Asks for one file after the other until the server closes. @returns how many came. */
async function askOnAndOn(client: RawClient): Promise<number> {
  for (let count = 1; client.end === "open"; count += 1) {
    await client.send("GET /a.png HTTP/1.1\r\nHost: x\r\n\r\n");
    await client.until(
      (received) => received.length >= count * 300_000 && parseAnswers(received).length >= count,
      20_000,
    );
  }
  client.halfClose();
  return parseAnswers(client.received).length;
}

describe("a client that vanishes", () => {
  test(`in the middle of an upload leaves nothing behind (${KILLS} resets)`, async () => {
    using folder = new ScratchFolder({ "kept.txt": "kept\n" });
    await using server = await startNetfile(["0", "--upload"], { cwd: folder.path });
    for (let run = 0; run < KILLS; run += 1) {
      const client = await RawClient.connect(server.port);
      await client.send("PUT /new.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
      await client.send(noise(100_000 * (run % 10)));
      await untilTrue(() => folder.names().some(isPart));
      client.close();
      await untilTrue(() => !folder.names().some(isPart));
    }
    expect(folder.names()).toEqual(["kept.txt"]);
    expect((await fetch(`${server.url}/kept.txt`)).status).toBe(200);
  });

  test("before it was even accepted is nobody to be told of", async () => {
    using folder = new ScratchFolder({ "kept.txt": "kept\n" });
    await using server = await startNetfile(["0"], { cwd: folder.path });
    for (let run = 0; run < 200; run += 1) (await RawClient.connect(server.port)).close();
    expect((await fetch(`${server.url}/kept.txt`)).status).toBe(200);
    await server.waitFor(/GET \/kept\.txt 200/);
    expect(server.output).not.toMatch(/warning|undefined/);
  });

  onLinux("by a reset, in whatever phase, costs no descriptor", async () => {
    using folder = new ScratchFolder({ "a.txt": "alpha", "large.png": noise(8_000_000) });
    await using server = await startNetfile(["0", "--upload", "--quiet"], { cwd: folder.path });
    await (await fetch(`${server.url}/a.txt`, { headers: { Connection: "close" } })).text();
    const before = countDescriptors(server.pid);
    const beginnings = [
      "",
      "GET /a.txt HT",
      "GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /large.png HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /large.png HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9,20-29,5000000-\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "PUT /new.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nsome",
      "PUT /new.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsome",
      "GARBAGE\r\n\r\n",
    ];
    for (let run = 0; run < 30; run += 1) {
      const clients = await Promise.all(beginnings.map(() => RawClient.connect(server.port)));
      for (const [index, client] of clients.entries()) {
        client.pause();
        await client.send(beginnings[index] ?? "");
      }
      for (const client of clients) client.close();
    }
    // One may be new: that by which it watches the files it keeps in memory.
    await untilTrue(() => countDescriptors(server.pid) <= before + 1);
    expect(folder.names()).toEqual(["a.txt", "large.png"]);
  });
});

onLinux("what the server itself fails in is told to its operator", async () => {
  using folder = new ScratchFolder();
  const root = folder.folder("root");
  await using server = await startNetfile(["0", root, "--upload", "--quiet"], { cwd: folder.path });
  rmdirSync(root);
  const { status } = await fetch(`${server.url}/a.txt`, { method: "PUT", body: "x" });
  expect(status).toBe(500);
  await server.waitFor(/warning: A request for \/a\.txt was answered 500: The folder that is served is gone/);
});

describe("few descriptors", () => {
  onLinux("are never used up: the oldest idle client gives way, and everything goes on", async () => {
    using folder = new ScratchFolder({ "a.txt": "alpha" });
    await using server = await startWithLimit(64, folder.path);
    const request = "GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n";
    const clients: RawClient[] = [];
    for (let count = 0; count < 200; count += 1) {
      const client = await RawClient.connect(server.port);
      clients.push(client);
      await client.send(request);
      const [answer] = await client.answers(1);
      expect(answer?.status).toBe(200);
      expect(countDescriptors(server.pid)).toBeLessThan(64);
    }
    expect(clients.filter(({ end }) => end === "open").length).toBeGreaterThan(4);
    await clients[0]?.untilClosed();
    for (const client of clients) client.close();
    expect((await fetch(`${server.url}/a.txt`)).status).toBe(200);
  });

  onLinux("that are all busy: newcomers are told to come again, and nothing spins", async () => {
    using folder = new ScratchFolder({ "a.txt": "alpha" });
    await using server = await startWithLimit(64, folder.path);
    const busy: RawClient[] = [];
    for (let count = 0; count < 200; count += 1) {
      // Who comes when not even a refusal fits any more is reset.
      const client = await RawClient.connect(server.port).catch(() => undefined);
      if (client === undefined) continue;
      busy.push(client);
      // Its answer tells that the server has it, and the beginning of another request that it is busy with it.
      await client.send("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /a.txt HTTP/1.1\r\nHost:");
      await client.until((received) => received.length > 0);
    }
    await untilTrue(() => busy.some(({ received }) => received.includes("503 ")));
    const refusal = busy.find(({ received }) => received.includes("503 "))?.received.toString();
    expect(refusal).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: \d+\r\n/);
    expect(countDescriptors(server.pid)).toBeLessThan(64);
    for (const client of busy) client.close();
    await untilTrue(() => countDescriptors(server.pid) < 16);
    expect((await fetch(`${server.url}/a.txt`)).status).toBe(200);
    expect(cpuSeconds(server.pid)).toBeLessThan(2);
  });
});

const mountPoint = mkdtempSync(join(tmpdir(), "netfile-full-"));
const isMounted =
  process.platform === "linux" &&
  Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=2m", "netfile-test", mountPoint]).exitCode === 0;
afterAll(() => {
  if (isMounted) Bun.spawnSync(["umount", mountPoint]);
  rmdirSync(mountPoint);
});

describe.skipIf(!isMounted)("a full disk (needs the rights to mount one)", () => {
  test.each([
    ["of known length", (bytes: Buffer<ArrayBuffer>) => bytes],
    ["in chunks", (bytes: Buffer<ArrayBuffer>) => new Blob([bytes]).stream()],
  ])("in the middle of an upload %s is 507, leaves nothing, and the server goes on", async (_, bodyOf) => {
    await using server = await startNetfile(["0", mountPoint, "--upload"], { cwd: mountPoint });
    const put = (name: string, bytes: Buffer<ArrayBuffer>) =>
      fetch(`${server.url}/${name}`, { method: "PUT", body: bodyOf(bytes) });
    expect((await put("first.txt", makeFile(1_200_000))).status).toBe(201);
    expect((await put("second.txt", makeFile(1_200_000))).status).toBe(507);
    expect(readdirSync(mountPoint)).toEqual(["first.txt"]);
    expect((await put("third.txt", makeFile(300_000))).status).toBe(201);
    for (const name of readdirSync(mountPoint)) Bun.spawnSync(["rm", join(mountPoint, name)]);
  });

  test("before a download's first byte is told with exit code 6, and leaves nothing", async () => {
    using folder = new ScratchFolder({ "a.txt": "alpha" });
    await using server = await startNetfile(["0"], { cwd: folder.path });
    Bun.spawnSync(["dd", "if=/dev/zero", `of=${join(mountPoint, "filler")}`, "bs=4k"]);
    const { code, stderr } = await runNetfile(["get", `${server.url}/a.txt`], { cwd: mountPoint });
    const left = readdirSync(mountPoint);
    for (const name of left) Bun.spawnSync(["rm", join(mountPoint, name)]);
    expect([code, left]).toEqual([6, ["filler"]]);
    expect(stderr).toContain("the disk is full; make room and try again");
  });
});

describe.skipIf(!hasProgram("strace"))("a disk that fails", () => {
  test("while a file is sent from it: exit code 6, and it is said of which file", async () => {
    using folder = new ScratchFolder({ "p.png": noise(300_000) });
    using target = new ScratchFolder();
    await using server = await startNetfile(["0", "--upload"], { cwd: target.path });
    const failing = "inject=?statx,?fstat,?newfstatat:error=EIO:when=2+";
    const strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", folder.at("p.png"), "-e", failing];
    const words = [...strace, await netfileBinary(), "put", "p.png", `${server.url}/`, "--quiet"];
    const { code, stderr } = await runProgram(words, { cwd: folder.path });
    expect(stderr).toContain('Cannot read "p.png": the disk reports an error');
    expect([code, target.names().includes("p.png")]).toEqual([6, false]);
  });
});

describe("what is no file", () => {
  onLinux.each([
    ["a FIFO", ["mkfifo", "x.txt"]],
    ["a device", ["mknod", "x.txt", "c", "1", "5"]],
    ["a link to a device", ["ln", "-s", "/dev/zero", "x.txt"]],
  ])("%s is absent, at once, and not in the listing", async (_, command) => {
    using folder = new ScratchFolder();
    Bun.spawnSync(command, { cwd: folder.path });
    await using server = await startNetfile(["0", "--upload", "--on-exist", "replace"], { cwd: folder.path });
    expect((await fetch(`${server.url}/x.txt`)).status).toBe(404);
    const listing = await fetch(`${server.url}/`, { headers: { Accept: "application/json" } });
    expect(await listing.json()).toEqual({ path: "/", entries: [] });
  });
});

/** Starts a server that may have `count` descriptors. */
async function startWithLimit(count: number, cwd: string): Promise<NetfileServer> {
  const command = `ulimit -n ${count}; exec "$0" serve 0 --quiet`;
  const child = Bun.spawn(["sh", "-c", command, await netfileBinary()], {
    cwd,
    env: cleanEnvironment(cwd),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  return NetfileServer.of(child);
}

function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** What it has computed so far, in its own code and in the kernel (proc_pid_stat(5), in hundredths of a second). */
function cpuSeconds(pid: number): number {
  const text = Bun.spawnSync(["cat", `/proc/${pid}/stat`]).stdout.toString();
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Looks again and again; the test's own time limit ends it. */
async function untilTrue(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await Bun.sleep(10);
}
