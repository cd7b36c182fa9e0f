/** What killed runs leave beside a destination, and what of it stays. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { identifyThisProcess } from "../../src/base/process-identity.ts";
import { download } from "../../src/client/download.ts";
import { PartLock } from "../../src/client/part-lock.ts";
import { sweepLeftovers } from "../../src/client/part-sweep.ts";
import { makeSession, makeTemporaryFolder, type TemporaryFolder, urlOn } from "../support/client-session.ts";
import { startSite } from "../support/running-site.ts";

const BASE = ".netfile-0123456789abcdef";
const DRAFT = `${BASE}.lock-12-01234567`;

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
});
afterEach(() => folder.remove());

/** A process that has ended. */
const GONE = { ...identifyThisProcess(), pid: Bun.spawnSync(["true"]).pid };

function leave(...names: readonly string[]): void {
  for (const name of names) writeFileSync(folder.at(name), JSON.stringify(GONE));
}

function swept(): readonly string[] {
  sweepLeftovers(folder.path);
  return folder.names();
}

describe("sweepLeftovers()", () => {
  test.each([
    ["a part file without a journal", [`${BASE}.part`]],
    ["the same with the lock of a process that is gone", [`${BASE}.part`, `${BASE}.lock`]],
    ["a lock alone", [`${BASE}.lock`]],
    ["a journal without a part file", [`${BASE}.journal`, `${BASE}.lock`]],
    ["a journal that was being written", [`${BASE}.journal-next`, `${BASE}.part`, `${BASE}.lock`]],
    ["locks that were being made, or taken out of the way", [DRAFT, `${DRAFT}-old`]],
  ])("removes %s", (_, names) => {
    leave(...names);
    expect(swept()).toEqual([]);
  });

  test.each([
    ["what the next run goes on with", [`${BASE}.journal`, `${BASE}.lock`, `${BASE}.part`]],
    [
      "what isn't a download's",
      [".netfile-0123456789abcde.part", ".netfile-m-1-2-0123456789abcdef.part", "a.part"],
    ],
    ["names that only resemble a lock's", [`${BASE}.lock-12`, `x${DRAFT}`, `${DRAFT}x`]],
  ])("leaves %s", (_, names) => {
    leave(...names);
    expect(swept()).toEqual([...names].sort());
  });

  test("leaves what a running process holds, or is making", () => {
    leave(`${BASE}.part`);
    const lock = PartLock.take(folder.at(`${BASE}.lock`), "a.txt");
    copyFileSync(folder.at(`${BASE}.lock`), folder.at(DRAFT));
    expect(swept()).toEqual([`${BASE}.lock`, DRAFT, `${BASE}.part`]);
    lock.release();
  });

  test("leaves what a process of another machine may hold", () => {
    leave(`${BASE}.part`);
    for (const name of [`${BASE}.lock`, DRAFT]) {
      writeFileSync(folder.at(name), JSON.stringify({ ...GONE, host: "elsewhere" }));
    }
    expect(swept()).toEqual([`${BASE}.lock`, DRAFT, `${BASE}.part`]);
  });

  test("but not longer than an hour after the last change", () => {
    leave(`${BASE}.part`);
    for (const name of [`${BASE}.lock`, DRAFT]) {
      writeFileSync(folder.at(name), JSON.stringify({ ...GONE, host: "elsewhere" }));
    }
    const at = Date.now() / 1000 - 3700;
    for (const name of folder.names()) utimesSync(folder.at(name), at, at);
    expect(swept()).toEqual([]);
  });

  test("a lock whose maker did not get to say who it is stays for an hour", () => {
    const young = `${BASE}.lock-12-00000000`;
    for (const name of [DRAFT, young]) writeFileSync(folder.at(name), "");
    const at = Date.now() / 1000 - 3700;
    utimesSync(folder.at(DRAFT), at, at);
    expect(swept()).toEqual([young]);
  });

  test("happens when something is fetched to the folder", async () => {
    const site = startSite();
    writeFileSync(`${site.root}/a.txt`, "hello");
    leave(DRAFT, `${BASE}.part`);
    const session = makeSession();
    const destination = { kind: "path", path: folder.path } as const;
    await download(session, { url: urlOn(site), destination, force: false });
    session.close();
    await site.stop();
    expect([folder.names(), readFileSync(folder.at("a.txt"), "utf8")]).toEqual([["a.txt"], "hello"]);
  });
});
