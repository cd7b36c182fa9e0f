/**
 * A load generator for machines without wrk, and the holder of idle connections; a program of its own, so that its work
 * is not the benchmark's:
 *
 *     bun load.ts drive '{"port":8080,…}'    prints a LoadResult when the time is over
 *     bun load.ts once '{"port":8080,…}'     the same, when each file has been asked for once
 *     bun load.ts hold PORT COUNT PATH       opens connections, asks once on each, says "ready", holds them until killed
 */
import type { Load, LoadResult, Requests } from "./wrk.ts";

type Client = { head: string; bodyLeft: number; turn: number; startMs: number };
type Peer = Bun.Socket<Client>;

if (import.meta.main) await main(process.argv.slice(2));

async function main([mode, ...words]: readonly string[]): Promise<void> {
  if (mode === "drive" || mode === "once") {
    const load = JSON.parse(words[0] ?? "") as Load & { port: number };
    console.log(JSON.stringify(await (mode === "drive" ? drive(load) : askOnce(load))));
    process.exit(0);
  }
  await hold(Number(words[0]), Number(words[1]), words[2] ?? "/");
  console.log("ready");
}

/** Runs {@link drive} in a process of its own. */
export function runLoad(port: number, load: Load): Promise<LoadResult> {
  return run("drive", { ...load, port });
}

/** Runs {@link askOnce} in a process of its own. */
export function runOnce(port: number, requests: Requests): Promise<LoadResult> {
  return run("once", { ...requests, port });
}

async function run(mode: "drive" | "once", order: object): Promise<LoadResult> {
  const command = [process.execPath, import.meta.path, mode, JSON.stringify(order)];
  const child = Bun.spawn(command, { stdout: "pipe" });
  return JSON.parse(await child.stdout.text()) as LoadResult;
}

/** Asks on `load.connections` connections at once, one request after the other on each. */
export async function drive(load: Load & { readonly port: number }): Promise<LoadResult> {
  const requests = Array.from({ length: load.count }, (_, index) => formatRequest(load, index));
  const times: number[] = [];
  let [bytes, failures] = [0, 0];
  const endMs = performance.now() + load.seconds * 1000;
  const ask = (socket: Peer): void => {
    socket.data = { ...socket.data, startMs: performance.now(), turn: socket.data.turn + 1 };
    socket.write(requests[socket.data.turn % requests.length] ?? "");
  };
  const open = async (turn: number): Promise<void> => {
    await connect(load.port, turn, {
      open: ask,
      onBytes: (count) => (bytes += count),
      onAnswer: (socket, status) => {
        times.push(performance.now() - socket.data.startMs);
        if (status >= 400) failures += 1;
        if (performance.now() >= endMs || load.closes) socket.end();
        else ask(socket);
      },
      onClose: ({ data }) => {
        if (performance.now() < endMs) void open(data.turn).catch(() => (failures += 1));
      },
    });
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: load.connections }, (_, index) => open(index)));
  await Bun.sleep(Math.max(0, endMs - performance.now()));
  return summarize(times, { bytes, failures, seconds: (performance.now() - startMs) / 1000 });
}

/** Asks for each file once, on `connections` at once. */
export async function askOnce(requests: Requests & { readonly port: number }): Promise<LoadResult> {
  const times: number[] = [];
  let [bytes, failures, next] = [0, 0, 0];
  const ask = (socket: Peer): void => {
    if (next >= requests.count) return void socket.end();
    socket.data = { ...socket.data, startMs: performance.now() };
    socket.write(formatRequest(requests, next));
    next += 1;
  };
  const open = async (): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    connect(requests.port, 0, {
      open: ask,
      onBytes: (count) => (bytes += count),
      onAnswer: (socket, status) => {
        times.push(performance.now() - socket.data.startMs);
        if (status >= 400) failures += 1;
        ask(socket);
      },
      onClose: () => resolve(),
    }).catch(reject);
    return promise;
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: requests.connections }, open));
  // What was asked and not answered.
  failures += next - times.length;
  return summarize(times, { bytes, failures, seconds: (performance.now() - startMs) / 1000 });
}

/** @param times of all requests, in ms. */
function summarize(
  times: readonly number[],
  sums: Pick<LoadResult, "bytes" | "failures" | "seconds">,
): LoadResult {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => (sorted[Math.floor(sorted.length * share)] ?? 0) * 1000;
  return { ...sums, requests: times.length, p50Us: at(0.5), p99Us: at(0.99) };
}

function formatRequest({ folder, closes, tags }: Requests, index: number): string {
  const tag = tags[index];
  const fields = ["Host: 127.0.0.1"];
  if (closes) fields.push("Connection: close");
  if (tag !== undefined) fields.push(`If-None-Match: ${tag}`);
  return `GET /${folder}/${index}.txt HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`;
}

type Handlers = {
  readonly open: (socket: Peer) => void;
  readonly onBytes: (count: number) => void;
  readonly onAnswer: (socket: Peer, status: number) => void;
  readonly onClose: (socket: Peer) => void;
};

function connect(port: number, turn: number, handlers: Handlers): Promise<Peer> {
  return Bun.connect<Client>({
    hostname: "127.0.0.1",
    port,
    data: { head: "", bodyLeft: 0, turn, startMs: 0 },
    socket: {
      open: handlers.open,
      data(socket, chunk) {
        handlers.onBytes(chunk.length);
        const status = readAnswer(socket.data, chunk);
        if (status !== undefined) handlers.onAnswer(socket, status);
      },
      close: handlers.onClose,
      error: () => undefined,
    },
  });
}

/** Reads on in an answer; its status when it is whole. Answers of files have a length, and 304 has no body. */
export function readAnswer(client: Client, chunk: Buffer): number | undefined {
  if (client.bodyLeft > 0) {
    client.bodyLeft -= chunk.length;
  } else {
    client.head += chunk.toString("latin1");
    const end = client.head.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const isEmpty = client.head.startsWith("304", 9);
    const length = isEmpty ? 0 : Number(/\r\ncontent-length: *(\d+)/i.exec(client.head)?.[1] ?? 0);
    client.bodyLeft = length - (client.head.length - end - 4);
  }
  if (client.bodyLeft > 0) return undefined;
  const status = Number(client.head.slice(9, 12));
  client.head = "";
  return status;
}

/** Opens `count` connections, a few hundred at a time, with one request and its answer on each. */
async function hold(port: number, count: number, path: string): Promise<void> {
  const BATCH = 250;
  for (let opened = 0; opened < count; opened += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - opened) }, () => holdOne(port, path));
    await Promise.all(batch);
  }
}

function holdOne(port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    connect(port, 0, {
      open: (socket) => void socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`),
      onBytes: () => undefined,
      onAnswer: () => resolve(),
      onClose: () => reject(new Error("The server has closed an idle connection")),
    }).catch(reject);
  });
}
