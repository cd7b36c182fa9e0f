import { describe, expect, test } from "bun:test";

import { Batch, type ItemEnd } from "../../src/cli/batch.ts";
import { BatchProgress } from "../../src/cli/batch-progress.ts";
import { BatchTelling } from "../../src/cli/batch-telling.ts";
import { Log } from "../../src/cli/log.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";
import { fakeTerminal } from "../support/fake-terminal.ts";
import { ManualClock } from "../support/manual-clock.ts";

const PHASES = { resolveMs: 0, connectMs: 0, firstByteMs: 0, transferMs: 1 };

/** What a run tells in which one upload of 1,000 bytes ended that an earlier run had begun. */
async function runOne(telling: "json" | "line", resumedBytes: number) {
  const terminal = fakeTerminal();
  const log = new Log(terminal.err);
  const progress = new BatchProgress(terminal.err, new ManualClock(), { isShown: false });
  const batch = new Batch({
    command: "put",
    jobs: 1,
    stopsAfter: "nothing",
    signal: new AbortController().signal,
    telling: new BatchTelling({ terminal, log, clientLog: undefined, telling }, progress),
  });
  const done = { bodyBytes: 1000, resumedBytes, phases: PHASES, savedAs: "/a.txt" };
  const run = (): Promise<ItemEnd> => Promise.resolve({ kind: "transferred", done });
  await batch.run([{ name: "a.txt", url: parseRemoteUrl("http://127.0.0.1/a.txt"), run }]);
  await batch.finish();
  return telling === "json" ? terminal.out.text : terminal.err.text;
}

function summaryIn(text: string): unknown {
  return JSON.parse(text.trim().split("\n").at(-1) ?? "");
}

describe("Batch", () => {
  test("what an earlier run had moved does not count for the rate", async () => {
    const none = { event: "summary", transferred: 1, bytes: 1000, rateBytesPerS: 0 };
    expect(summaryIn(await runOne("json", 1000))).toMatchObject(none);
    expect(summaryIn(await runOne("json", 0))).not.toMatchObject(none);
    expect(await runOne("line", 1000)).toMatch(/\n1 file, 1\.0 kB in [\d.]+ [µm]?s\n$/);
    expect(await runOne("line", 900)).toMatch(/\n1 file, 1\.0 kB in [\d.]+ [µm]?s \([\d.]+ \w*B\/s\)\n$/);
  });
});
