/**
 * Many clients at once: everybody gets every byte, and the server's memory stays where it was.
 */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { startNetfile } from "../support/netfile-binary.ts";
import { noise, ScratchFolder, sha256 } from "../support/scratch-folder.ts";

setDefaultTimeout(120_000);

const CLIENTS = 200;
const MEBIBYTE = noise(1024 * 1024, 7);

const site = new ScratchFolder({ "mebibyte.png": MEBIBYTE });
afterAll(() => site[Symbol.dispose]());

describe(`${CLIENTS} clients at once`, () => {
  test("each on a connection of its own get all bytes right", async () => {
    await using server = await startNetfile(["0", "--quiet"], { cwd: site.path });
    const wanted = sha256(MEBIBYTE);
    const digests = await Promise.all(Array.from({ length: CLIENTS }, () => digestOf(server.port)));
    expect(new Set(digests)).toEqual(new Set([wanted]));
    expect(digests).toHaveLength(CLIENTS);
    if (process.platform === "linux") expect(peakMemoryBytes(server.pid)).toBeLessThan(250 * 1024 * 1024);
  });

  test("that ask for what is not there all get their answer", async () => {
    await using server = await startNetfile(["0", "--quiet"], { cwd: site.path });
    const statuses = await Promise.all(
      Array.from(
        { length: CLIENTS },
        async (_, index) => (await fetch(`${server.url}/absent-${index}.txt`)).status,
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([404]));
  });
});

/** Fetches the file over a connection of its own and gives the content's SHA-256. */
async function digestOf(port: number): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let head: Buffer = Buffer.alloc(0);
  let isBody = false;
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_, chunk) {
        head = isBody ? chunk : Buffer.concat([head, chunk]);
        const end = isBody ? -4 : head.indexOf("\r\n\r\n");
        isBody ||= end >= 0;
        if (isBody) hash.update(head.subarray(end + 4));
      },
      close: () => resolve(hash.digest("hex")),
      error: (_, error) => reject(error),
    },
  });
  socket.write("GET /mebibyte.png HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  return promise;
}

/** The largest resident set so far (proc_pid_status(5), VmHWM). */
function peakMemoryBytes(pid: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}
