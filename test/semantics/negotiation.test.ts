import { describe, expect, test } from "bun:test";
import { chooseCoding, chooseMediaType, type Coding } from "../../src/semantics/negotiation.ts";

const ALL: readonly Coding[] = ["br", "zstd", "gzip", "identity"];
const GZIP: readonly Coding[] = ["gzip", "identity"];
const IDENTITY_FIRST: readonly Coding[] = ["identity", "gzip"];
const PLAIN: readonly Coding[] = ["identity"];

describe("chooseCoding()", () => {
  test.each<readonly [field: string | undefined, offered: readonly Coding[], coding: Coding | undefined]>([
    // The examples of RFC 9110 §12.5.3.
    ["compress, gzip", ALL, "gzip"],
    ["", ALL, "identity"],
    ["*", ALL, "br"],
    ["compress;q=0.5, gzip;q=1.0", ALL, "gzip"],
    ["gzip;q=1.0, identity; q=0.5, *;q=0", ALL, "gzip"],
    // Absent: nothing is said.
    [undefined, ALL, "identity"],
    [undefined, ["gzip"], "gzip"],
    // What browsers and tools send.
    ["gzip, deflate, br, zstd", ALL, "br"],
    ["gzip, deflate", ALL, "gzip"],
    ["gzip", PLAIN, "identity"],
    ["deflate", ALL, "identity"],
    ["identity", ALL, "identity"],
    // Weights.
    ["br;q=0.5, gzip;q=0.8", ALL, "gzip"],
    ["gzip;q=0.8, br;q=0.8", ALL, "br"],
    ["br;q=0, gzip", ALL, "gzip"],
    ["gzip;q=0.001", ALL, "gzip"],
    ["gzip;q=0", ALL, "identity"],
    ["gzip;q=0.000", GZIP, "identity"],
    ["gzip ; q=0.5 , br", ALL, "br"],
    ["gzip;Q=0", GZIP, "identity"],
    // Identity wins only with a higher weight of its own.
    ["gzip, identity", GZIP, "gzip"],
    ["identity, gzip", IDENTITY_FIRST, "gzip"],
    ["gzip;q=0.5, identity;q=0.5", IDENTITY_FIRST, "gzip"],
    ["gzip;q=0.5, identity", GZIP, "identity"],
    ["gzip;q=0.5, identity;q=0.6", GZIP, "identity"],
    ["gzip;q=0.5", IDENTITY_FIRST, "gzip"],
    // The star.
    ["*", IDENTITY_FIRST, "gzip"],
    ["*;q=0.5, gzip;q=0.4", ALL, "br"],
    ["gzip;q=0, *", GZIP, "identity"],
    ["*;q=0", ALL, undefined],
    ["*;q=0, gzip", ALL, "gzip"],
    ["*;q=0, identity", ALL, "identity"],
    ["*;q=0, identity;q=0.1", ALL, "identity"],
    ["gzip;q=0, *;q=0", ALL, undefined],
    // Identity excluded.
    ["identity;q=0", ALL, undefined],
    ["identity;q=0", PLAIN, undefined],
    ["identity;q=0, gzip", ALL, "gzip"],
    ["identity;q=0, gzip;q=0", ALL, undefined],
    ["identity;q=0, *", ALL, "br"],
    ["identity;q=0.000, deflate", ALL, undefined],
    // Names.
    ["GZIP", ALL, "gzip"],
    ["x-gzip", ALL, "gzip"],
    ["X-Gzip;q=0.5", ALL, "gzip"],
    ["IDENTITY;q=0, *;q=0", ALL, undefined],
    ["gzipped", ALL, "identity"],
    // Malformed elements are passed over.
    ["gzip;q=2", GZIP, "identity"],
    ["gzip;q=", GZIP, "identity"],
    ["gzip;q=abc, br", ALL, "br"],
    ["gzip;q=0.1234, br;q=0.1", ALL, "br"],
    ["gzip;q=-1", GZIP, "identity"],
    ['gzip;q="1"', GZIP, "identity"],
    ["gzip;level=9", GZIP, "identity"],
    ["gzip;q=1;q=0", GZIP, "identity"],
    ["identity;q=x", PLAIN, "identity"],
    [",,gzip,,", GZIP, "gzip"],
    ["gzip br", ALL, "identity"],
    [";q=1", ALL, "identity"],
    ["gzip;q=0.2, gzip;q=0.9, identity;q=0.5", GZIP, "gzip"],
    ["gzip", [], undefined],
    ["br", ["gzip"], undefined],
  ])("Accept-Encoding %p of %j: %p (RFC 9110 §12.5.3)", (field, offered, coding) => {
    expect(chooseCoding(field, offered)).toBe(coding);
  });
});

