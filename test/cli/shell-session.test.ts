import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";

import { Log } from "../../src/cli/log.ts";
import { readLines, runBatch } from "../../src/cli/shell-batch.ts";
import { ShellSession } from "../../src/cli/shell-session.ts";
import type { RemoteActions, ShellOptions } from "../../src/cli/shell-session.ts";
import { formatEntries } from "../../src/cli/shell-listing.ts";
import type { Answer } from "../../src/client/download.ts";
import { readFolderListing } from "../../src/client/folder-listing.ts";
import { formatRemoteUrl } from "../../src/client/origin.ts";
import type { RemoteUrl } from "../../src/client/origin.ts";
import { TransferError } from "../../src/client/transfer-error.ts";
import { makeSession, makeTemporaryFolder } from "../support/client-session.ts";
import type { TemporaryFolder } from "../support/client-session.ts";
import { fakeTerminal } from "../support/fake-terminal.ts";
import type { FakeTerminal } from "../support/fake-terminal.ts";
import { hear, startScriptedServer, tell } from "../support/scripted-server.ts";

const PHASES = { resolveMs: 0, connectMs: 0, firstByteMs: 1, transferMs: 1 };

function answerFor(url: RemoteUrl): Answer {
  return {
    status: 200,
    reason: "OK",
    url,
    mediaType: "text/plain",
    totalBytes: 5,
    connection: {
      hostName: "localhost",
      endpoint: {
        peerAddress: "127.0.0.1",
        peerPort: 8080,
        localAddress: "127.0.0.1",
        localPort: 5,
        family: "IPv4",
      },
      timeoutMs: 19_000,
      rttUs: 45,
      software: "netfile",
      isReused: true,
    },
  };
}

/** Stands in for the network: says what it was asked, and fails for names that tell it to. */
class FakeRemote implements RemoteActions {
  readonly asked: string[] = [];
  unusable: readonly string[] = [];

  readonly download: RemoteActions["download"] = async (_session, { url, destination, onAnswer, force }) => {
    const to = destination.kind === "path" ? destination.path : "-";
    this.asked.push(`GET ${formatRemoteUrl(url)} > ${to}${force ? " by force" : ""}`);
    this.#failIfTold(url);
    const answer = answerFor(url);
    onAnswer?.(answer);
    if (destination.kind === "consumer") await destination.consume(new TextEncoder().encode("page\n"));
    const savedPath = destination.kind === "path" ? to : undefined;
    return {
      answer,
      savedPath,
      bodyBytes: 5,
      phases: PHASES,
      proof: "length",
      provenBy: undefined,
      attempts: 1,
      resumedBytes: 0,
      receivedBytes: 5,
      connections: 1,
      isUnchanged: false,
      rtt: undefined,
    };
  };

  readonly upload: RemoteActions["upload"] = async (_session, { url, path, method, onAnswer }) => {
    this.asked.push(`${method} ${formatRemoteUrl(url)} < ${path}`);
    this.#failIfTold(url);
    const answer = answerFor(url);
    onAnswer?.(answer);
    return { answer, savedAs: url.target, bodyBytes: 5, phases: PHASES, resumedBytes: 0 };
  };

  readonly readFolderListing: RemoteActions["readFolderListing"] = async (_session, url) => {
    this.asked.push(`LIST ${formatRemoteUrl(url)}`);
    this.#failIfTold(url);
    const entries = [
      { name: "sub", kind: "folder", sizeBytes: undefined, modifiedMs: undefined },
      {
        name: "a\u001b.txt",
        kind: "file",
        sizeBytes: 1200,
        modifiedMs: new Date(2026, 0, 2, 3, 4).getTime(),
      },
    ] as const;
    return { url, entries, unusable: this.unusable };
  };

  #failIfTold({ target }: RemoteUrl): void {
    const status = /(\d{3})/.exec(target)?.[1];
    if (status !== undefined)
      throw new TransferError("answer", `It answered ${status}`, { status: Number(status) });
  }
}

function optionsFor(actions: RemoteActions): ShellOptions {
  const log = new Log(terminal.err);
  return {
    server: { host: "localhost", port: 8080, folder: "/" },
    session: makeSession(),
    actions,
    settings: { terminal, log, clientLog: undefined, telling: "line" },
    force: false,
    localFolder: folder.path,
  };
}

