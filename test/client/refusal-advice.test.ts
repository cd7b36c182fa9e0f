import { describe, expect, test } from "bun:test";
import { adviseOnSchemes } from "../../src/client/refusal-advice.ts";
import { Fields } from "../../src/wire/fields.ts";
import type { ResponseHead } from "../../src/wire/message.ts";

function refusal(challenge: string): ResponseHead {
  return {
    kind: "response",
    status: 401,
    reason: "Unauthorized",
    version: "1.1",
    fields: new Fields([["WWW-Authenticate", challenge]]),
    framing: { kind: "none" },
    persists: true,
  };
}

describe("adviseOnSchemes()", () => {
  test.each([
    ['Digest realm="a, Basic b", nonce="\\"x"', "asks for the scheme Digest,"],
    ['Digest realm="x", NTLM', "asks for the scheme Digest or NTLM,"],
    ['Digest realm="never ended, Basic', "asks for the scheme Digest,"],
    ['Digest realm="never ended\\', "asks for the scheme Digest,"],
  ])("reads %j", (challenge, part) => {
    expect(adviseOnSchemes(refusal(challenge))).toContain(part);
  });

  test.each(['Basic realm="x"', 'Digest realm="x", basic realm="y"', ""])(
    "has nothing to say of %j",
    (text) => {
      expect(adviseOnSchemes(refusal(text))).toBeUndefined();
    },
  );

  test("looks at each quote once, however many are not ended", () => {
    // Looked at from each quote to the end, this would take hours.
    expect(adviseOnSchemes(refusal(`Digest realm=${'"\\'.repeat(5_000_000)}`))).toContain("Digest");
  });
});
