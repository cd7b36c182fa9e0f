import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  cede,
  isLate,
  leastShareBytes,
  makeSegment,
  nextSegments,
  type Segment,
  settle,
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

describe("nextSegments()", () => {
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
    const plans = nextSegments(
      { written: spans, sizeBytes: size, active: new Set(active), leastBytes: MIB },
      1,
    );
    expect(plans.map(({ segment }) => [segment.position, segment.end])).toEqual(
      expected === undefined ? [] : [expected],
    );
  });

  const divide = (segment: Segment, count: number) =>
    nextSegments(
      { written: new WrittenSpans(), sizeBytes: 8 * MIB, active: new Set([segment]), leastBytes: MIB },
      count,
    );

  test.each([
    [1, [4]],
    [3, [2, 4, 6]],
    [7, [1, 2, 3, 4, 5, 6, 7]],
    [20, [1, 2, 3, 4, 5, 6, 7]],
    [0, []],
  ])("gives %i connections equal parts, none below the least", (count, starts) => {
    const plans = divide(makeSegment(0, 8 * MIB), count);
    expect(plans.map(({ segment }) => segment.position)).toEqual(starts.map((start) => start * MIB));
    expect(plans.map(({ segment }) => segment.end)).toEqual(
      [...starts.slice(1), 8].map((end) => end * MIB).slice(0, starts.length),
    );
  });

  test("parts are ceded in any order; one that is not leaves the others as they are", () => {
    const whole = makeSegment(0, 8 * MIB);
    const [first, second, third] = divide(whole, 3);
    expect(cede(second!)).toBe(true);
    expect(whole.end).toBe(4 * MIB);
    expect(cede(third!)).toBe(true);
    expect(whole.end).toBe(4 * MIB);
    expect(cede(first!)).toBe(true);
    expect(whole).toMatchObject({ end: 2 * MIB, askedEnd: 8 * MIB, takers: 3 });
    for (const plan of [first!, second!, third!]) settle(plan);
    expect([whole.takers, first!.segment.takers]).toEqual([0, 0]);
  });

  test("divides one only once at a time, and cuts it only when it is ceded", () => {
    const largest = makeSegment(0, 8 * MIB);
    const [plan] = divide(largest, 1);
    expect(plan!.segment).toMatchObject({ position: 4 * MIB, end: 8 * MIB });
    expect(largest.end).toBe(8 * MIB);
    const active = new Set([largest, plan!.segment]);
    const progress = { written: new WrittenSpans(), sizeBytes: 8 * MIB, active, leastBytes: MIB };
    expect(nextSegments(progress, 1)).toEqual([]);
    expect(cede(plan!)).toBe(true);
    settle(plan!);
    expect(largest).toMatchObject({ end: 4 * MIB, askedEnd: 8 * MIB });
    expect(divide(largest, 1)).toHaveLength(1);
  });

  test("what was fetched meanwhile is not ceded", () => {
    const largest = makeSegment(0, 8 * MIB);
    const [plan] = divide(largest, 1);
    expect(isLate(plan!)).toBe(false);
    largest.position = 4 * MIB + 1;
    expect(isLate(plan!)).toBe(true);
    expect(cede(plan!)).toBe(false);
    expect(largest.end).toBe(8 * MIB);
  });
});

describe("leastShareBytes()", () => {
  const KIB = 1024;
  test.each([
    ["a tenth of a second on a short way", 100 * MIB, 50, 16 * MIB],
    ["and where the way is not known", 100 * MIB, undefined, 16 * MIB],
    ["what a new one needs to bring it on a long way", 350_000, 50_000, 64 * KIB],
    ["which is more where it is fast", 6_000_000, 50_000, 2 * MIB],
    ["and where the way is longer", 350_000, 100_000, 128 * KIB],
    ["a block at least", 1000, 50_000, 64 * KIB],
  ])("is what a connection brings in %s", (_name, rateBytesPerS, rttUs, expected) => {
    expect(leastShareBytes(rateBytesPerS, rttUs)).toBe(expected);
  });
});