let folder: TemporaryFolder;
let terminal: FakeTerminal;
let remote: FakeRemote;
let shell: ShellSession;

beforeEach(() => {
  folder = makeTemporaryFolder();
  terminal = fakeTerminal();
  remote = new FakeRemote();
  shell = new ShellSession(optionsFor(remote));
});

afterEach(() => folder.remove());

/** Runs a script and answers with its exit code. */
async function run(
  script: string,
  options: { readonly keepGoing?: boolean; readonly isQuiet?: boolean } = {},
): Promise<number> {
  const signal = new AbortController().signal;
  return runBatch(readLines(chunked(script)), {
    keepGoing: options.keepGoing ?? false,
    isQuiet: options.isQuiet ?? false,
    log: new Log(terminal.err),
    output: terminal.err,
    run: (command) => shell.run(command, signal),
  });
}

/** The script byte by byte, the worst way a pipe can give it. */
async function* chunked(text: string): AsyncGenerator<Uint8Array> {
  for (const byte of new TextEncoder().encode(text)) yield Uint8Array.of(byte);
}

describe("a script", () => {
  test("is done line by line, as old request files are written (row 5)", async () => {
    const code = await run(
      "\ufeffGET server/a.txt\r\n\r\n# comment\nPOST client/b.txt\nput 'a b' sub/\nget ä.txt x/",
    );
    expect(remote.asked).toEqual([
      `GET http://localhost:8080/server/a.txt > ${folder.path}`,
      `POST http://localhost:8080/b.txt < ${folder.at("client/b.txt")}`,
      `PUT http://localhost:8080/sub/a%20b < ${folder.at("a b")}`,
      `GET http://localhost:8080/%C3%A4.txt > ${folder.at("x")}/`,
    ]);
    expect(code).toBe(0);
    expect(terminal.err.text).toEndWith("4 requests: 4 done, 0 failed\n");
  });

  test("ends at the first failure, with its exit code", async () => {
    expect(await run("get a\nget 404\nget b\n")).toBe(3);
    expect(remote.asked).toHaveLength(2);
    expect(terminal.err.text).toContain("error: It answered 404\n");
    expect(terminal.err.text).toContain("error: Line 2 failed: get 404\n");
    expect(terminal.err.text).toEndWith("2 requests: 1 done, 1 failed\n");
  });

  test("goes on after failures when told to, and keeps the first exit code", async () => {
    expect(await run("get 503\nget 404\nbogus\nget a\n", { keepGoing: true })).toBe(7);
    expect(remote.asked).toHaveLength(3);
    expect(terminal.err.text).toContain('error: Line 3: There is no command "bogus"');
    expect(terminal.err.text).toEndWith("4 requests: 1 done, 3 failed\n");
  });

  test("ends at a line that can't be understood", async () => {
    expect(await run("get 'a\nget b\n")).toBe(2);
    expect(remote.asked).toEqual([]);
  });

  test("ends at quit", async () => {
    expect(await run("get a\nQUIT\nget b\n")).toBe(0);
    expect(remote.asked).toHaveLength(1);
  });

  test("says nothing but errors when told to be quiet", async () => {
    expect(await run("get 404", { isQuiet: true })).toBe(3);
    expect(terminal.err.text).not.toContain("requests:");
  });

  test("is refused when a line never ends", async () => {
    const endless = (async function* () {
      for (;;) yield new Uint8Array(10_000).fill(0x61);
    })();
    const lines = readLines(endless);
    expect(async () => lines.next()).toThrow("A line is longer than 64 KiB");
  });
});

