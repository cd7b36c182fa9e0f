import { describe, expect, test } from "bun:test";
import {
  type ByteSpan,
  MAX_RANGES,
  resolveByteRange,
  resolveRangeField,
  spanLength,
} from "../../src/semantics/byte-range.ts";

const HUGE = "9".repeat(40);

function show(value: string, size: number): string {
  const decision = resolveRangeField(value, size);
  if (decision.kind !== "spans") return decision.kind;
  return decision.spans.map((span) => `${span.first}-${span.last}`).join(" ");
}

describe("resolveByteRange()", () => {
  test.each<readonly [spec: string, size: number, span: ByteSpan]>([
    ["0-499", 10_000, { first: 0, last: 499 }],
    ["500-999", 10_000, { first: 500, last: 999 }],
    ["-500", 10_000, { first: 9500, last: 9999 }],
    ["9500-", 10_000, { first: 9500, last: 9999 }],
    ["0-0", 10_000, { first: 0, last: 0 }],
    ["-1", 10_000, { first: 9999, last: 9999 }],
    ["0-", 10, { first: 0, last: 9 }],
    ["0-9", 10, { first: 0, last: 9 }],
    ["0-10", 10, { first: 0, last: 9 }],
    ["9-9", 10, { first: 9, last: 9 }],
    ["9-", 10, { first: 9, last: 9 }],
    ["5-5", 10, { first: 5, last: 5 }],
    ["-10", 10, { first: 0, last: 9 }],
    ["-11", 10, { first: 0, last: 9 }],
    ["0-0", 1, { first: 0, last: 0 }],
    ["007-0008", 10, { first: 7, last: 8 }],
    [`0-${HUGE}`, 10, { first: 0, last: 9 }],
    [`-${HUGE}`, 10, { first: 0, last: 9 }],
    ["-9223372036854775608", 10, { first: 0, last: 9 }],
    ["0-18446744073709551615", 10, { first: 0, last: 9 }],
    [`${"0".repeat(400)}3-${"0".repeat(300)}4`, 10, { first: 3, last: 4 }],
    [`2-${"9".repeat(400)}`, 10, { first: 2, last: 9 }],
  ])("resolves %p of %p bytes (RFC 9110 §14.1.2)", (spec, size, span) => {
    expect(resolveByteRange(spec, size)).toEqual(span);
  });

  test.each([
    ["10-", 10],
    ["10-20", 10],
    ["10-10", 10],
    [`${HUGE}-`, 10],
    [`${HUGE}-${HUGE}`, 10],
    ["9007199254740992-9007199254740993", 10],
    [`${"9".repeat(400)}-`, 10],
    ["-0", 10],
    ["-000", 10],
    ["-0", 0],
    ["0-", 0],
    ["0-0", 0],
    ["0-9", 0],
  ])("finds nothing of %p in %p bytes (RFC 9110 §14.1.2)", (spec, size) => {
    expect(resolveByteRange(spec, size)).toBe("unsatisfiable");
  });

  test.each([
    "",
    "-",
    "--",
    "5",
    "5-4",
    "10-5",
    "9007199254740993-9007199254740992",
    `${HUGE}1-${HUGE}0`,
    `1${HUGE}-${HUGE}`,
    "abc",
    "a-b",
    "1-2-3",
    "--5",
    "-5-",
    "+1-2",
    "0x1-2",
    "1e1-20",
    "1.0-2",
    "1 -2",
    "1- 2",
    " 1-2",
    "1-2 ",
    "1-2\n",
    "0:5",
    "٣-٤",
  ])("refuses %p as malformed", (spec) => {
    expect(resolveByteRange(spec, 10)).toBeUndefined();
  });

  test("has no span to say for the last bytes of nothing, though §14.1.2 calls that satisfiable", () => {
    expect(resolveByteRange("-5", 0)).toBeUndefined();
  });
});

