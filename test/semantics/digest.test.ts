import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  chooseLegacyDigest,
  chooseWantedDigest,
  type DigestAlgorithm,
  formatDigestField,
  formatLegacyDigest,
  parseDigestField,
  parseLegacyDigest,
} from "../../src/semantics/digest.ts";

// RFC 9530 appendix B.1: the digests of {"hello": "world"} and a line feed.
const CONTENT = '{"hello": "world"}\n';
const SHA_256 = "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=";
const SHA_512 = "YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==";

const sha256 = createHash("sha256").update(CONTENT).digest();
const sha512 = createHash("sha512").update(CONTENT).digest();

describe("formatDigestField()", () => {
  test.each<readonly [algorithm: DigestAlgorithm, bytes: Uint8Array, field: string]>([
    ["sha-256", sha256, `sha-256=:${SHA_256}:`],
    ["sha-512", sha512, `sha-512=:${SHA_512}:`],
  ])("writes %s as in RFC 9530 appendix B.1", (algorithm, bytes, field) => {
    expect(formatDigestField(algorithm, bytes)).toBe(field);
  });
});

function read(value: string): readonly (readonly [string, string])[] | "malformed" {
  const field = parseDigestField(value);
  if (field.kind === "malformed") return field.kind;
  return [...field.digests].map(
    ([algorithm, bytes]) => [algorithm, Buffer.from(bytes).toString("base64")] as const,
  );
}

describe("parseDigestField()", () => {
  test.each([
    [`sha-256=:${SHA_256}:`, [["sha-256", SHA_256]]],
    [`sha-512=:${SHA_512}:`, [["sha-512", SHA_512]]],
    [
      `sha-512=:${SHA_512}:,sha-256=:${SHA_256}:`,
      [
        ["sha-256", SHA_256],
        ["sha-512", SHA_512],
      ],
    ],
    [`sha-256=:${SHA_256};:`, "malformed"],
    [`sha-256=:${SHA_256}:;x=1`, [["sha-256", SHA_256]]],
    [`sha-256=:${SHA_256.slice(0, -1)}:`, [["sha-256", SHA_256]]],
    [`sha-256=:AAAA:, sha-256=:${SHA_256}:`, [["sha-256", SHA_256]]],
    ["md5=:AAAA:", []],
    [`md5=:AAAA:, sha-256=:${SHA_256}:`, [["sha-256", SHA_256]]],
    ["unixsum=12", []],
    ["", []],
  ])("reads %p (RFC 9530 §2, §3)", (value, digests) => {
    expect(read(value)).toEqual(digests as ReturnType<typeof read>);
  });

  test.each([
    "sha-256",
    "sha-256=",
    "sha-256=::",
    "sha-256=:AAAA:",
    `sha-256=:${SHA_512}:`,
    `sha-512=:${SHA_256}:`,
    `sha-256=${SHA_256}`,
    `sha-256="${SHA_256}"`,
    `SHA-256=:${SHA_256}:`,
    `sha-256=:${SHA_256}`,
    "sha-256=:***:",
    "sha-256=1",
    "sha-256=?1",
    "sha-256=(:AAAA:)",
    `sha-256=:${SHA_256}:, sha-512=:AAAA:`,
    `sha-256=:${SHA_256}:,`,
  ])("calls %p malformed", (value) => {
    expect(read(value)).toBe("malformed");
  });
});

describe("chooseWantedDigest()", () => {
  test.each<readonly [field: string | undefined, algorithm: DigestAlgorithm | undefined]>([
    // RFC 9530 §4.
    ["sha-256=1", "sha-256"],
    ["sha-512=3, sha-256=10, unixsum=0", "sha-256"],
    ["sha-256=10, sha=3", "sha-256"],
    ["sha-512=10, sha-256=1", "sha-512"],
    ["sha-512=5, sha-256=5", "sha-256"],
    ["sha-256=0, sha-512=1", "sha-512"],
    ["sha-256=0", undefined],
    ["sha-256=0, sha-512=0", undefined],
    ["md5=10", undefined],
    ["sha-256=11", undefined],
    ["sha-256=11, sha-512=1", "sha-512"],
    ["sha-256=-1", undefined],
    ["sha-256=1.0", undefined],
    ["sha-256", undefined],
    ["sha-256=?1", undefined],
    ['sha-256="1"', undefined],
    ["sha-256=1;x=y", "sha-256"],
    ["sha-256=1, sha-256=0", undefined],
    ["SHA-256=1", undefined],
    ["sha-256=1,", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("Want-Repr-Digest %p: %p (RFC 9530 §4)", (field, algorithm) => {
    expect(chooseWantedDigest(field)).toBe(algorithm);
  });
});

describe("chooseLegacyDigest()", () => {
  test.each<readonly [field: string | undefined, algorithm: "SHA-256" | undefined]>([
    ["SHA-256", "SHA-256"],
    ["sha-256", "SHA-256"],
    ["SHA-256;q=1, sha;q=0.5", "SHA-256"],
    ["SHA-512;q=1, SHA-256;q=1, SHA;q=0.1", "SHA-256"],
    ["sha;q=1, SHA-256;q=0.3", "SHA-256"],
    ["MD5;q=0.3, sha;q=1", undefined],
    ["SHA-256;q=0", undefined],
    ["SHA-256;q=0.000", undefined],
    ["SHA-256;q=x", undefined],
    ["SHA-2567", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("Want-Digest %p: %p (RFC 3230 §4.3.1)", (field, algorithm) => {
    expect(chooseLegacyDigest(field)).toBe(algorithm);
  });
});

describe("parseLegacyDigest() and formatLegacyDigest()", () => {
  test.each([
    `SHA-256=${SHA_256}`,
    `sha-256=${SHA_256}`,
    `md5=HUXZLQLMuI/KZ5KDcJPcOA==,SHA-256=${SHA_256}`,
    `SHA-256=${SHA_256} , unixsum=30637`,
  ])("reads %p (RFC 3230 §4.3.2)", (value) => {
    expect(parseLegacyDigest(value)).toEqual(sha256);
  });

  test.each([
    "",
    "md5=HUXZLQLMuI/KZ5KDcJPcOA==",
    "SHA-256=",
    "SHA-256=AAAA",
    "SHA-256",
    `SHA-256=:${SHA_256}:`,
    `SHA-512=${SHA_512}`,
    `SHA-256="${SHA_256}"`,
  ])("finds no SHA-256 in %p", (value) => {
    expect(parseLegacyDigest(value)).toBeUndefined();
  });

  test("write what is read", () => {
    expect(formatLegacyDigest(sha256)).toBe(`SHA-256=${SHA_256}`);
  });
});