describe("ShellSession", () => {
  const { signal } = new AbortController();

  test("prints the default page, and what is sent to -", async () => {
    await run("get\nget a.txt -\n");
    expect(terminal.out.text).toBe("page\npage\n");
  });

  test("replaces files where it is told to, and takes no flag for a name", async () => {
    expect(await run("get a.txt --force\nGET -f b.txt\nget c.txt\n")).toBe(0);
    expect(await run("get a.txt --froce\n")).toBe(2);
    expect(remote.asked).toEqual([
      `GET http://localhost:8080/a.txt > ${folder.path} by force`,
      `GET http://localhost:8080/b.txt > ${folder.path} by force`,
      `GET http://localhost:8080/c.txt > ${folder.path}`,
    ]);
  });

  test("keeps the folder it is in, there and here", async () => {
    mkdirSync(folder.at("here"));
    expect(await run("cd sub/dir\nlcd here\nget a.txt\nput b.txt\ncd ..\nls\ncd\nget c.txt\n")).toBe(0);
    expect(remote.asked).toEqual([
      "LIST http://localhost:8080/sub/dir/",
      `GET http://localhost:8080/sub/dir/a.txt > ${folder.at("here")}`,
      `PUT http://localhost:8080/sub/dir/b.txt < ${folder.at("here/b.txt")}`,
      "LIST http://localhost:8080/sub/",
      "LIST http://localhost:8080/sub/",
      "LIST http://localhost:8080/",
      `GET http://localhost:8080/c.txt > ${folder.at("here")}`,
    ]);
  });

  test("does not go where the server refuses", async () => {
    expect(await shell.run({ kind: "cd", path: "404" }, signal)).toBe(3);
    expect(shell.folder).toBe("/");
  });

  test("goes where a server without listings might have a folder", async () => {
    expect(await shell.run({ kind: "cd", path: "200" }, signal)).toBe(0);
    expect(shell.folder).toBe("/200/");
  });

  test("does not go to a folder that isn't here", async () => {
    expect(await shell.run({ kind: "lcd", folder: "nowhere" }, signal)).toBe(2);
    expect(shell.localFolder).toBe(folder.path);
    expect(terminal.err.text).toContain("There is no folder");
  });

  test("shows the panel, asking once when nothing was asked before", async () => {
    await run("info\ninfo\n");
    expect(remote.asked).toEqual(["GET http://localhost:8080/ > -"]);
    expect(terminal.err.text.match(/RTT {7}45 µs/g)).toHaveLength(2);
  });

  test("lists names so that they are harmless, and remembers them for completion", async () => {
    await run("ls\n");
    expect(terminal.out.text).toContain("sub/\n");
    expect(terminal.out.text).toContain("a\\x1b.txt\n");
    expect(await shell.entriesOf("/")).toHaveLength(2);
    expect(remote.asked).toEqual(["LIST http://localhost:8080/"]);
  });

  test("tells of names in a listing that are none", async () => {
    remote.unusable = ["../\u001bx"];
    await run("ls\n");
    expect(terminal.out.text).toContain("sub/\n");
    expect(terminal.err.text).toContain('"../\\x1bx" is left out: the name would lead out of the folder');
  });

  test("lists a folder once for completion, and what can't be listed is nothing", async () => {
    expect(await shell.entriesOf("/sub/")).toHaveLength(2);
    expect(await shell.entriesOf("/sub/")).toHaveLength(2);
    expect(await shell.entriesOf("/404/")).toEqual([]);
    expect(remote.asked).toEqual(["LIST http://localhost:8080/sub/", "LIST http://localhost:8080/404/"]);
  });

  test.each(["ls", "cd"] as const)(
    "ends an interrupted %s with 130, whatever the server does",
    async (kind) => {
      const controller = new AbortController();
      const silent = startScriptedServer([[hear, tell(() => controller.abort())]]);
      const session = makeSession({ silenceMs: 600_000 });
      const listing = new ShellSession({
        ...optionsFor(remote),
        server: { host: "127.0.0.1", port: silent.port, folder: "/" },
        session,
        actions: { download: remote.download, upload: remote.upload, readFolderListing },
      });
      expect(await listing.run({ kind, path: undefined }, controller.signal)).toBe(130);
      expect(terminal.err.text).toContain("Interrupted");
      session.close();
      silent.stop();
    },
  );

  test("explains itself", async () => {
    await run("help\n");
    expect(terminal.err.text).toContain("put FILE [PATH]");
  });
});

describe("formatEntries()", () => {
  test("aligns sizes and dates", () => {
    const modifiedMs = new Date(2026, 0, 2, 3, 4).getTime();
    expect(
      formatEntries([
        { name: "sub", kind: "folder", sizeBytes: undefined, modifiedMs: undefined },
        { name: "a.txt", kind: "file", sizeBytes: 1200, modifiedMs },
      ]),
    ).toBe(`${" ".repeat(27)}sub/\n 1.2 kB  2026-01-02 03:04  a.txt\n`);
  });
});