describe("resolveRangeField()", () => {
  test.each([
    ["bytes=0-499", 10_000, "0-499"],
    ["bytes=-500", 10_000, "9500-9999"],
    ["bytes=9500-", 10_000, "9500-9999"],
    ["bytes=0-0,-1", 10_000, "0-0 9999-9999"],
    ["bytes= ,0-0", 10, "0-0"],
    ["bytes=500-600,601-999", 10_000, "500-999"],
    ["bytes=500-700,601-999", 10_000, "500-999"],
    ["bytes=0-999, 4500-5499, -1000", 10_000, "0-999 4500-5499 9000-9999"],
    ["BYTES=0-1", 10, "0-1"],
    ["Bytes=0-1", 10, "0-1"],
    ["bytes=0-", 10, "0-9"],
    ["bytes=0-9", 10, "0-9"],
    ["bytes=-10", 10, "0-9"],
    [`bytes=0-${HUGE}`, 10, "0-9"],
  ])("resolves %p of %p bytes to %p (RFC 9110 §14.1.2, §14.2)", (value, size, spans) => {
    expect(show(value, size)).toBe(spans);
  });

  test.each([
    ["bytes=0-1,3-4", "0-1 3-4"],
    ["bytes=0-1 , 3-4", "0-1 3-4"],
    ["bytes=0-1\t,\t3-4", "0-1 3-4"],
    ["bytes=0-1,,3-4", "0-1 3-4"],
    ["bytes=,0-1, ,3-4,", "0-1 3-4"],
    ["bytes=0-1, 3-4 ", "0-1 3-4"],
  ])("passes over white space around commas and empty elements in %p (RFC 9110 §5.6.1.2)", (value, spans) => {
    expect(show(value, 10)).toBe(spans);
  });

  test.each([
    ["bytes=0-1,99-100", "0-1"],
    ["bytes=99-100,0-1", "0-1"],
    ["bytes=-0,8-", "8-9"],
    ["bytes=0-,99-", "0-9"],
    ["bytes=99-,-0", "unsatisfiable"],
    ["bytes=10-", "unsatisfiable"],
    [`bytes=${HUGE}-`, "unsatisfiable"],
  ])("leaves out of %p what does not exist (RFC 9110 §14.2)", (value, spans) => {
    expect(show(value, 10)).toBe(spans);
  });

  test.each([
    "",
    "bytes",
    "bytes=",
    "bytes=,",
    "bytes= , ",
    "bytes=-",
    "bytes=10-5",
    "bytes=abc",
    "bytes=1-2-3",
    "bytes=0-1,5-4",
    "bytes=0-1,x",
    "bytes=99-100,x",
    "bytes=0-1;3-4",
    "bytes=0-1 3-4",
    "bytes=0 - 1",
    "bytes= 0-1",
    "bytes =0-1",
    " bytes=0-1",
    "bytes:0-1",
    "bytes 0-1",
    "bytes 0-1/10",
    "byte=0-1",
    "bytess=0-1",
    "items=0-1",
    "none=0-1",
    "bytes==0-1",
    "bytes=0-1=2-3",
    "0-1",
    "bytes=0-1, bytes=3-4",
    "bytes=0-1\u00a0,3-4",
  ])("ignores %p (RFC 9110 §14.2: unknown unit, or malformed)", (value) => {
    expect(show(value, 10)).toBe("whole");
  });

  test.each([
    ["bytes=0-2,1-4", "0-4"],
    ["bytes=5-6,0-1,3-4", "3-6 0-1"],
    ["bytes=0-1,4-5,2-3", "0-5"],
    ["bytes=8-8,0-1,4-5,1-4", "8-8 0-5"],
    ["bytes=3-3,3-3,3-3", "3-3"],
    ["bytes=-1,0-0", "9-9 0-0"],
    ["bytes=2-3,0-7", "0-7"],
    ["bytes=0-0,2-2,4-4,6-6", "0-0 2-2 4-4 6-6"],
  ])(
    "joins what overlaps or touches in %p, at the place of the first (RFC 9110 §15.3.7.2)",
    (value, spans) => {
      expect(show(value, 10)).toBe(spans);
    },
  );

  test.each(["bytes=0-4,5-9", "bytes=0-,0-", "bytes=5-,0-4", "bytes=-10,0-0"])(
    "sends everything once for %p, whose parts are everything",
    (value) => {
      expect(show(value, 10)).toBe("whole");
    },
  );

  test.each([
    ["bytes=0-", "unsatisfiable"],
    ["bytes=0-0", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=-5", "whole"],
    ["bytes=0-0,-5", "whole"],
  ])("decides %p of an empty representation: %p (RFC 9110 §14.1.2)", (value, decision) => {
    expect(show(value, 0)).toBe(decision);
  });

  test(`takes ${MAX_RANGES} ranges and ignores one more`, () => {
    const specs = Array.from({ length: MAX_RANGES + 1 }, (_, index) => `${index * 2}-${index * 2}`);
    const atLimit = resolveRangeField(`bytes=${specs.slice(0, MAX_RANGES).join(",")}`, 1000);
    expect(atLimit.kind === "spans" && atLimit.spans.length).toBe(MAX_RANGES);
    expect(show(`bytes=${specs.join(",")}`, 1000)).toBe("whole");
  });

  test("counts ranges that do not exist towards the limit", () => {
    expect(show(`bytes=${"99-,".repeat(MAX_RANGES)}0-0`, 10)).toBe("whole");
  });

  test("CVE-2011-3192: never sends a byte twice, however many ranges overlap", () => {
    const size = 300_000;
    const killer = Array.from({ length: 1300 }, (_, index) => `5-${index}`).join(",");
    expect(show(`bytes=0-,${killer}`, size)).toBe("whole");
    const valid = Array.from({ length: 99 }, (_, index) => `5-${index + 5}`).join(",");
    expect(show(`bytes=${valid}`, size)).toBe("5-103");
    expect(show(`bytes=0-,${valid}`, size)).toBe("whole");
  });

  test.each([
    ["bytes=-9223372036854775608,-1", "whole"],
    ["bytes=-9223372036854775608", "0-299999"],
    ["bytes=-9223372036854775807", "0-299999"],
    ["bytes=-18446744073709551616", "0-299999"],
    ["bytes=-300623,-9223372036854474785", "whole"],
    [`bytes=-${HUGE}`, "0-299999"],
    [`bytes=${HUGE}-${HUGE}`, "unsatisfiable"],
    [`bytes=1-${HUGE}`, "1-299999"],
  ])("CVE-2017-7529: %p stays inside the file: %p", (value, spans) => {
    expect(show(value, 300_000)).toBe(spans);
  });

  test("reads a long field in linear time", () => {
    const started = performance.now();
    expect(show(`bytes=${"\t".repeat(500_000)}x`, 10)).toBe("whole");
    expect(show(`bytes=0-1,${"\t".repeat(500_000)}x`, 10)).toBe("whole");
    expect(show(`bytes=${"0".repeat(500_000)}1-2`, 10)).toBe("1-2");
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("spanLength()", () => {
  test.each([
    [{ first: 0, last: 0 }, 1],
    [{ first: 5, last: 9 }, 5],
  ])("counts both ends of %j: %p", (span, length) => {
    expect(spanLength(span)).toBe(length);
  });
});
