import { describe, expect, test } from "bun:test";
import { KnownHeads } from "../../src/wire/known-heads.ts";
import { makeRequest } from "../support/requests.ts";

const MIB = 1024 * 1024;

/** Adds `count` heads of `length` characters. @returns their texts. */
function fill(known: KnownHeads, count: number, length: number): readonly string[] {
  const texts = Array.from({ length: count }, (_, index) => `${length}-${index} `.padEnd(length, "x"));
  for (const text of texts) known.add(text, makeRequest("GET", "/"));
  return texts;
}

describe("KnownHeads", () => {
  test("gives the same object for the same text", () => {
    const known = new KnownHeads();
    const head = makeRequest("GET", "/a");
    known.add("text", head);
    known.add("text", makeRequest("GET", "/b"));
    expect(known.get("text")).toBe(head);
    expect(known.get("other")).toBeUndefined();
  });

  test("keeps no head that is long", () => {
    const known = new KnownHeads();
    const [kept = "", refused = ""] = [2048, 2049].map((length) => fill(known, 1, length)[0]);
    expect([known.get(kept) === undefined, known.get(refused) === undefined]).toEqual([false, true]);
  });

  test("keeps 64 MiB at most, in whatever order long and short ones come", () => {
    const known = new KnownHeads();
    const texts = [...fill(known, 30_000, 32), ...fill(known, 20_000, 2048), ...fill(known, 100, 33)];
    const kept = texts.filter((text) => known.get(text) !== undefined);
    const bytes = kept.reduce((sum, text) => sum + text.length + 4096, 0);
    expect(bytes).toBeLessThanOrEqual(64 * MIB);
    expect(bytes).toBeGreaterThan(63 * MIB);
    expect(known.get(texts.at(-1) ?? "")).toBeDefined();
  });
});
