/**
 * Counts what a JUnit report of `bun test` holds, for CI: `bun test/support/junit-counts.ts FILE` prints the numbers of passed, failed
 * and skipped tests in one line, then the name of each test that was skipped.
 */
import { readFileSync } from "node:fs";

export type TestCounts = {
  readonly passed: number;
  readonly failed: number;
  /** Where each is, and its name. */
  readonly skipped: readonly string[];
};

/** Counts the test cases of a report; a test that is still to be written counts as skipped. */
export function countTests(report: string): TestCounts {
  const cases = [...report.matchAll(/<testcase\b([^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g)];
  const skipped = cases.filter(([, , content]) => content?.includes("<skipped"));
  const failed = cases.filter(([, , content]) => /<(?:failure|error)\b/.test(content ?? ""));
  return {
    passed: cases.length - skipped.length - failed.length,
    failed: failed.length,
    skipped: skipped.map(([, attributes = ""]) =>
      ["file", "classname", "name"].map((name) => readAttribute(attributes, name)).join(" > "),
    ),
  };
}

function readAttribute(attributes: string, name: string): string {
  const [, value = ""] = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes) ?? [];
  return value.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? "");
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

if (import.meta.main) {
  const { passed, failed, skipped } = countTests(readFileSync(Bun.argv[2] ?? "", "utf8"));
  console.log([passed, failed, skipped.length].join(" "));
  for (const name of skipped) console.log(name);
}
