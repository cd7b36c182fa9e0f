/** The program on a pseudo-terminal: the box, the prompt with history and completion, the progress bar, Ctrl-C. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { makeTemporaryFolder } from "../support/client-session.ts";
import type { TemporaryFolder } from "../support/client-session.ts";
import { startSite } from "../support/running-site.ts";
import type { RunningSite } from "../support/running-site.ts";
import { hear, hearBody, say, startScriptedServer, waitFor } from "../support/scripted-server.ts";

setDefaultTimeout(60_000);

const MAIN = resolve(import.meta.dir, "../../src/main.ts");

/** A program on a terminal of 100 columns: what it has shown, and a keyboard. */
class Screen {
  text = "";
  readonly child: Bun.Subprocess;
  #wake: (() => void) | undefined;

  constructor(words: readonly string[], folder: TemporaryFolder) {
    this.child = Bun.spawn([process.execPath, MAIN, ...words], {
      cwd: folder.path,
      env: { PATH: process.env["PATH"] ?? "", HOME: folder.path, TERM: "xterm" },
      terminal: {
        cols: 100,
        rows: 30,
        data: (_terminal, bytes) => {
          this.text += new TextDecoder().decode(bytes);
          this.#wake?.();
        },
      },
    });
  }

  /** Waits until `pattern` is shown behind what was waited for before, and forgets what was shown up to it. */
  async waitFor(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.text);
      if (found !== null) {
        const shown = this.text.slice(0, found.index + found[0].length);
        this.text = this.text.slice(shown.length);
        return shown;
      }
      const { promise, resolve: wake } = Promise.withResolvers<void>();
      this.#wake = wake;
      await promise;
    }
  }

  type(keys: string): void {
    this.child.terminal?.write(keys);
  }
}

let folder: TemporaryFolder;
let site: RunningSite;
beforeEach(() => {
  folder = makeTemporaryFolder();
  site = startSite();
  mkdirSync(`${site.root}/server`);
  writeFileSync(`${site.root}/server/a.txt`, "hello\n");
});
afterEach(async () => {
  await site.stop();
  folder.remove();
});

