import { describe, expect, test } from "bun:test";

import { BatchProgress, clip } from "../../src/cli/batch-progress.ts";
import { FakeOutput } from "../support/fake-terminal.ts";
import { ManualClock } from "../support/manual-clock.ts";

function draw(
  columns: number,
  names: readonly string[],
  isTerminal = true,
): { output: FakeOutput; progress: BatchProgress } {
  const output = new FakeOutput({ isTerminal, columns });
  const clock = new ManualClock();
  const progress = new BatchProgress(output, clock, { isShown: true });
  progress.expect(names.map(() => undefined));
  for (const [id, name] of names.entries()) progress.begin(id, name, undefined);
  progress.update(0, { doneBytes: 100, totalBytes: 1000 });
  expect(output.text).toBe("");
  clock.advance(1000);
  progress.update(0, { doneBytes: 500, totalBytes: 1000 });
  return { output, progress };
}

describe("BatchProgress", () => {
  test("draws a line for each that runs and one for all, and clears them", () => {
    const { output, progress } = draw(80, ["a.bin", "b.bin"]);
    const lines = output.text.split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^a\.bin {2}.*50 %.*500 B of 1\.0 kB/);
    expect(lines[1]).toStartWith("b.bin");
    expect(lines[2]).toBe("0 of 2 files  500 B  500 B/s");
    output.text = "";
    progress.clear();
    expect(output.text).toBe("\r\u001b[K\u001b[A\r\u001b[K\u001b[A\r\u001b[K");
    progress.clear();
    expect(output.text).toHaveLength("\r\u001b[K\u001b[A\r\u001b[K\u001b[A\r\u001b[K".length);
  });

  test.each([10, 20, 40, 200])("never fills %d columns, also with wide characters", (columns) => {
    const { output } = draw(columns, ["漢字".repeat(40), "x".repeat(300), "\u001b[1A😀".repeat(30)]);
    for (const line of output.text.split("\n")) expect(Bun.stringWidth(line)).toBeLessThan(columns);
    expect(output.text).not.toContain("\u001b[1A");
  });

  test("shows eight lines at most, and how many more there are", () => {
    const { output } = draw(
      80,
      Array.from({ length: 20 }, (_, index) => `${index}.bin`),
    );
    expect(output.text.split("\n")).toHaveLength(10);
    expect(output.text).toContain("… and 12 more");
  });

  test("prints nothing where there is no terminal", () => {
    expect(draw(80, ["a"], false).output.text).toBe("");
  });

  test("tells how much there is and how long it takes, once the size of everything is known", () => {
    const output = new FakeOutput({ isTerminal: true, columns: 80 });
    const clock = new ManualClock();
    const progress = new BatchProgress(output, clock, { isShown: true });
    const totalLine = () => output.text.slice(output.text.lastIndexOf("\n") + 1);
    progress.expect([1000, 3000, undefined, 4000]);
    progress.begin(0, "a", 1000);
    clock.advance(1000);
    progress.update(0, { doneBytes: 500, totalBytes: 1000 });
    expect(totalLine()).toBe("0 of 4 files  500 B  500 B/s");
    progress.begin(1, "b", 3000);
    progress.begin(2, "c", undefined);
    clock.advance(1000);
    progress.update(1, { doneBytes: 500, totalBytes: 3000 });
    expect(totalLine()).toBe("0 of 4 files  1.0 kB  500 B/s");
    progress.update(2, { doneBytes: 0, totalBytes: 2000 });
    progress.finish(0);
    clock.advance(1000);
    progress.update(1, { doneBytes: 2500, totalBytes: 3000 });
    expect(totalLine()).toBe("1 of 4 files  3.0 kB of 9.5 kB  1.0 kB/s  7 s left");
    // It was there already.
    progress.begin(3, "d", 4000);
    clock.advance(1000);
    progress.finish(3);
    expect(totalLine()).toBe("2 of 4 files  3.0 kB of 5.5 kB  750 B/s  4 s left");
  });

  test("what an earlier run had fetched says nothing of the rate", () => {
    const output = new FakeOutput({ isTerminal: true, columns: 80 });
    const clock = new ManualClock();
    const progress = new BatchProgress(output, clock, { isShown: true });
    progress.expect([10_000]);
    progress.begin(0, "a", 10_000);
    clock.advance(1000);
    progress.update(0, { doneBytes: 9100, totalBytes: 10_000, resumedBytes: 9000 });
    expect(output.text.split("\n").at(-1)).toBe("0 of 1 files  9.1 kB of 10 kB  100 B/s  9 s left");
    expect(output.text).toContain("9.1 kB of 10 kB  100 B/s  9 s left\n");
  });

  test("stays away while it is held", () => {
    const { output, progress } = draw(80, ["a"]);
    progress.hold();
    output.text = "";
    progress.finish(0);
    expect(output.text).toBe("");
  });
});

test.each<[string, number, string]>([
  ["hello", 5, "hello"],
  ["hello", 4, "hel…"],
  ["漢字漢", 5, "漢字…"],
  ["hello", 1, "…"],
  ["hello", 0, ""],
])("clip(%p, %d) is %p", (text, columns, expected) => {
  expect(clip(text, columns)).toBe(expected);
});
