import { describe, expect, test } from "bun:test";
import { momentFields } from "../../src/server/moment-fields.ts";

const NOW_MS = Date.UTC(2026, 2, 5, 12);

describe("momentFields()", () => {
  test("tells the second and how long the connection is kept", () => {
    expect(momentFields(NOW_MS + 999, 19_999)).toEqual([
      ["Date", "Thu, 05 Mar 2026 12:00:00 GMT"],
      ["Keep-Alive", "timeout=19"],
    ]);
  });

  test("gives the same array for a second, and another one for another second or time", () => {
    const first = momentFields(NOW_MS, 5000);
    expect(momentFields(NOW_MS + 999, 5000)).toBe(first);
    expect(momentFields(NOW_MS + 1000, 5000)).not.toBe(first);
    expect(momentFields(NOW_MS, 6000)).not.toBe(first);
  });

  test("has a Date even where the clock has none", () => {
    expect(momentFields(Number.NaN, 5000)[0]).toEqual(["Date", "Thu, 01 Jan 1970 00:00:00 GMT"]);
  });
});