describe.if(process.platform !== "win32")("on a terminal", () => {
  test("serve draws a box, and ends at Ctrl-C", async () => {
    const screen = new Screen(["serve", "0", site.root], folder);
    const shown = Bun.stripANSI(await screen.waitFor(/Ctrl-C ends the server/));
    expect(shown).toMatch(/╭─+ netfile \d+\.\d+\.\d+ ─+╮/);
    expect(shown).toMatch(/│ +http:\/\/127\.0\.0\.1:\d+\/ +│/);
    screen.type("\u0003");
    await screen.waitFor(/Ended\./);
    expect(await screen.child.exited).toBe(0);
  });

  test("serve tells what it waits for after Ctrl-C, and ends at once at the second", async () => {
    const screen = new Screen(["serve", "0", site.root, "--upload"], folder);
    const shown = await screen.waitFor(/Ctrl-C ends the server/);
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(shown)?.[1]);
    const begun = Promise.withResolvers<void>();
    const halfSent = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data: () => begun.resolve() },
    });
    halfSent.write("PUT /half.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    await begun.promise;
    screen.type("\u0003");
    await screen.waitFor(/Waiting for 1 running answer, 10 s at most; Ctrl-C again ends at once/);
    screen.type("\u0003");
    expect(await screen.child.exited).toBe(130);
    halfSent.terminate();
  });

  test("shell asks, completes, fetches, and remembers", async () => {
    const screen = new Screen(["shell", "127.0.0.1", String(site.port)], folder);
    await screen.waitFor(/127\.0\.0\.1:\d+\/> /);
    // Nothing has been listed yet.
    screen.type("cd se\t");
    await screen.waitFor(/cd [^]*server\//);
    screen.type("\r");
    await screen.waitFor(/\/server\/> /);
    screen.type("get 'a\t");
    await screen.waitFor(/get 'a[^]*\.txt'/);
    screen.type("\r");
    await screen.waitFor(/Saved a\.txt — 6 B[^]*> /);
    screen.type("quti\r");
    await screen.waitFor(/did you mean "quit"\?[^]*> /);
    screen.type("half a line\u0003");
    await screen.waitFor(/\^C[^]*> /);
    screen.type("quit\r");
    expect(await screen.child.exited).toBe(0);
    expect(readFileSync(folder.at("a.txt"), "utf8")).toBe("hello\n");
    const history = readFileSync(folder.at(".local/state/netfile/history"), "utf8");
    expect(history).toBe("cd server/\nget 'a.txt'\nquti\nquit\n");
    expect(site.connections).toHaveLength(1);
  });

  test("get and the shell show a folder as names, not as markup", async () => {
    const get = new Screen(["get", "127.0.0.1", String(site.port)], folder);
    expect(await get.waitFor(/verified|announced|length only/)).toMatch(/\nserver\/\r\n/);
    expect(get.text).not.toContain("<");
    const shell = new Screen(["shell", "127.0.0.1", String(site.port)], folder);
    await shell.waitFor(/\/> /);
    shell.type("get\r");
    expect(await shell.waitFor(/Received/)).toMatch(/\nserver\/\r\n/);
    shell.type("quit\r");
    expect(await shell.child.exited).toBe(0);
  });

  test("shell goes on after Ctrl-C has ended a transfer, and ends at Ctrl-D", async () => {
    const { promise, resolve: goOn } = Promise.withResolvers<void>();
    const body = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345";
    const slow = startScriptedServer([[hear, say(body), waitFor(promise)]]);
    const screen = new Screen(["shell", "127.0.0.1", String(slow.port)], folder);
    await screen.waitFor(/\/> /);
    screen.type("get a.txt -\r");
    await screen.waitFor(/12345/);
    screen.type("\u0003");
    await screen.waitFor(/Interrupted[^]*\/> /);
    screen.type("\u0004");
    expect(await screen.child.exited).toBe(0);
    goOn();
    slow.stop();
  });

  test("get shows its progress after half a second, on one line", async () => {
    const { promise, resolve: goOn } = Promise.withResolvers<void>();
    const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345";
    const slow = startScriptedServer([
      [hear, say(head), waitFor(promise), say("6"), waitFor(Bun.sleep(900)), say("7890")],
    ]);
    const screen = new Screen(["get", "127.0.0.1", String(slow.port), "a.txt"], folder);
    await screen.waitFor(/status/);
    setTimeout(goOn, 600);
    const shown = await screen.waitFor(/length only/);
    expect(shown).toMatch(/\r\u001b\[K\/a\.txt +\d+ % {2}\[#+-*\] {2}\d+ B of 10 B/);
    expect(await screen.child.exited).toBe(0);
    slow.stop();
  });

  test("put - reads what is typed, and says how that ends", async () => {
    const taker = startScriptedServer([[hear, hearBody("hello\n".length), say("HTTP/1.1 204 \r\n\r\n")]]);
    const screen = new Screen(["put", "-", `http://127.0.0.1:${taker.port}/a.txt`], folder);
    await screen.waitFor(/Reading from the terminal: Ctrl-D ends the file, Ctrl-C sends nothing\./);
    screen.type("hello\r");
    await screen.waitFor(/hello/);
    screen.type("\u0004");
    await screen.waitFor(/Sent standard input — 6 B/);
    expect(await screen.child.exited).toBe(0);
    const other = new Screen(["put", "-", `http://127.0.0.1:${taker.port}/a.txt`], folder);
    await other.waitFor(/Reading from the terminal/);
    other.type("\u0003");
    await other.waitFor(/Interrupted; nothing was saved/);
    expect(await other.child.exited).toBe(130);
    taker.stop();
  });

  test("get shows no progress where it shows the content", async () => {
    const { promise, resolve: goOn } = Promise.withResolvers<void>();
    const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345";
    const slow = startScriptedServer([[hear, say(head), waitFor(promise), say("67890")]]);
    const screen = new Screen(["get", "127.0.0.1", String(slow.port), "a.txt", "-o", "-"], folder);
    const before = await screen.waitFor(/12345/);
    setTimeout(goOn, 900);
    const shown = await screen.waitFor(/\n/);
    expect(shown).toBe("67890\r\n");
    expect(before).not.toContain("\u001b[K");
    expect(await screen.child.exited).toBe(0);
    slow.stop();
  });

  test("get over several connections shows where each of them is", async () => {
    const content = Buffer.alloc(8 * 1024 * 1024, "x");
    writeFileSync(`${site.root}/large.txt`, content);
    const digest = new Bun.CryptoHasher("sha256").update(content).digest("hex");
    const words = ["get", "127.0.0.1", String(site.port), "large.txt"];
    const limits = ["-x", "4", "--limit-rate", "5M", "--checksum", `sha-256:${digest}`];
    const screen = new Screen([...words, ...limits], folder);
    await screen.waitFor(/\r\u001b\[K\/large\.txt +\d+ % {2}\[[#>]+-+[#>]+-[#>-]*\] {2}\S+ MB of 8\.4 MB/);
    await screen.waitFor(/sha-256 verified by you/);
    expect(await screen.child.exited).toBe(0);
  });
});
