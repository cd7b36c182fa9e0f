/** `get` and `put` of many files as users run them, from the sources, against a real netfile server. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { resolve } from "node:path";

import { makeTemporaryFolder } from "../support/client-session.ts";
import type { TemporaryFolder } from "../support/client-session.ts";
import { startSite } from "../support/running-site.ts";
import type { RunningSite } from "../support/running-site.ts";
import { jsonListing, startRouteServer } from "../support/route-server.ts";
import { hear, say, startScriptedServer, waitFor } from "../support/scripted-server.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");

let folder: TemporaryFolder;
let site: RunningSite;
beforeEach(() => {
  folder = makeTemporaryFolder();
  site = startSite({ policy: { upload: { maxBytes: 1_000_000, onExist: "replace" } } });
  mkdirSync(`${site.root}/sub/deep`, { recursive: true });
  for (const name of ["a.txt", "b.txt", "sub/c.txt", "sub/deep/d.txt"]) {
    writeFileSync(`${site.root}/${name}`, name);
    utimesSync(`${site.root}/${name}`, 0, 1_700_000_000);
  }
});
afterEach(async () => {
  await site.stop();
  folder.remove();
});

type Ended = { readonly code: number; readonly out: string; readonly err: string };

async function run(words: readonly string[], stdin = ""): Promise<Ended> {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    cwd: folder.path,
    env: { PATH: process.env["PATH"] ?? "" },
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out, err };
}

const at = (path: string) => `http://127.0.0.1:${site.port}${path}`;
const text = (name: string) => readFileSync(folder.at(name), "utf8");

type Event = Record<string, unknown>;
const eventsOf = (out: string): Event[] =>
  out
    .trim()
    .split("\n")
    .map((line): Event => JSON.parse(line));

describe("netfile get of several URLs", () => {
  test("saves them all over a few connections, and sums up", async () => {
    const urls = ["/a.txt", "/b.txt", "/sub/c.txt", "/sub/deep/d.txt"].map(at);
    const { code, out, err } = await run(["get", ...urls, "here", "--jobs", "2"]);
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err).toMatch(/^Saved here\/a\.txt — 5 B/m);
    expect(err).toMatch(/^4 files, 33 B in .*\)\n$/m);
    expect(text("here/d.txt")).toBe("sub/deep/d.txt");
    expect(site.connections.length).toBeLessThanOrEqual(2);
  });

  test("reads a list from a file or from standard input", async () => {
    const list = `# all\n\n  ${at("/a.txt")}\r\n${at("/b.txt")}\n${at("/a.txt")}\n`;
    writeFileSync(folder.at("list"), list);
    expect((await run(["get", "-i", "list", "one", "-q"])).code).toBe(0);
    expect(
      (await run(["get", "-i", "-", "--output-template", "{host}/{n}-{name}", "-o", "two"], list)).code,
    ).toBe(0);
    expect([text("one/a.txt"), text("two/127.0.0.1/2-b.txt")]).toEqual(["a.txt", "b.txt"]);
  });

  test.each([
    [["-"], "can't be printed"],
    [["-o", "-"], "can't be printed"],
    [["-o", "out.txt"], '"out.txt" is none; end its name with a slash'],
  ])("refuses %j as the place of many", async (words, message) => {
    const { code, err } = await run(["get", at("/a.txt"), at("/b.txt"), ...words]);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(existsSync(folder.at("out.txt"))).toBe(false);
    expect(existsSync(folder.at("-"))).toBe(false);
  });

  test("a place that can't be looked at is told in a sentence", async () => {
    const name = `${"x".repeat(300)}.d`;
    const many = await run(["get", at("/a.txt"), at("/b.txt"), "-o", name]);
    expect([many.code, many.err]).toEqual([2, expect.stringContaining("is none; end its name with a slash")]);
    const tree = await run(["put", "-r", name, at("/up/")]);
    expect([tree.code, tree.err]).toEqual([6, expect.stringContaining("the name is too long")]);
  });

  test("makes a folder of any name with a slash at its end", async () => {
    expect((await run(["get", at("/a.txt"), at("/b.txt"), "-q", "-o", "out.d/"])).code).toBe(0);
    expect(text("out.d/a.txt")).toBe("a.txt");
  });

  test("does not save a folder's page where a file was named", async () => {
    const { code, err } = await run(["get", at("/sub"), at("/a.txt"), "some", "--keep-going"]);
    expect(code).not.toBe(0);
    expect(err).toContain("is a folder, or a page of its own");
    expect(existsSync(folder.at("some/sub"))).toBe(false);
    expect(text("some/a.txt")).toBe("a.txt");
  });

  test("tells of each event as one line of JSON", async () => {
    const { code, out } = await run([
      "get",
      "--json",
      "-j",
      "1",
      at("/a.txt"),
      at("/none.txt"),
      at("/b.txt"),
      ".",
    ]);
    expect(code).toBe(3);
    // A busy machine may be slow enough to tell of progress.
    const events = eventsOf(out).filter(({ event }) => event !== "progress");
    expect(events.map(({ event, n }) => [event, n])).toEqual([
      ["started", 1],
      ["finished", 1],
      ["started", 2],
      ["failed", 2],
      ["summary", undefined],
    ]);
    expect(events[1]).toMatchObject({ bytes: 5, status: 200, savedAs: folder.at("a.txt"), exitCode: 0 });
    expect(events[3]).toMatchObject({ status: 404, exitCode: 3 });
    expect(events[4]).toMatchObject({ transferred: 1, failed: 1, left: 1, bytes: 5, exitCode: 3 });
  });

  test("goes on after a failure with --keep-going, and ends with the code of the first", async () => {
    writeFileSync(folder.at("b.txt"), "mine");
    const { code, err } = await run(["get", "-k", "-j", "1", at("/none.txt"), at("/b.txt"), at("/a.txt")]);
    expect(code).toBe(3);
    expect(err).toMatch(/error: none\.txt: Cannot get .*404/);
    expect(err).toMatch(/error: b\.txt: .*exists already/);
    expect(err).toMatch(/^1 file, .* 2 failed$/m);
    expect([text("a.txt"), text("b.txt")]).toEqual(["a.txt", "mine"]);
  });

  test.each<[string[], string]>([
    [["http://h/a", "http://h/b/a"], 'Two of the URLs would be saved as "a"'],
    [["http://h/a", "x", "http://h/b"], '"x" is not a URL'],
    [["http://h/a", "http://h/b", "-o", "-"], "can't be printed"],
    [["http://h/a", "http://h/b", "--jobs", "0"], "not a number from 1 to 64"],
    [["http://h/a", "http://h/b", "--output-template", "../{name}"], "no name"],
    [["http://h/a", "--output-template", "{x}"], "There is no {x}"],
    [["http://h/a", "--delete"], "--delete goes with --recursive"],
    [["http://h/a", "-k"], "--keep-going is for several files"],
    [["-i", "-", "--dry-run"], "--dry-run goes with"],
    [["-i", "-"], "There is no URL"],
    [["-r", "http://h/"], "The folder to save to is missing"],
    [["-r", "http://h/", "d", "-i", "x"], "--input-file does not go with -r"],
    [["-r", "http://h/", "http://i/"], "With -r one folder is fetched at a time"],
    [["-r", "http://h/", "http://i/", "d"], "With -r one folder is fetched at a time"],
  ])("refuses %j with exit code 2", async (words, message) => {
    const { code, err } = await run(["get", ...words]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  test("tells of a list that is not there, with exit code 6", async () => {
    const { code, err } = await run(["get", "-i", "nowhere"]);
    expect([code, err]).toEqual([
      6,
      expect.stringContaining('Cannot read the list "nowhere": there is no such file or folder'),
    ]);
  });

  test("tells the line of a list that is no URL", async () => {
    const { code, err } = await run(["get", "-i", "-"], `${at("/a.txt")}\n\nftp://h/\n`);
    expect(code).toBe(2);
    expect(err).toContain("(line 3 of -)");
    expect(folder.names()).toEqual([]);
  });

  test("ends at Ctrl-C with 130 and the summary, and leaves nothing", async () => {
    const { promise, resolve: goOn } = Promise.withResolvers<void>();
    const slow = startScriptedServer([
      [hear, say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234"), waitFor(promise)],
    ]);
    const child = Bun.spawn(
      [process.execPath, MAIN, "get", "-j", "1", "--json", `http://127.0.0.1:${slow.port}/x`, at("/a.txt")],
      { cwd: folder.path, stdout: "pipe", stderr: "ignore" },
    );
    while (slow.saidBytes === 0) await Bun.sleep(5);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    goOn();
    expect(eventsOf(await child.stdout.text()).at(-1)).toMatchObject({
      event: "summary",
      left: 1,
      exitCode: 130,
    });
    expect(existsSync(folder.at("x"))).toBe(false);
    slow.stop();
  });

  test.each([
    ["files", ["/x", "/y", "/z"], { failed: 2, left: 1 }],
    ["a folder", ["-r", "/", "here"], { failed: 0, left: 0 }],
  ])(
    "--max-time ends %s with the code and the sentence of a time limit, said once",
    async (_what, words, counts) => {
      const silent = startScriptedServer([[hear], [hear]]);
      const urls = words.map((word) =>
        word.startsWith("/") ? `http://127.0.0.1:${silent.port}${word}` : word,
      );
      const { code, out, err } = await run(["get", "-j", "2", "--json", "--max-time", "0.5", ...urls]);
      const message = "The transfer took longer than the 0.5 s that --max-time allows";
      expect(err.trim().split("\n")).toEqual([
        expect.stringContaining(`${message}; the same command goes on from here`),
      ]);
      const events = eventsOf(out);
      for (const failed of events.filter(({ event }) => event === "failed"))
        expect(failed).toMatchObject({ exitCode: 4, error: { message } });
      expect(events.at(-1)).toMatchObject({ event: "summary", ...counts, exitCode: 4 });
      expect(code).toBe(4);
      silent.stop();
    },
  );
});

describe("netfile get -r", () => {
  test("tells that there is no folder of the name: it may be a file's", async () => {
    const { code, err } = await run(["get", "-r", at("/a.txt"), "m"]);
    expect(code).toBe(3);
    expect(err).toContain(
      `error: There is no folder ${at("/a.txt/")} (404 Not Found); check its name, or leave -r out`,
    );
    const { out } = await run(["get", "-r", at("/a.txt"), "m", "--json"]);
    expect(eventsOf(out)[0]).toMatchObject({
      event: "failed",
      name: at("/a.txt/"),
      url: at("/a.txt/"),
      exitCode: 3,
    });
    const put = await run(["put", "-r", "none", at("/up")]);
    expect([put.code, put.err]).toEqual([
      6,
      expect.stringMatching(/^netfile: error: Cannot read ".*none": there is no/),
    ]);
  });

  test("mirrors a folder with its dates, and fetches only what changed", async () => {
    expect((await run(["get", "-r", at("/"), "m"])).code).toBe(0);
    expect(text("m/sub/deep/d.txt")).toBe("sub/deep/d.txt");
    expect(statSync(folder.at("m/a.txt")).mtimeMs).toBe(1_700_000_000_000);
    writeFileSync(`${site.root}/b.txt`, "other");
    const { code, err } = await run(["get", "-r", "127.0.0.1", String(site.port), "/", "m"]);
    expect(code).toBe(0);
    expect(err).toMatch(/^Saved m\/b\.txt .*\n1 file, .*, 3 unchanged\n$/);
  });

  test("--dry-run changes nothing; --delete removes what the server lacks, and no more", async () => {
    const outside = makeTemporaryFolder();
    writeFileSync(outside.at("precious.txt"), "precious");
    await run(["get", "-r", at("/sub"), "m"]);
    mkdirSync(folder.at("m/old"));
    for (const name of ["old/x.txt", "extra.txt", ".env"]) writeFileSync(folder.at(`m/${name}`), "x");
    symlinkSync(outside.path, folder.at("m/link"));
    writeFileSync(`${site.root}/sub/new.txt`, "new");
    const dry = await run(["get", "-r", at("/sub/"), "m", "--delete", "--dry-run"]);
    expect(dry.code).toBe(0);
    expect(dry.err.split("\n").filter((line) => line.startsWith("Would"))).toEqual([
      "Would fetch new.txt",
      "Would delete extra.txt",
      "Would delete link",
      "Would delete old/x.txt",
      "Would delete old/",
    ]);
    expect(existsSync(folder.at("m/new.txt"))).toBe(false);
    expect(existsSync(folder.at("m/extra.txt"))).toBe(true);
    expect((await run(["get", "-r", at("/sub/"), "m", "--delete"])).code).toBe(0);
    expect([...new Bun.Glob("**").scanSync({ cwd: folder.at("m"), dot: true })].sort()).toEqual([
      ".env",
      "c.txt",
      "deep/d.txt",
      "new.txt",
    ]);
    expect(outside.names()).toEqual(["precious.txt"]);
    outside.remove();
  });

  test("CVE-2014-4877, zip-slip: bad names are told and skipped, with exit code 6, and nothing is deleted", async () => {
    const hello = { body: "hello" };
    const names = ["../evil.txt", "/etc/evil", "..\\evil", "x".repeat(300), "ok.txt", "\u001b[1A.txt"];
    const server = startRouteServer({
      "/": jsonListing(names.map((name) => ({ name, kind: "file", size: 5 }))),
      "/ok.txt": hello,
      "/%1B[1A.txt": hello,
      "/%1B%5B1A.txt": hello,
    });
    mkdirSync(folder.at("m"));
    writeFileSync(folder.at("m/old.txt"), "old");
    const { code, err } = await run(["get", "-r", server.url("/"), "m", "--delete"]);
    await server.stop();
    expect(code).toBe(6);
    for (const name of ["../evil.txt", "/etc/evil", "..\\evil", "xxx"])
      expect(err).toContain(`error: ${name}`);
    expect(err).not.toContain("\u001b");
    expect(err).toContain("Nothing was deleted");
    expect(folder.names()).toEqual(["m"]);
    expect([...new Bun.Glob("**").scanSync({ cwd: folder.at("m") })].sort()).toEqual([
      "\u001b[1A.txt",
      "ok.txt",
      "old.txt",
    ]);
  });

  test("CVE-2014-4877: writes through no link that is in the folder", async () => {
    const outside = makeTemporaryFolder();
    mkdirSync(folder.at("m"));
    symlinkSync(outside.path, folder.at("m/sub"));
    const { code, err } = await run(["get", "-r", at("/"), "m"]);
    expect(code).toBe(6);
    expect(err).toContain("what is there is not a folder");
    expect(outside.names()).toEqual([]);
    expect(text("m/a.txt")).toBe("a.txt");
    outside.remove();
  });

  test("goes on after a file that is refused, but not without a network", async () => {
    const files = ["a", "b", "c"].map((name) => ({ name, kind: "file", size: 5 }));
    const server = startRouteServer({
      "/": jsonListing(files),
      "/a": { status: 403 },
      "/b": { status: 503 },
      "/c": {},
    });
    const url = server.url("/");
    const { code, err } = await run(["get", "-r", url, "m", "-j", "1", "--retries", "0"]);
    expect(code).toBe(3);
    expect(err).toMatch(/^1 file, .* 2 failed$/m);
    await server.stop();
    expect((await run(["get", "-r", url, "m"])).code).toBe(4);
  });

  test("a page that is no listing is told", async () => {
    const server = startRouteServer({
      "/": { body: "<title>Hi</title>", fields: { "Content-Type": "text/html" } },
    });
    const { code, err } = await run(["get", "-r", server.url("/"), "m"]);
    await server.stop();
    expect(code).toBe(1);
    expect(err).toContain("a page of its own");
  });
});

describe("netfile put of several files", () => {
  const NAMES = ["1.txt", "2.txt", "3.txt", "4.txt"];
  beforeEach(() => {
    mkdirSync(folder.at("in"));
    for (const name of NAMES) writeFileSync(folder.at(`in/${name}`), `new ${name}`);
  });
  const paths = NAMES.map((name) => `in/${name}`);

  test("sends them all under their own names, over a few connections, and sums up", async () => {
    const { code, out, err } = await run(["put", ...paths, at("/up/"), "--jobs", "2"]);
    expect({ code, out, err }).toMatchObject({ code: 0, out: "" });
    expect(err).toMatch(/^Sent in\/1\.txt — 9 B/m);
    expect(err).toMatch(/^4 files, 36 B in .*\)\n$/m);
    for (const name of NAMES) expect(readFileSync(`${site.root}/up/${name}`, "utf8")).toBe(`new ${name}`);
    expect(site.connections.length).toBeLessThanOrEqual(2);
  });

  test("ends with the first failure, and with --keep-going at the end, with its exit code", async () => {
    const words = ["put", "in/1.txt", "in/none.txt", "in/3.txt", at("/up/"), "--jobs", "1"];
    const first = await run(words);
    expect(first.code).toBe(6);
    expect(first.err).toContain("none.txt");
    expect(existsSync(`${site.root}/up/1.txt`)).toBe(true);
    expect(existsSync(`${site.root}/up/3.txt`)).toBe(false);
    expect((await run([...words, "--keep-going"])).code).toBe(6);
    expect(existsSync(`${site.root}/up/3.txt`)).toBe(true);
  });

  test.each([
    ["put", []],
    ["post", ["--post"]],
  ])("writes one event a line with --json, of %s", async (command, flags) => {
    const { code, out } = await run(["put", "in/1.txt", "in/2.txt", at("/up/"), "--json", ...flags]);
    expect(code).toBe(0);
    const finished = eventsOf(out).filter(({ event }) => event === "finished");
    expect(finished.map((event) => event["command"])).toEqual([command, command]);
    expect(eventsOf(out).at(-1)).toMatchObject({ event: "summary", transferred: 2, failed: 0, exitCode: 0 });
  });

  test.each<[string[], string]>([
    [["a.txt", "b.txt", "http://h/up"], "Several files go into a folder; end the URL with a slash"],
    [["a.txt", "in/a.txt", "http://h/"], 'Two of the files are named "a.txt"'],
    [["a.txt", "http://h/", "http://h/"], "The files come first"],
    [["a.txt", "b.txt", "ftp://h/"], "ftp"],
    [["a.txt", "b.txt", "http://h/", "--dry-run"], "--dry-run goes with --recursive"],
  ])("refuses %j with exit code 2", async (words, message) => {
    const { code, err } = await run(["put", ...words]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe("netfile put -r", () => {
  beforeEach(() => {
    mkdirSync(folder.at("in/x"), { recursive: true });
    for (const name of ["1.txt", "x/2.txt", ".hidden", "x/tool.exe"])
      writeFileSync(folder.at(`in/${name}`), name);
  });

  test("sends what the server lacks, tells what it refuses, and sends nothing twice", async () => {
    const first = await run(["put", "-r", "in", at("/up")]);
    expect(first.code).toBe(3);
    expect(first.err).toContain("Skipped .hidden: it is hidden");
    expect(first.err).toMatch(/error: x\/tool\.exe: Cannot upload .*403/);
    expect(first.err).toMatch(/^2 files, .*, 1 skipped, 1 failed$/m);
    expect(readFileSync(`${site.root}/up/x/2.txt`, "utf8")).toBe("x/2.txt");
    writeFileSync(folder.at("in/1.txt"), "2.txt");
    const second = await run(["put", "-r", "127.0.0.1", String(site.port), "in", "up", "--json"]);
    expect(eventsOf(second.out).at(-1)).toMatchObject({
      transferred: 1,
      unchanged: 1,
      skipped: 1,
      failed: 1,
    });
    expect(readFileSync(`${site.root}/up/1.txt`, "utf8")).toBe("2.txt");
  });

  test.skipIf(process.platform !== "linux")("fails with names that are not UTF-8, and says so", async () => {
    const name = Buffer.concat([Buffer.from(`${folder.path}/in/`), Buffer.from("caf\xe9.txt", "latin1")]);
    writeFileSync(name, "x");
    const { code, out } = await run(["put", "-r", "in", at("/up"), "--json"]);
    expect(code).toBe(6);
    expect(eventsOf(out).find(({ event }) => event === "failed")).toMatchObject({
      name: "caf\\xe9.txt",
      error: { message: expect.stringContaining("its name is not UTF-8") },
    });
    const one = await run(["put", "in/caf\ufffd.txt", at("/up/")]);
    expect([one.code, one.err]).toEqual([6, expect.stringContaining("not UTF-8; rename it")]);
  });

  test("--dry-run sends nothing", async () => {
    const { code, err } = await run(["put", "-r", "in", at("/up/"), "--dry-run"]);
    expect(code).toBe(0);
    expect(err).toContain("Would send x/2.txt");
    expect(existsSync(`${site.root}/up`)).toBe(false);
  });

  test.each<[string[], string]>([
    [["-r"], "The folder to send is missing"],
    [["-r", "http://h/"], "The folder comes first"],
    [["-r", "in", "in", "http://h/"], "With -r one folder is sent at a time"],
    [["-r", "in", "http://h/", "--post"], "--post does not go with -r"],
    [["-r", "list.txt", "http://h/"], '"list.txt" is a file; leave -r out to send it'],
    [["in", "http://h/", "--jobs", "2"], "--jobs is for several files"],
  ])("refuses %j with exit code 2", async (words, message) => {
    writeFileSync(folder.at("list.txt"), "x");
    const { code, err } = await run(["put", ...words]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  test("a folder that isn't there is exit code 6", async () => {
    expect((await run(["put", "-r", "none", at("/")])).code).toBe(6);
  });
});
