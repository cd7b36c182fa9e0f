import { describe, expect, test } from "bun:test";
import { STATUS_CODES } from "node:http";
import { reasonPhrase } from "../../src/wire/status-line.ts";

describe("reasonPhrase()", () => {
  test.each([
    [100, "Continue"],
    [103, "Early Hints"],
    [206, "Partial Content"],
    [302, "Found"],
    [308, "Permanent Redirect"],
    [413, "Content Too Large"],
    [414, "URI Too Long"],
    [416, "Range Not Satisfiable"],
    [421, "Misdirected Request"],
    [422, "Unprocessable Content"],
    [431, "Request Header Fields Too Large"],
    [505, "HTTP Version Not Supported"],
  ])("names %i as the registry does (RFC 9110 §15)", (status, phrase) => {
    expect(reasonPhrase(status)).toBe(phrase);
  });

  test.each([0, 199, 306, 418, 299, 420, 430, 599, 600, -1, Number.NaN, 200.5])(
    "has no phrase for %p",
    (status) => {
      expect(reasonPhrase(status)).toBe("");
    },
  );

  test("agrees with the phrases of Node but where RFC 9110 renamed them or a code left the registry", () => {
    const renamed = new Set([413, 418, 422, 425, 509]);
    for (const [code, phrase] of Object.entries(STATUS_CODES)) {
      if (!renamed.has(Number(code)))
        expect([code, reasonPhrase(Number(code))]).toEqual([code, phrase ?? ""]);
    }
  });
});
