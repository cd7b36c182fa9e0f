import { describe, expect, test } from "bun:test";
import { parseContentCodings } from "../../src/semantics/content-coding.ts";

describe("parseContentCodings()", () => {
  test.each([
    [undefined, []],
    ["", []],
    [" , ,", []],
    ["gzip", ["gzip"]],
    ["GZIP , br", ["GZIP", "br"]],
    ["Identity", []],
    ["identity, gzip, identity", ["gzip"]],
    ["none", []],
    ["UTF-8", []],
    ["binary", []],
    ["utf-16", ["utf-16"]],
  ])("%p is %j (RFC 9110 §8.4)", (value, codings) => {
    expect(parseContentCodings(value)).toEqual(codings);
  });
});
