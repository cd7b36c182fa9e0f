/**
 * Small files come from memory: a request that is sent after a file has changed gets the new one, whole, however fast the old
 * one was served.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, linkSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { startNetfile } from "../support/netfile-binary.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

setDefaultTimeout(60_000);

const VERSIONS = 60;
const CLIENTS = 8;

/** A version as content of always the same length, so that nothing but the content tells it. */
function contentOf(version: number, length: number): string {
  return `${String(version).padStart(6, "0")} `.repeat(length / 7);
}

function versionOf(content: string): number {
  const [first = "", ...others] = content.trimEnd().split(" ");
  expect(others.every((other) => other === first)).toBe(true);
  return Number(first);
}

const WAYS: readonly [string, (path: string, content: string) => void][] = [
  [
    "replaced by renaming",
    (path, content) => {
      writeFileSync(`${path}.new`, content);
      renameSync(`${path}.new`, path);
    },
  ],
  [
    "written in place",
    (path, content) => {
      const descriptor = openSync(path, "r+");
      writeSync(descriptor, content.slice(0, 14), 0);
      closeSync(descriptor);
    },
  ],
  [
    "removed and made anew",
    (path, content) => {
      rmSync(path);
      writeFileSync(`${path}.new`, content);
      renameSync(`${path}.new`, path);
    },
  ],
];

describe("a file that is served from memory", () => {
  test.each(WAYS)("and %s is never given as it was before", async (way, change) => {
    const length = way === "written in place" ? 14 : 7000;
    using folder = new ScratchFolder({ "a.txt": contentOf(0, length) });
    await using server = await startNetfile(["0", "--quiet"], { cwd: folder.path });
    const state = { version: 0, answers: 0, tags: new Map<string, number>() };
    const ask = async (fields: Record<string, string>): Promise<void> => {
      while (state.version < VERSIONS) {
        const known = state.version;
        const answer = await fetch(`${server.url}/a.txt`, { headers: fields });
        const content = await answer.text();
        state.answers += 1;
        if (answer.status === 404 && way.startsWith("removed")) continue;
        const version = versionOf(content);
        expect(version).toBeGreaterThanOrEqual(known);
        const tag = answer.headers.get("etag") ?? "";
        if (!tag.startsWith("W/")) expect(state.tags.get(tag) ?? version).toBe(version);
        state.tags.set(tag, version);
      }
    };
    const clients = Array.from({ length: CLIENTS }, (_, index) =>
      ask({ "Accept-Encoding": index % 2 === 0 ? "identity" : "gzip" }),
    );
    for (let version = 1; version <= VERSIONS; version += 1) {
      const before = state.answers;
      // Fast enough to be in memory, and to be asked for at any moment of the change.
      while (state.answers < before + CLIENTS * 4) await Bun.sleep(1);
      change(`${folder.path}/a.txt`, contentOf(version, length));
      state.version = version;
    }
    await Promise.all(clients);
    expect(state.tags.size).toBeGreaterThan(VERSIONS / 2);
  });
});

test("a file with two names is seen to change from the first request of a server on", async () => {
  using folder = new ScratchFolder({ "a.txt": "old" });
  linkSync(folder.at("a.txt"), folder.at("b.txt"));
  await using server = await startNetfile(["0", "--quiet"], { cwd: folder.path });
  const ask = async () => (await fetch(`${server.url}/a.txt`)).text();
  for (let time = 0; time < 4; time += 1) expect(await ask()).toBe("old");
  writeFileSync(folder.at("b.txt"), "new");
  for (let time = 0; time < 4; time += 1) expect(await ask()).toBe("new");
});
