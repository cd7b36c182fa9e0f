import { describe, expect, test } from "bun:test";
import { formatHttpDate, parseHttpDate } from "../../src/semantics/http-date.ts";

const NOW_MS = Date.UTC(2026, 10, 21, 12, 0, 0);
const EXAMPLE_MS = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("parseHttpDate()", () => {
  test.each([
    ["Sun, 06 Nov 1994 08:49:37 GMT", EXAMPLE_MS],
    ["Sunday, 06-Nov-94 08:49:37 GMT", EXAMPLE_MS],
    ["Sun Nov  6 08:49:37 1994", EXAMPLE_MS],
    ["Wed Nov 16 08:49:37 1994", Date.UTC(1994, 10, 16, 8, 49, 37)],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["Wed, 31 Dec 1969 23:59:59 GMT", -1000],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799_000],
    ["Sat, 01 Jan 0000 00:00:00 GMT", -62_167_219_200_000],
    ["Tue, 29 Feb 2000 00:00:00 GMT", Date.UTC(2000, 1, 29)],
    ["Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 29)],
  ])("reads %p (RFC 9110 §5.6.7)", (text, ms) => {
    expect(parseHttpDate(text, NOW_MS)).toBe(ms);
  });

  test("does not take the year 50 for 1950", () => {
    expect(new Date(parseHttpDate("Sat, 01 Jan 0050 00:00:00 GMT", NOW_MS)!).getUTCFullYear()).toBe(50);
  });

  test("takes a leap second for the first second of the next minute", () => {
    expect(parseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT", NOW_MS)).toBe(Date.UTC(2017, 0, 1));
  });

  test("does not compare the name of the day with the date", () => {
    expect(parseHttpDate("Mon, 06 Nov 1994 08:49:37 GMT", NOW_MS)).toBe(EXAMPLE_MS);
  });

  test.each([
    ["", "nothing"],
    ["0", "a number"],
    ["1994-11-06T08:49:37Z", "ISO 8601"],
    ["sun, 06 Nov 1994 08:49:37 GMT", "a day in lower case"],
    ["Sun, 06 nov 1994 08:49:37 GMT", "a month in lower case"],
    ["Sun, 06 NOV 1994 08:49:37 GMT", "a month in capitals"],
    ["Sun, 06 Nov 1994 08:49:37 gmt", "a zone in lower case"],
    ["Sun, 06 Nov 1994 08:49:37 UTC", "another zone"],
    ["Sun, 06 Nov 1994 08:49:37 +0000", "a numeric zone"],
    ["Sun, 06 Nov 1994 08:49:37", "no zone"],
    ["Sun, 6 Nov 1994 08:49:37 GMT", "a day of one digit"],
    ["Sun,06 Nov 1994 08:49:37 GMT", "no space"],
    ["Sun, 06  Nov 1994 08:49:37 GMT", "two spaces"],
    ["Sun, 06-Nov-1994 08:49:37 GMT", "the form of cookies"],
    ["Sun, 06 Nov 94 08:49:37 GMT", "two digits in the first form"],
    ["Sun, 06-Nov-94 08:49:37 GMT", "a short day in the RFC 850 form"],
    ["Sunday, 06 Nov 1994 08:49:37 GMT", "a long day in the first form"],
    ["Sun Nov 6 08:49:37 1994", "one space in asctime's"],
    ["Sun Nov 06 08:49:37 94", "two digits in asctime's"],
    ["Sun Nov  6 08:49:37 1994 GMT", "a zone in asctime's"],
    ["Sun, 06 Nov 1994 8:49:37 GMT", "an hour of one digit"],
    ["Sun, 00 Nov 1994 08:49:37 GMT", "day 0"],
    ["Sun, 31 Nov 1994 08:49:37 GMT", "31 November"],
    ["Sun, 32 Dec 1994 08:49:37 GMT", "32 December"],
    ["Tue, 29 Feb 2023 00:00:00 GMT", "29 February of a common year"],
    ["Thu, 29 Feb 1900 00:00:00 GMT", "29 February 1900"],
    ["Sun, 06 Nov 1994 24:00:00 GMT", "hour 24"],
    ["Sun, 06 Nov 1994 08:60:00 GMT", "minute 60"],
    ["Sun, 06 Nov 1994 08:49:61 GMT", "second 61"],
    ["Sun, 06 Nov 1994 08:49:37 GMT ", "a trailing space"],
    [" Sun, 06 Nov 1994 08:49:37 GMT", "a leading space"],
    ["Sun, 06 Nov 1994 08:49:37 GMT; length=5", "a parameter of old browsers"],
    ["Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", "two dates"],
    ["Sun, 06 Nov 1994 08:49:37 GMT\n", "a line end"],
    ["Sun, ٠٦ Nov 1994 08:49:37 GMT", "digits of another script"],
    ["Sun, 06 Nov -994 08:49:37 GMT", "a negative year"],
    ["Sun, 06 Nov 19940 08:49:37 GMT", "a year of five digits"],
  ])("refuses %p: %s", (text) => {
    expect(parseHttpDate(text, NOW_MS)).toBeUndefined();
  });

  // "more than 50 years in the future" is in the past (RFC 9110 §5.6.7).
  test.each([
    [Date.UTC(2026, 10, 21, 12), "Sunday, 06-Nov-94 08:49:37 GMT", 1994],
    [Date.UTC(2026, 10, 21, 12), "Sunday, 06-Nov-26 08:49:37 GMT", 2026],
    [Date.UTC(2026, 10, 21, 12), "Sunday, 06-Nov-00 08:49:37 GMT", 2000],
    [Date.UTC(2026, 10, 21, 12), "Sunday, 06-Nov-76 08:49:37 GMT", 2076],
    [Date.UTC(2026, 10, 21, 12), "Saturday, 21-Nov-76 12:00:00 GMT", 2076],
    [Date.UTC(2026, 10, 21, 12), "Saturday, 21-Nov-76 12:00:01 GMT", 1976],
    [Date.UTC(2026, 10, 21, 12), "Sunday, 06-Nov-77 08:49:37 GMT", 1977],
    [Date.UTC(2026, 10, 21, 12), "Sunday, 06-Nov-99 08:49:37 GMT", 1999],
    [Date.UTC(2060, 0, 1), "Sunday, 06-Nov-05 08:49:37 GMT", 2105],
    [Date.UTC(2060, 0, 1), "Sunday, 06-Nov-70 08:49:37 GMT", 2070],
    [Date.UTC(1994, 0, 1), "Sunday, 06-Nov-94 08:49:37 GMT", 1994],
    [Date.UTC(1999, 0, 1), "Tuesday, 29-Feb-00 00:00:00 GMT", 2000],
  ])("at %p, %p is in %p", (nowMs, text, year) => {
    expect(new Date(parseHttpDate(text, nowMs)!).getUTCFullYear()).toBe(year);
  });

  test("refuses 29 February of a two-digit year that is a common one", () => {
    expect(parseHttpDate("Tuesday, 29-Feb-23 00:00:00 GMT", NOW_MS)).toBeUndefined();
  });
});

describe("formatHttpDate()", () => {
  test.each([
    [EXAMPLE_MS, "Sun, 06 Nov 1994 08:49:37 GMT"],
    [0, "Thu, 01 Jan 1970 00:00:00 GMT"],
    [999, "Thu, 01 Jan 1970 00:00:00 GMT"],
    [999.999, "Thu, 01 Jan 1970 00:00:00 GMT"],
    [-1, "Wed, 31 Dec 1969 23:59:59 GMT"],
    [-0.001, "Wed, 31 Dec 1969 23:59:59 GMT"],
    [-1000, "Wed, 31 Dec 1969 23:59:59 GMT"],
    [253_402_300_799_999, "Fri, 31 Dec 9999 23:59:59 GMT"],
    [-62_167_219_200_000, "Sat, 01 Jan 0000 00:00:00 GMT"],
    [Date.UTC(2024, 1, 29, 23, 59, 59), "Thu, 29 Feb 2024 23:59:59 GMT"],
  ])("writes %p as %p (RFC 9110 §5.6.7)", (ms, text) => {
    expect(formatHttpDate(ms)).toBe(text);
  });

  test.each([253_402_300_800_000, -62_167_219_200_001, 1e300, Number.NaN, Infinity, -Infinity])(
    "says nothing of %p, which has no year of four digits (CVE-2020-25691)",
    (ms) => {
      expect(formatHttpDate(ms)).toBeUndefined();
    },
  );
});
