/** What is remembered of an upload for the next run, and what of it is believed. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { LocalFile } from "../../src/client/local-file.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";
import { UploadRecord } from "../../src/client/upload-record.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/client-session.ts";

const URL = parseRemoteUrl("http://example.org:81/up/big.bin");
const RESOURCE = parseRemoteUrl("http://example.org:81/.netfile-upload/abc");
const DAY_MS = 86_400_000;

let folder: TemporaryFolder;
let nowMs: number;
const files: LocalFile[] = [];
beforeEach(() => {
  folder = makeTemporaryFolder();
  nowMs = Date.now();
  writeFileSync(folder.at("big.bin"), "content");
});
afterEach(() => {
  for (const file of files.splice(0)) file.close();
  folder.remove();
});

function open(url = URL, method: "PUT" | "POST" = "PUT"): UploadRecord | undefined {
  const file = new LocalFile(folder.at("big.bin"));
  files.push(file);
  return UploadRecord.open(
    folder.at("state"),
    { file, url, method },
    { nowMs: () => nowMs, monotonicMs: () => 0 },
  );
}

/** Of one run: it finds what was there, and leaves something if it is told to. */
function run(leave?: "leave", url = URL, method: "PUT" | "POST" = "PUT") {
  const record = open(url, method);
  const earlier = record?.read();
  if (leave !== undefined) expect(record?.write(RESOURCE)).toBe(true);
  record?.release();
  return earlier;
}

const uploads = () => readdirSync(folder.at("state/netfile/uploads")).sort();

function rewrite(change: (record: Record<string, unknown>) => void): void {
  const [name = ""] = uploads();
  const path = folder.at(`state/netfile/uploads/${name}`);
  const record = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  change(record);
  writeFileSync(path, JSON.stringify(record));
}

describe("UploadRecord", () => {
  test("tells the next run where to go on, and only of the same file, place and method", () => {
    expect(run("leave")).toBeUndefined();
    expect(run()).toEqual({ resource: RESOURCE, isSameFile: true });
    expect(run(undefined, URL, "POST")).toBeUndefined();
    expect(run(undefined, parseRemoteUrl("http://example.org:81/up/other.bin"))).toBeUndefined();
  });

  test("is for its owner's eyes only", () => {
    run("leave");
    const modes = ["state/netfile/uploads", `state/netfile/uploads/${uploads()[0]}`].map(
      (name) => statSync(folder.at(name)).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o600]);
    expect(uploads()).toHaveLength(1);
  });

  test("knows a file that was written to, or replaced by one of the same size and time", () => {
    run("leave");
    appendFileSync(folder.at("big.bin"), "more");
    expect(run("leave")?.isSameFile).toBe(false);
    expect(run()?.isSameFile).toBe(true);
    const { atime, mtime } = statSync(folder.at("big.bin"));
    writeFileSync(folder.at("next"), "contentmore");
    utimesSync(folder.at("next"), atime, mtime);
    Bun.spawnSync(["mv", folder.at("next"), folder.at("big.bin")]);
    expect(run()?.isSameFile).toBe(false);
  });

  test("is of one run at a time", () => {
    const first = open();
    expect(open()).toBeUndefined();
    first?.release();
    expect(open()).toBeDefined();
  });

  test("is forgotten when it is removed", () => {
    run("leave");
    const record = open();
    record?.remove();
    record?.release();
    expect(run()).toBeUndefined();
    expect(uploads()).toEqual([]);
  });

  test("is believed for a week", () => {
    run("leave");
    nowMs += 7 * DAY_MS;
    expect(run()?.resource).toEqual(RESOURCE);
    nowMs += 1;
    expect(run()).toBeUndefined();
  });

  test("what is older goes when another one is written", () => {
    mkdirSync(folder.at("state/netfile/uploads"), { recursive: true });
    const names = ["old.json", "old.json-next", "old.lock-1-2", "young.json"];
    for (const name of names) writeFileSync(folder.at(`state/netfile/uploads/${name}`), "");
    for (const name of names.slice(0, 3)) {
      const at = (nowMs - 8 * DAY_MS) / 1000;
      utimesSync(folder.at(`state/netfile/uploads/${name}`), at, at);
    }
    run("leave");
    expect(uploads()).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.json$/), "young.json"]);
  });

  // SECURITY: the file goes to the server that the user has named.
  test.each<[string, (record: Record<string, unknown>) => void]>([
    ["leads to another host", (record) => (record["resource"] = "http://evil.example/x")],
    ["leads to another port", (record) => (record["resource"] = "http://example.org:82/x")],
    ["leads nowhere", (record) => (record["resource"] = "nonsense")],
    ["has no place to go on at", (record) => delete record["resource"]],
    ["is of another version", (record) => (record["version"] = 2)],
    ["has no time", (record) => delete record["madeMs"]],
    ["is from the future", (record) => (record["madeMs"] = Date.now() + 9 * DAY_MS)],
    ["tells nothing of the file", (record) => delete record["source"]],
  ])("one that %s is none", (_, change) => {
    run("leave");
    rewrite(change);
    expect(run()).toBeUndefined();
  });

  test("nothing is remembered where nothing can be written", () => {
    writeFileSync(folder.at("state"), "no folder");
    expect(open()).toBeUndefined();
  });
});
