/**
 * The access log where containers and services want it: on the server's own standard output.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { cleanEnvironment, netfileBinary } from "../support/netfile-binary.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

setDefaultTimeout(60_000);

const REQUESTS = 20;
const LOG_LINE = /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/a\.txt HTTP\/1\.1" 200 1 "-" "[^"]*"$/;

/** `netfile serve` of a folder with `a.txt`, logging to its standard output. */
async function serveCommand(folder: ScratchFolder, words: readonly string[]): Promise<string[]> {
  folder.write("site/a.txt", "a");
  return [await netfileBinary(), "serve", "0", folder.at("site"), "--log-file", "/dev/stdout", ...words];
}

/** Waits until `read` shows the server's address, and asks it so many times. */
async function ask(read: () => string): Promise<void> {
  const url = await waitFor(() => /http:\/\/127\.0\.0\.1:\d+\//.exec(read())?.[0]);
  for (let count = 0; count < REQUESTS; count += 1) {
    expect(await (await fetch(`${url}a.txt`, { keepalive: false })).text()).toBe("a");
  }
}

async function waitFor<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await Bun.sleep(10);
  }
}

function logLines(output: string): readonly string[] {
  return output.split("\n").filter((line) => LOG_LINE.test(line));
}

describe.skipIf(process.platform !== "linux")("--log-file /dev/stdout", () => {
  test.each([
    ["alone", ["--quiet"]],
    ["beside the lines for people", []],
    ["from two workers", ["--quiet", "--workers", "2"]],
  ])("into a file, %s: every line is there, whole", async (_, words) => {
    using folder = new ScratchFolder();
    const fd = openSync(folder.write("out", ""), "w");
    const command = await serveCommand(folder, words);
    await using server = Bun.spawn(command, {
      env: cleanEnvironment(folder.path),
      stdio: ["ignore", fd, "inherit"],
    });
    await ask(() => folder.text("out"));
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    closeSync(fd);
    const output = folder.text("out");
    expect(logLines(output)).toHaveLength(REQUESTS);
    expect(output).not.toContain("\0");
    if (words.length === 0) expect(output).toContain("\nEnded.\n");
  });

  test("into a socket, as services have it", async () => {
    using folder = new ScratchFolder();
    const command = await serveCommand(folder, ["--quiet"]);
    // This runtime gives a child a socket where others give it a pipe.
    await using server = Bun.spawn(command, {
      env: cleanEnvironment(folder.path),
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    const reading = (async () => {
      for await (const text of server.stdout.pipeThrough(new TextDecoderStream())) output += text;
    })();
    await ask(() => output);
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    await reading;
    expect(logLines(output)).toHaveLength(REQUESTS);
  });

  test.each([
    ["one process", []],
    ["two workers", ["--workers", "2"]],
  ])("into a pipe, from %s", async (_, words) => {
    using folder = new ScratchFolder();
    const command = await serveCommand(folder, ["--quiet", ...words]);
    const script = '{ "$@" & echo $! > pid; wait; } | cat > out';
    await using shell = Bun.spawn(["sh", "-c", script, "sh", ...command], {
      cwd: folder.path,
      env: cleanEnvironment(folder.path),
      stdio: ["ignore", "ignore", "inherit"],
    });
    await ask(() => (folder.has("out") ? folder.text("out") : ""));
    process.kill(Number(folder.text("pid")), "SIGTERM");
    await shell.exited;
    expect(logLines(folder.text("out"))).toHaveLength(REQUESTS);
  });
});
