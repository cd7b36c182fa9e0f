import { describe, expect, test } from "bun:test";

import { formatProgress, ProgressBar } from "../../src/cli/progress-bar.ts";
import { FakeOutput } from "../support/fake-terminal.ts";
import { ManualClock } from "../support/manual-clock.ts";

const HALF = { name: "photo.jpg", doneBytes: 15_000_000, totalBytes: 30_000_000, rateBytesPerS: 5_000_000 };

describe("formatProgress()", () => {
  test("tells name, share, bar, counts, rate and time left", () => {
    expect(formatProgress(HALF, 99)).toBe(
      "photo.jpg   50 %  [###############---------------]  15 MB of 30 MB  5.0 MB/s  3 s left",
    );
  });

  test.each([
    [79, "photo.jpg  100 %  30 MB of 30 MB  writing to the disk"],
    [40, "photo.jpg  100 %  writing to the disk"],
    [20, "photo.jpg  100 %"],
  ])("tells what is waited for when all is there, in %p columns", (columns, text) => {
    const facts = { ...HALF, doneBytes: 30_000_000, waitsFor: "disk" } as const;
    expect(formatProgress(facts, columns)).toBe(text);
  });

  test.each([
    [79, "photo.jpg   50 %  [###########------------]  15 MB of 30 MB  5.0 MB/s  3 s left"],
    [48, "photo.jpg   50 %  15 MB of 30 MB  5.0 MB/s"],
    [30, "photo.jpg   50 %  5.0 MB/s"],
    [16, "photo.jpg   50 %"],
    [8, " 50 %"],
    [3, ""],
  ])("leaves out what does not fit into %p columns", (columns, text) => {
    expect(formatProgress(HALF, columns)).toBe(text);
  });

  const extents = [
    { start: 0, end: 5_500_000 },
    { start: 15_000_000, end: 23_000_000 },
    { start: 27_000_000, end: 28_500_000 },
  ];
  const SCATTERED = { ...HALF, extents };

  test.each([
    [99, "photo.jpg   50 %  [#####>---------########----#>-]  15 MB of 30 MB  5.0 MB/s  3 s left"],
    [79, "photo.jpg   50 %  [####>------>#####>-->>-]  15 MB of 30 MB  5.0 MB/s  3 s left"],
    [48, "photo.jpg   50 %  [#>--##>>]  5.0 MB/s  3 s left"],
    [38, "photo.jpg   50 %  [#>--##>>]  5.0 MB/s"],
    [30, "photo.jpg   50 %  [#>---##>->]"],
    [16, "photo.jpg   50 %"],
    [15, " 50 %  [#>-#>>]"],
    [8, " 50 %"],
  ])("shows each front of a file that comes over several connections, in %p columns", (columns, text) => {
    expect(formatProgress(SCATTERED, columns)).toBe(text);
  });

  test.each([
    [[{ start: 0, end: 15_000_000 }], "###############---------------"],
    [[{ start: 15_000_000, end: 30_000_000 }], "---------------###############"],
    [[{ start: 29_999_999, end: 30_000_000 }], "----------------------------->"],
    [[], "###############---------------"],
  ])("shows %j as it is", (spans, bar) => {
    expect(formatProgress({ ...HALF, extents: spans }, 99)).toContain(`[${bar}]`);
  });

  test("a file of fewer bytes than cells has a bar, too", () => {
    const facts = { ...HALF, doneBytes: 2, totalBytes: 4 };
    const ends = [
      { start: 0, end: 1 },
      { start: 3, end: 4 },
    ];
    expect(formatProgress({ ...facts, extents: ends }, 99)).toContain("[#######>-------------->#######]");
  });

  test("is never wider than the terminal", () => {
    for (let columns = 0; columns < 120; columns++) {
      expect(formatProgress(HALF, columns).length).toBeLessThanOrEqual(columns);
      expect(formatProgress(SCATTERED, columns).length).toBeLessThanOrEqual(columns);
    }
  });

  test("shows a count where the total is not known", () => {
    expect(formatProgress({ ...HALF, totalBytes: undefined }, 79)).toBe("photo.jpg  15 MB  5.0 MB/s");
  });

  test("lets no control character of a name through", () => {
    expect(formatProgress({ ...HALF, name: "\u001b[2J\r" }, 79)).not.toMatch(/[\u0000-\u001f]/);
  });

  test.each([
    { ...HALF, doneBytes: 0, rateBytesPerS: 0 },
    { ...HALF, totalBytes: 0, doneBytes: 0 },
    { ...HALF, doneBytes: 40_000_000 },
  ])("has no sharp edges (%#)", (facts) => {
    expect(formatProgress(facts, 79)).not.toMatch(/NaN|Infinity|-\d/);
  });
});

function start(isTerminal: boolean): { output: FakeOutput; clock: ManualClock; bar: ProgressBar } {
  const output = new FakeOutput({ isTerminal, columns: 60 });
  const clock = new ManualClock();
  return { output, clock, bar: new ProgressBar(output, clock, "a.txt") };
}

describe("ProgressBar", () => {
  test("draws nothing in the first half second", () => {
    const { output, clock, bar } = start(true);
    clock.advance(499);
    bar.update({ doneBytes: 1, totalBytes: 2 });
    bar.clear();
    expect(output.text).toBe("");
  });

  test("draws over itself, and clears the line at the end, once", () => {
    const { output, clock, bar } = start(true);
    clock.advance(500);
    bar.update({ doneBytes: 1, totalBytes: 2 });
    bar.clear();
    bar.clear();
    expect(output.text).toMatch(/^\r\u001b\[Ka\.txt {3}50 %.*\r\u001b\[K$/);
    expect(output.text).not.toContain("\n");
  });

  test("comes to say what is waited for, though nothing more is told", async () => {
    const { output, clock, bar } = start(true);
    clock.advance(490);
    bar.update({ doneBytes: 2, totalBytes: 2, waitsFor: "digest" });
    expect(output.text).toBe("");
    clock.advance(10);
    while (output.text === "") await new Promise(setImmediate);
    bar.clear();
    expect(output.text).toContain("waiting for the server's digest");
  });

  test("draws nothing into a pipe", () => {
    const { output, clock, bar } = start(false);
    clock.advance(5000);
    bar.update({ doneBytes: 1, totalBytes: 2 });
    bar.clear();
    expect(output.text).toBe("");
  });

  test("does not count the wait for the first byte", () => {
    const { output, clock, bar } = start(true);
    clock.advance(9000);
    bar.update({ doneBytes: 100_000, totalBytes: 2_100_000 });
    clock.advance(1000);
    output.text = "";
    bar.update({ doneBytes: 1_100_000, totalBytes: 2_100_000 });
    expect(output.text).toContain("1.0 MB/s  1 s left");
  });

  test("counts the rate of this run only", () => {
    const { output, clock, bar } = start(true);
    bar.update({ doneBytes: 1_000_000, totalBytes: 2_000_000 });
    clock.advance(1000);
    bar.update({ doneBytes: 1_500_000, totalBytes: 2_000_000 });
    expect(output.text).toContain("500 kB/s");
  });
});
