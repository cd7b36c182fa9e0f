import { describe, expect, test } from "bun:test";
import { formatHostPort, normalizeAddress } from "../../src/net/endpoint.ts";

describe("normalizeAddress()", () => {
  test.each([
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["::FFFF:10.1.2.3", "10.1.2.3"],
    ["::1", "::1"],
    ["fe80::1%eth0", "fe80::1%eth0"],
    ["::ffff:abcd:1", "::ffff:abcd:1"],
  ])("%s → %s", (given, expected) => {
    expect(normalizeAddress(given)).toBe(expected);
  });
});

describe("formatHostPort()", () => {
  test.each([
    ["127.0.0.1", 80, "127.0.0.1:80"],
    ["localhost", 8080, "localhost:8080"],
    ["::1", 8080, "[::1]:8080"],
  ])("%s and %i → %s", (host, port, expected) => {
    expect(formatHostPort(host, port)).toBe(expected);
  });
});