describe("chooseMediaType()", () => {
  const PAGE = ["text/html", "application/json", "text/plain"];
  test.each<readonly [accept: string | undefined, offered: readonly string[], chosen: string | undefined]>([
    [undefined, PAGE, "text/html"],
    ["", PAGE, "text/html"],
    ["*/*", PAGE, "text/html"],
    ["application/json", PAGE, "application/json"],
    ["Application/JSON", PAGE, "application/json"],
    ["text/plain", PAGE, "text/plain"],
    ["text/*", PAGE, "text/html"],
    ["application/*", PAGE, "application/json"],
    ["image/png", PAGE, undefined],
    ["image/*", PAGE, undefined],
    // RFC 9110 §12.5.1.
    ["audio/*; q=0.2, audio/basic", ["audio/mpeg", "audio/basic"], "audio/basic"],
    [
      "text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c",
      ["text/plain", "text/x-dvi", "text/x-c"],
      "text/x-c",
    ],
    ["text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c", ["text/plain", "text/x-dvi"], "text/x-dvi"],
    // Browsers.
    ["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", PAGE, "text/html"],
    ["application/json, text/plain, */*", PAGE, "text/html"],
    ["application/json, text/plain;q=0.9, */*;q=0.1", PAGE, "application/json"],
    // The more specific range decides, whatever its place or weight.
    ["text/html;q=0.1, */*", PAGE, "application/json"],
    ["*/*, text/html;q=0, application/json;q=0", PAGE, "text/plain"],
    ["text/*;q=0, text/plain", PAGE, "text/plain"],
    ["text/html;q=0", PAGE, undefined],
    ["*/*;q=0", PAGE, undefined],
    ["text/*;q=0.5, application/*;q=0.6", PAGE, "application/json"],
    // Parameters.
    ["text/html;level=1", PAGE, "text/html"],
    ["application/json;charset=utf-8", PAGE, "application/json"],
    ["text/html;level=1;q=0.1, text/html;q=0.9, application/json;q=0.5", PAGE, "text/html"],
    ["text/html;q=0.4;ext=1, text/plain;q=0.5", PAGE, "text/plain"],
    // Malformed elements are passed over; with none left nothing is said.
    ["text/html;q=5, text/plain", PAGE, "text/plain"],
    ["text, text/plain", PAGE, "text/plain"],
    ["*, text/plain", PAGE, "text/plain"],
    ["*/html, text/plain", PAGE, "text/plain"],
    ["*", PAGE, "text/html"],
    ["garbage", PAGE, "text/html"],
    ['text/plain;x="a,b";q=0.5, application/json', PAGE, "application/json"],
    ["text/html", [], undefined],
  ])("Accept %p of %j: %p (RFC 9110 §12.5.1)", (accept, offered, chosen) => {
    expect(chooseMediaType(accept, offered)).toBe(chosen);
  });

  // The table of RFC 9110 §12.5.1: each type is offered beside one whose weight is known.
  const TABLE =
    "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5";
  test.each([
    ["text/plain;format=flowed", "text/plain", "text/plain;format=flowed"],
    ["text/plain", "image/jpeg", "text/plain"],
    ["text/html", "text/plain;format=fixed", "text/plain;format=fixed"],
    ["text/plain;format=fixed", "image/jpeg", "image/jpeg"],
    ["text/html", "image/jpeg", "image/jpeg"],
  ])("weighs %p and %p by the most specific range: %p (RFC 9110 §12.5.1)", (one, other, chosen) => {
    expect(chooseMediaType(TABLE, [one, other])).toBe(chosen);
    expect(chooseMediaType(TABLE, [other, one])).toBe(chosen);
  });
});
