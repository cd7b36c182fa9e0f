import { describe, expect, test } from "bun:test";
import { TransferError } from "../../src/client/transfer-error.ts";
import { type Checksum, decideProof, type ProofWishes, type Proven } from "../../src/client/verify.ts";
import type { DigestAlgorithm } from "../../src/semantics/digest.ts";

const RIGHT = Uint8Array.of(1, 2, 3);
const WRONG = Uint8Array.of(1, 2, 4);
const DIGESTS = new Map<DigestAlgorithm, Uint8Array>([
  ["sha-256", RIGHT],
  ["sha-512", RIGHT],
]);
const sha512 = (digest: Uint8Array): Checksum => ({ algorithm: "sha-512", digest });

describe("decideProof()", () => {
  test.each<[string, Uint8Array | undefined, ProofWishes, Proven | undefined]>([
    ["nothing", undefined, {}, undefined],
    ["the server's digest", RIGHT, {}, { algorithm: "sha-256", by: "server" }],
    ["the server's digest, required", RIGHT, { requireDigest: true }, { algorithm: "sha-256", by: "server" }],
    ["the user's digest", undefined, { checksum: sha512(RIGHT) }, { algorithm: "sha-512", by: "user" }],
    [
      "the user's digest, required",
      undefined,
      { checksum: sha512(RIGHT), requireDigest: true },
      { algorithm: "sha-512", by: "user" },
    ],
    ["both", RIGHT, { checksum: sha512(RIGHT) }, { algorithm: "sha-512", by: "user" }],
  ])("takes %s", (_name, announced, wishes, expected) => {
    expect(decideProof({ announced, digests: DIGESTS }, wishes)).toEqual(expected);
  });

  test.each<[string, Uint8Array | undefined, ProofWishes, string]>([
    ["what the server did not announce", WRONG, {}, "not what the server announced"],
    ["the same, whatever the user says", WRONG, { checksum: sha512(RIGHT) }, "not what the server announced"],
    ["what the user does not expect", RIGHT, { checksum: sha512(WRONG) }, "not what --checksum asks for"],
    [
      "what nobody has named a digest of",
      undefined,
      { requireDigest: true },
      "no digest that could be checked",
    ],
  ])("refuses %s", (_name, announced, wishes, message) => {
    const decide = () => decideProof({ announced, digests: DIGESTS }, wishes);
    expect(decide).toThrow(TransferError);
    expect(decide).toThrow(message);
  });

  test("refuses what was not computed", () => {
    expect(() => decideProof({ announced: RIGHT, digests: new Map() }, {})).toThrow(TransferError);
  });
});
