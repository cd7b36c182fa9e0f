/**
 * What it costs a server to stay up, measured on the compiled executable and printed as a table: idle connections, a
 * crowd of downloads, slowloris, large transfers, clients that ask and don't read. Linux; takes about a minute.
 *
 * `bun test/bench/staying-up.ts [SECTION…]`
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Socket } from "bun";
import { type NetfileServer, startNetfile } from "../support/netfile-binary.ts";
import { noise, ScratchFolder, sha256 } from "../support/scratch-folder.ts";

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;
const IDLE = 10_000;
const CROWD = 1_000;
const ACCEPTED_AT_ONCE = 500;
const GET_SMALL = request("/a.txt");

/** A connection that keeps the bytes only as a number and a digest. */
type Client = { received: number; closed: boolean; readonly hash: Bun.CryptoHasher; wake: () => void };

function request(path: string, fields = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n${fields}\r\n`;
}

async function connect(server: NetfileServer): Promise<Socket<Client>> {
  return Bun.connect<Client>({
    hostname: "127.0.0.1",
    port: server.port,
    data: { received: 0, closed: false, hash: new Bun.CryptoHasher("sha256"), wake: () => {} },
    socket: {
      open(socket) {
        socket.data = {
          received: 0,
          closed: false,
          hash: new Bun.CryptoHasher("sha256"),
          wake: () => {},
        };
      },
      data({ data }, chunk) {
        // The head is left out of the digest: it ends in the first chunk.
        const start = data.received === 0 ? chunk.indexOf("\r\n\r\n") + 4 : 0;
        data.hash.update(chunk.subarray(start));
        data.received += chunk.length;
        data.wake();
      },
      close({ data }) {
        data.closed = true;
        data.wake();
      },
      error() {},
    },
  });
}

async function connectMany(server: NetfileServer, count: number): Promise<Socket<Client>[]> {
  const sockets: Socket<Client>[] = [];
  while (sockets.length < count) {
    const more = Array.from({ length: Math.min(ACCEPTED_AT_ONCE, count - sockets.length) }, () =>
      connect(server),
    );
    sockets.push(...(await Promise.all(more)));
  }
  return sockets;
}

/** Waits until something more has come, or the connection is closed. */
async function untilMore({ data }: Socket<Client>, bytes: number): Promise<boolean> {
  while (data.received < bytes && !data.closed) {
    const { promise, resolve } = Promise.withResolvers<void>();
    data.wake = resolve;
    await promise;
  }
  return data.received >= bytes;
}

async function countAnswered(sockets: readonly Socket<Client>[]): Promise<number> {
  const answered = await Promise.all(
    sockets.map((socket) => {
      const before = socket.data.received;
      socket.write(GET_SMALL);
      return untilMore(socket, before + 1);
    }),
  );
  return answered.filter(Boolean).length;
}

function memoryBytes(server: NetfileServer, key: "VmRSS" | "VmHWM"): number {
  const text = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) * 1024;
}

function descriptors(server: NetfileServer): number {
  return readdirSync(`/proc/${server.pid}/fd`).length;
}

function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}

function tell(what: string, figure: string): void {
  process.stdout.write(`| ${what} | ${figure} |\n`);
}

/** So that the base is that of a server that has worked. */
async function warmUp(server: NetfileServer): Promise<void> {
  const socket = await connect(server);
  for (let count = 0; count < 3_000; count += 1) await countAnswered([socket]);
  socket.end();
  await Bun.sleep(1_000);
}

async function measureIdle(server: NetfileServer): Promise<void> {
  const base = memoryBytes(server, "VmRSS");
  const before = descriptors(server);
  const startMs = performance.now();
  const sockets = await connectMany(server, IDLE);
  tell(`${IDLE} connections made`, `${((performance.now() - startMs) / 1000).toFixed(2)} s`);
  tell("answered on each", `${await countAnswered(sockets)}`);
  await Bun.sleep(2_000);
  const each = (memoryBytes(server, "VmRSS") - base) / IDLE;
  tell("resident memory for each idle connection", `${(each / 1024).toFixed(1)} KiB`);
  tell("answered again on each", `${await countAnswered(sockets)}`);
  for (const socket of sockets) socket.terminate();
  await Bun.sleep(500);
  tell("descriptors before and after", `${before}, ${descriptors(server)}`);
}

async function measureCrowd(server: NetfileServer, wanted: string): Promise<void> {
  const startMs = performance.now();
  const sockets = await connectMany(server, CROWD);
  for (const socket of sockets) socket.write(request("/mebibyte.png", "Connection: close\r\n"));
  await Promise.all(sockets.map((socket) => untilMore(socket, Number.POSITIVE_INFINITY)));
  const right = sockets.filter(({ data }) => data.hash.digest("hex") === wanted).length;
  const seconds = (performance.now() - startMs) / 1000;
  tell(`${CROWD} clients fetch 1 MiB at once: right by SHA-256`, `${right} in ${seconds.toFixed(1)} s`);
  tell("peak resident memory", mebibytes(memoryBytes(server, "VmHWM")));
}

async function measureSlowloris(server: NetfileServer): Promise<void> {
  const base = memoryBytes(server, "VmRSS");
  const sockets = await connectMany(server, CROWD);
  const head = `GET /a.txt HTTP/1.1\r\nHost: x\r\nX-Slow: ${"y".repeat(80)}`;
  const latencies: number[] = [];
  for (const character of head) {
    for (const socket of sockets) socket.write(character);
    const startMs = performance.now();
    await (await fetch(`${server.url}/a.txt`, { headers: { Connection: "close" } })).text();
    latencies.push(performance.now() - startMs);
    await Bun.sleep(100);
  }
  const each = (memoryBytes(server, "VmRSS") - base) / CROWD;
  tell(`slowloris, ${CROWD} heads of 1 byte in 0.1 s: memory for each`, `${(each / 1024).toFixed(1)} KiB`);
  const sorted = latencies.toSorted((a, b) => a - b);
  tell("a good client meanwhile, worst answer", `${sorted.at(-1)?.toFixed(1)} ms`);
  for (const socket of sockets) socket.terminate();
}

async function measureLarge(server: NetfileServer): Promise<void> {
  const base = memoryBytes(server, "VmRSS");
  const slow = await connect(server);
  slow.write(request("/gibibyte.png"));
  let worst = 0;
  let goal = 0;
  for (let count = 0; count < 100; count += 1) {
    goal += 10 * MEBIBYTE;
    slow.resume();
    await untilMore(slow, goal);
    slow.pause();
    worst = Math.max(worst, memoryBytes(server, "VmRSS") - base);
  }
  slow.terminate();
  tell("1 GiB to a client that pauses: memory above the base, at most", mebibytes(worst));
  const socket = await connect(server);
  const chunk = Buffer.alloc(MEBIBYTE, "x");
  socket.write(`PUT /new.txt HTTP/1.1\r\nHost: x\r\nContent-Length: ${GIBIBYTE}\r\n\r\n`);
  const before = memoryBytes(server, "VmRSS");
  let above = 0;
  for (let sent = 0; sent < GIBIBYTE;) {
    const offset = sent % MEBIBYTE;
    const taken = socket.write(chunk, offset, Math.min(MEBIBYTE - offset, GIBIBYTE - sent));
    sent += taken;
    if (taken < MEBIBYTE - offset) await Bun.sleep(1);
    if (offset === 0) above = Math.max(above, memoryBytes(server, "VmRSS") - before);
  }
  await untilMore(socket, 1);
  tell("1 GiB uploaded: memory above the base, at most", mebibytes(above));
  socket.terminate();
}

async function measureFlood(server: NetfileServer): Promise<void> {
  const ranges = `Range: bytes=${Array.from({ length: 100 }, (_, i) => `${i * 9_000}-${i * 9_000 + 1}`).join(",")}\r\n`;
  const floods: readonly (readonly [string, string])[] = [
    ["HEADs", request("/a.txt").replace("GET", "HEAD")],
    ["GETs of 1 MiB", request("/mebibyte.png")],
    ["GETs of 100 ranges", request("/mebibyte.png", ranges)],
  ];
  for (const [name, text] of floods) {
    const base = memoryBytes(server, "VmRSS");
    const sockets = await connectMany(server, 100);
    const bytes = Buffer.from(text.repeat(Math.ceil(MEBIBYTE / text.length)));
    for (const socket of sockets) {
      socket.pause();
      socket.write(bytes);
    }
    await Bun.sleep(2_000);
    const each = (memoryBytes(server, "VmRSS") - base) / sockets.length;
    tell(
      `100 clients send 1 MiB of ${name} and don't read: memory for each`,
      `${(each / 1024).toFixed(0)} KiB`,
    );
    for (const socket of sockets) socket.terminate();
    await Bun.sleep(300);
  }
}

async function run(sections: readonly string[]): Promise<void> {
  const mebibyte = noise(MEBIBYTE, 7);
  using folder = new ScratchFolder({ "a.txt": "hello", "mebibyte.png": mebibyte });
  Bun.spawnSync(["truncate", "-s", String(GIBIBYTE), folder.at("gibibyte.png")]);
  const parts: readonly (readonly [string, (server: NetfileServer) => Promise<void>])[] = [
    ["idle", measureIdle],
    ["crowd", (server) => measureCrowd(server, sha256(mebibyte))],
    ["slowloris", measureSlowloris],
    ["large", measureLarge],
    ["flood", measureFlood],
  ];
  for (const [name, measure] of parts) {
    if (sections.length > 0 && !sections.includes(name)) continue;
    await using server = await startNetfile(["0", "--quiet", "--upload"], { cwd: folder.path });
    await warmUp(server);
    tell(`**${name}**: memory before`, mebibytes(memoryBytes(server, "VmRSS")));
    await measure(server);
  }
}

await run(process.argv.slice(2));
process.exit(0);
