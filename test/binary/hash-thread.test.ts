/**
 * The thread that hashes a large download, in the executable: it is found there and nowhere else, and ends with the program.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { cleanEnvironment, netfileBinary } from "../support/netfile-binary.ts";
import { noise, ScratchFolder } from "../support/scratch-folder.ts";
import { hear, say, type ScriptedServer, startScriptedServer, waitFor } from "../support/scripted-server.ts";

setDefaultTimeout(60_000);

const CONTENT = noise(12 * 1024 * 1024);
const SOON_BYTES = 10 * 1024 * 1024;
const DIGEST = new Bun.CryptoHasher("sha256").update(CONTENT).digest("base64");
/** Of zeros, for a file that takes no room on the disk. */
const GIBIBYTE = 1024 ** 3;
const GIBIBYTE_DIGEST = "Sbwg3xXkEqZEckIeE/6G/xxRZeGLKvzPFg1NwZ/mihQ=";
const ALARM = `await Bun.write(process.env.ALARM + "/alarm", "ran");`;

let server: ScriptedServer;
let rest: PromiseWithResolvers<void>;
let folder: ScratchFolder;
let alarm: ScratchFolder;
beforeEach(() => {
  rest = Promise.withResolvers<void>();
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${CONTENT.length}\r\nRepr-Digest: sha-256=:${DIGEST}:\r\n\r\n`;
  server = startScriptedServer([
    [
      hear,
      say(head),
      say(CONTENT.subarray(0, SOON_BYTES)),
      waitFor(rest.promise),
      say(CONTENT.subarray(SOON_BYTES)),
    ],
  ]);
  folder = new ScratchFolder();
  for (const name of ["hash-worker.ts", "hash-worker.js", "client/hash-worker.ts"]) folder.write(name, ALARM);
  alarm = new ScratchFolder();
});
afterEach(() => {
  rest.resolve();
  server.stop();
  folder[Symbol.dispose]();
  alarm[Symbol.dispose]();
});

/** Fetches, and waits until the thread is there. */
async function getUntilHashing() {
  const child = Bun.spawn([await netfileBinary(), "get", `http://127.0.0.1:${server.port}/a.bin`, "--json"], {
    cwd: folder.path,
    env: { ...cleanEnvironment(folder.path), ALARM: alarm.path },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  while (child.exitCode === null && !threadNames(child.pid).includes("Worker")) await Bun.sleep(5);
  return child;
}

function threadNames(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((id) => {
      return readFileSync(`/proc/${pid}/task/${id}/comm`, "utf8").trim();
    });
  } catch {
    // It ends just now, or one of them.
    return [];
  }
}

describe.skipIf(process.platform !== "linux")("the thread that hashes", () => {
  test("is in the executable, not in the current folder, and proves the content", async () => {
    const child = await getUntilHashing();
    rest.resolve();
    const told = JSON.parse(await child.stdout.text()) as Record<string, unknown>;
    expect(told).toMatchObject({ exitCode: 0, verifiedBy: "sha-256", provenBy: "server" });
    expect(folder.bytes("a.bin").equals(CONTENT)).toBe(true);
    expect(alarm.names()).toEqual([]);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("ends with the program upon %s", async (signal, code) => {
    const child = await getUntilHashing();
    child.kill(signal);
    expect(await child.exited).toBe(code);
    expect(folder.names().filter((name) => name.includes("a.bin"))).toEqual([]);
  });

  test("ends with the program while it compares a file that is there already", async () => {
    writeFileSync(folder.at("a.bin"), "");
    truncateSync(folder.at("a.bin"), GIBIBYTE);
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${GIBIBYTE}\r\nRepr-Digest: sha-256=:${GIBIBYTE_DIGEST}:\r\n\r\n`;
    server.stop();
    server = startScriptedServer([[hear, say(head)]]);
    const child = await getUntilHashing();
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
  });
});
