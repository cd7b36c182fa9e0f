import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  cede,
  leastShareBytes,
  makeSegment,
  nextSegment,
  type Segment,
} from "../../src/client/download-plan.ts";
import { WrittenSpans } from "../../src/client/written-spans.ts";

const MIB = 1024 * 1024;

describe("WrittenSpans", () => {
  test("knows what is there whatever the order, and what is missing", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(20))), (writes) => {
        const spans = new WrittenSpans();
        const model = new Set<number>();
        for (const [start, length] of writes) {
          spans.add(start, start + length);
          for (let at = start; at < start + length; at += 1) model.add(at);
        }
        expect(spans.totalBytes).toBe(model.size);
        const missing = spans
          .gaps(80)
          .flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));
        expect(missing).toEqual(Array.from({ length: 80 }, (_, i) => i).filter((at) => !model.has(at)));
        let prefix = 0;
        while (model.has(prefix)) prefix += 1;
        expect(spans.prefixEnd).toBe(prefix);
        expect(spans.covers(80)).toBe(prefix >= 80);
      }),
    );
  });

  test("an empty file is covered by nothing", () => {
    expect(new WrittenSpans().covers(0)).toBe(true);
  });
});

type Case = {
  readonly written?: [number, number][];
  readonly active?: Segment[];
  readonly size: number;
  readonly expected?: [number, number];
};

describe("nextSegment()", () => {
  const gappy: [number, number][] = [
    [0, 4],
    [6, 8],
  ];
  const [small, large] = [makeSegment(5 * MIB, 8 * MIB), makeSegment(MIB, 5 * MIB)];
  test.each<[string, Case]>([
    ["the whole at first", { size: 10, expected: [0, 10] }],
    ["the first gap", { written: gappy, size: 10, expected: [4, 6] }],
    ["the next gap", { written: gappy, active: [makeSegment(4, 6)], size: 10, expected: [8, 10] }],
    ["nothing of what is too small to divide", { active: [makeSegment(0, 10)], size: 10 }],
    ["nothing when all is there", { written: [[0, 10]], size: 10 }],
    ["nothing of one whose end is unknown", { active: [makeSegment(0, undefined)], size: 9 * MIB }],
    [
      "the second half of the largest",
      { written: [[0, MIB]], active: [small, large], size: 8 * MIB, expected: [3 * MIB, 5 * MIB] },
    ],
    ["no half below 1 MiB", { active: [makeSegment(0, 2 * MIB - 1)], size: 2 * MIB - 1 }],
  ])("gives %s", (_name, { written = [], active = [], size, expected }) => {
    const spans = new WrittenSpans(written.map(([start, end]) => ({ start, end })));
    const plan = nextSegment(spans, size, new Set(active), MIB);
    expect(plan && [plan.segment.position, plan.segment.end]).toEqual(expected);
  });

  test("divides one only once at a time, and cuts it only when it is ceded", () => {
    const largest = makeSegment(0, 8 * MIB);
    const plan = nextSegment(new WrittenSpans(), 8 * MIB, new Set([largest]), MIB)!;
    expect(plan.segment).toMatchObject({ position: 4 * MIB, end: 8 * MIB });
    expect(largest.end).toBe(8 * MIB);
    expect(nextSegment(new WrittenSpans(), 8 * MIB, new Set([largest]), MIB)).toBeUndefined();
    expect(cede(plan)).toBe(true);
    expect(largest).toMatchObject({ end: 4 * MIB, askedEnd: 8 * MIB });
  });

  test("what was fetched meanwhile is not ceded", () => {
    const largest = makeSegment(0, 8 * MIB);
    const plan = nextSegment(new WrittenSpans(), 8 * MIB, new Set([largest]), MIB)!;
    largest.position = 4 * MIB + 1;
    expect(cede(plan)).toBe(false);
    expect(largest.end).toBe(8 * MIB);
  });
});

describe("leastShareBytes()", () => {
  test.each([
    ["a tenth of a second on a short way", 100 * MIB, 50, 10 * MIB],
    ["and where the way is not known", 100 * MIB, undefined, 10 * MIB],
    ["four round trips on a long way", 1_000_000, 100_000, 400_000],
    ["a block at least", 1000, 50_000, 64 * 1024],
  ])("is what a connection brings in %s", (_name, rateBytesPerS, rttUs, expected) => {
    expect(leastShareBytes(rateBytesPerS, rttUs)).toBe(expected);
  });
});
