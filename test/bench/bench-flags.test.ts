import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { BenchUsageError, isAskedFor, readBenchFlags } from "./bench-flags.ts";

describe("readBenchFlags()", () => {
  test("runs everything, three times, and writes the report", () => {
    expect(readBenchFlags([])).toMatchObject({ isQuick: false, rounds: 3, seconds: 1, only: [] });
    expect(readBenchFlags([]).out).toBe("test/bench/RESULTS.md");
  });

  test.each([[["--quick"]], [["--only", "1k"]]])("%p writes no report", (words) => {
    expect(readBenchFlags(words).out).toBeUndefined();
  });

  test("writes one where it is told to", () => {
    expect(readBenchFlags(["--quick", "--out", "x.md"])).toMatchObject({ out: "x.md", rounds: 1 });
  });

  test("takes another executable by a path from here", () => {
    expect(readBenchFlags(["--netfile", "dist/netfile"]).netfile).toBe(join(process.cwd(), "dist/netfile"));
  });

  test.each([[["--fast"]], [["--rounds", "0"]], [["--rounds", "1.5"]], [["--seconds", "x"]], [["word"]]])(
    "refuses %p",
    (words) => {
      expect(() => readBenchFlags(words)).toThrow(BenchUsageError);
    },
  );
});

describe("isAskedFor()", () => {
  test.each([
    ["1k", [], true],
    ["1k", ["1k"], true],
    ["1k-many", ["1k"], true],
    ["16k", ["1k"], false],
    ["large", ["large-16"], false],
  ])("%s of %p: %p", (name, only, expected) => {
    expect(isAskedFor(name, only)).toBe(expected);
  });
});
