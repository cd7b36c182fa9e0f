/**
 * CONFORMANCE.md says which test shows what: each test that it names must exist, and each file of test/conformance be named.
 */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const TEST_FOLDER = join(import.meta.dir, "..");

type Row = { readonly file: string; readonly requirement: string; readonly name: string };

const document = readFileSync(join(TEST_FOLDER, "CONFORMANCE.md"), "utf8");
const rows = readRows(document);

/** The rows that end with a test's name; the file is named above each table. */
function readRows(text: string): readonly Row[] {
  const found: Row[] = [];
  let file = "";
  for (const line of text.split("\n")) {
    file = /^In \[([^\]]+)\]\(\1\):$/.exec(line)?.[1] ?? file;
    if (line.startsWith("## ")) file = "";
    const [, requirement, name] = /^\|[^|]+\| +([^|]+?) +\| +`([^`]+)` +\|$/.exec(line) ?? [];
    if (requirement !== undefined && name !== undefined) found.push({ file, requirement, name });
  }
  return found;
}

/** Whether `source` has `name` as a string: a test's title, or that of a row in its table. */
function hasTitle(source: string, name: string): boolean {
  return ['"', "'", "`"].some(
    (quote) => source.includes(`${quote}${name}${quote}`) || source.includes(`${quote}${name}: `),
  );
}

describe("CONFORMANCE.md", () => {
  test("has a table of many rows", () => {
    expect(rows.length).toBeGreaterThan(100);
  });

  test.each([...rows])("$file has the test “$name”", ({ file, name }) => {
    expect(hasTitle(readFileSync(join(TEST_FOLDER, file), "utf8"), name)).toBe(true);
  });

  test("names every file of test/conformance", () => {
    const files = readdirSync(join(TEST_FOLDER, "conformance")).map((name) => `conformance/${name}`);
    expect(files.filter((file) => !rows.some((row) => row.file === file))).toEqual([]);
  });

  test("says each thing once", () => {
    const keys = rows.map(({ file, requirement }) => `${file} ${requirement}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
