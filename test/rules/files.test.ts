/**
 * What every file keeps: its name, its size, its opening words, and what must not stand in it.
 */
import { describe, expect, test } from "bun:test";
import { basename } from "node:path/posix";
import { codeOnly, listFiles, readSourceFiles } from "../support/source-files.ts";

const MOST_LINES = 400;

const sources = readSourceFiles("src");
const everything = [...sources, ...readSourceFiles("test")];

describe("file names", () => {
  const paths = [...listFiles("src"), ...listFiles("test").filter((path) => path.endsWith(".ts"))];

  test("are kebab-case", () => {
    const others = paths.filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.ts$/.test(basename(path)));
    expect(others).toEqual([]);
  });

  test("say what the file holds", () => {
    const vague = /^(index|utils?|helpers?|common|types|misc|shared|constants)(\.test|\.d)?\.ts$/;
    expect(paths.filter((path) => vague.test(basename(path)))).toEqual([]);
  });

  test("of tests end in .test.ts, and only those of tests", () => {
    const withTests = readSourceFiles("test").filter(({ text }) =>
      /^(test|describe)\b/m.test(codeOnly(text)),
    );
    expect(withTests.map(({ path }) => path).filter((path) => !path.endsWith(".test.ts"))).toEqual([]);
    expect(listFiles("src").filter((path) => path.includes(".test."))).toEqual([]);
  });
});

describe("files", () => {
  test(`of src have at most ${MOST_LINES} lines`, () => {
    const long = sources.filter(({ text }) => text.split("\n").length - 1 > MOST_LINES);
    expect(long.map(({ path, text }) => `${path}: ${text.split("\n").length - 1}`)).toEqual([]);
  });

  test("of src open with a comment that says what they are", () => {
    expect(sources.filter(({ text }) => !text.startsWith("/**")).map(({ path }) => path)).toEqual([]);
  });

  test.each([
    ["default export", /^export default\b/m],
    ["reference to a place for types", /^\/\/\/ <reference/m],
    ["CommonJS require", /(?<![#.\w])require\(/],
    ["eval", /\beval\(|\bnew Function\(/],
    ["null where absence is undefined", /[:|] null\b(?! =>)/],
  ])("hold no %s", (_, pattern) => {
    expect(sources.filter(({ text }) => pattern.test(codeOnly(text))).map(({ path }) => path)).toEqual([]);
  });

  test("hold nothing that is still to be written", () => {
    const unfinished = new RegExp(["TO", "DO|FIX", "ME|XX", "X\\b|not written ", "yet"].join(""));
    expect(everything.filter(({ text }) => unfinished.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

describe("exported functions", () => {
  test("have a docstring", () => {
    const bare = sources.flatMap(({ path, text }) => {
      const lines = text.split("\n");
      return lines.flatMap((line, index) => {
        const [, name] = /^export (?:async )?function\*? (\w+)/.exec(line) ?? [];
        return name !== undefined && !isDocumented(lines, index) ? [`${path}: ${name}()`] : [];
      });
    });
    expect(bare).toEqual([]);
  });
});

/** Whether a docstring ends right above line `index`, or above the overloads of the same function. */
function isDocumented(lines: readonly string[], index: number): boolean {
  const above = lines[index - 1]?.trimEnd() ?? "";
  if (/^export (?:async )?function/.test(above)) return isDocumented(lines, index - 1);
  return above.endsWith("*/");
}
