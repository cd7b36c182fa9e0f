/**
 * The end of the process at any moment: the next run uses what was on the disk, and the file is right.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/client-session.ts";
import { type RunningSite, startSite } from "../support/running-site.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
const RUNS = process.env["NETFILE_TEST_ALL"] === "1" ? 100 : 30;
const SIZE = 8 * 1024 * 1024;
/** The content takes about so long, since its rate is limited; where the journal is waited for, four times as long. */
const TRANSFER_MS = 500;

let site: RunningSite;
let folder: TemporaryFolder;
beforeEach(() => {
  site = startSite();
  folder = makeTemporaryFolder();
});
afterEach(async () => {
  await site.stop();
  folder.remove();
});

function spawnGet(...flags: readonly string[]) {
  return Bun.spawn(
    [process.execPath, MAIN, "get", `http://127.0.0.1:${site.port}/a.txt`, "--json", ...flags],
    {
      cwd: folder.path,
      env: { PATH: process.env["PATH"] ?? "" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    },
  );
}

/** Waits until the part file is there, or the run is over. */
async function begun(child: Bun.Subprocess): Promise<void> {
  while (child.exitCode === null && !folder.names().some((name) => name.endsWith(".part")))
    await Bun.sleep(5);
}

/** Waits until something could be gone on with, or the run is over. */
async function journaled(child: Bun.Subprocess): Promise<void> {
  while (child.exitCode === null && journaledBytes() === 0) await Bun.sleep(5);
}

/** What a journal that is left says is there. */
function journaledBytes(): number {
  const name = folder.names().find((candidate) => candidate.endsWith(".journal"));
  if (name === undefined) return 0;
  const journal = JSON.parse(readFileSync(folder.at(name), "utf8")) as {
    written: { start: number; end: number }[];
  };
  return journal.written.reduce((sum, { start, end }) => sum + end - start, 0);
}

test(
  `killed at ${RUNS} random instants, the next run goes on with what is there, to the right bytes`,
  async () => {
    const content = randomBytes(SIZE);
    writeFileSync(`${site.root}/a.txt`, content);
    let resumedRuns = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const isJournaled = run % 3 === 1;
      const rate = isJournaled ? "4M" : "16M";
      const child = spawnGet("--limit-rate", rate, ...(run % 6 < 2 ? ["-x", "3"] : []));
      // Most instants lie in the transfer, some before it and behind it.
      if (isJournaled) await journaled(child);
      else if (run % 5 > 0) await begun(child);
      await Bun.sleep(Math.random() * 1.1 * TRANSFER_MS);
      child.kill("SIGKILL");
      await child.exited;
      // Either nothing is under the name, or all of it; then the journal means nothing any more.
      const isThere = folder.names().includes("a.txt");
      if (isThere) expect(readFileSync(folder.at("a.txt")).equals(content)).toBe(true);
      const keptBytes = isThere ? 0 : journaledBytes();
      const next = spawnGet("--force");
      const told = JSON.parse(await new Response(next.stdout).text()) as Record<string, number | string>;
      expect(told).toMatchObject({ exitCode: 0, resumedBytes: keptBytes, receivedBytes: SIZE - keptBytes });
      expect(told["provenBy"]).toBe("server");
      expect(readFileSync(folder.at("a.txt")).equals(content)).toBe(true);
      expect(folder.names()).toEqual(["a.txt"]);
      if (keptBytes > 0) resumedRuns += 1;
      folder.remove();
      folder = makeTemporaryFolder();
    }
    expect(resumedRuns).toBeGreaterThanOrEqual(Math.floor(RUNS / 3));
  },
  RUNS * 2500,
);
