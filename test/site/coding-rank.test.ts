import { describe, expect, test } from "bun:test";
import { rankCodings } from "../../src/site/coding-rank.ts";
import type { Coding } from "../../src/semantics/negotiation.ts";

const OFFERED: readonly Coding[] = ["br", "zstd", "gzip", "identity"];

describe("rankCodings()", () => {
  test.each([
    ["gzip, deflate, br, zstd", ["br", "zstd", "gzip", "identity"]],
    ["gzip;q=1, br;q=0.5", ["gzip", "br", "identity"]],
    ["gzip, identity;q=0", ["gzip"]],
    ["identity", ["identity"]],
    ["", ["identity"]],
    ["*;q=0", []],
    ["gzip;q=0.2, identity;q=0.9", ["identity", "gzip"]],
  ] as const)("%j accepts %j, best first (RFC 9110 §12.5.3)", (acceptEncoding, ranked) => {
    expect(rankCodings(acceptEncoding, OFFERED)).toEqual([...ranked]);
    expect(rankCodings(acceptEncoding, OFFERED)).toEqual([...ranked]);
  });

  test("keeps apart what is offered, and forgets when clients send ever new fields", () => {
    expect(rankCodings("gzip", ["identity"])).toEqual(["identity"]);
    for (let index = 0; index < 1000; index += 1) rankCodings(`gzip, x-${index}`, OFFERED);
    expect(rankCodings("gzip", OFFERED)).toEqual(["gzip", "identity"]);
  });
});
