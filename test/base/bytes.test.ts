import { describe, expect, test } from "bun:test";
import fc from "fast-check";

import {
  asBuffer,
  concatBytes,
  decodeFieldText,
  decodeLatin1,
  decodeUtf8,
  encodeLatin1,
  encodeUtf8,
  randomHex,
} from "../../src/base/bytes.ts";

describe("concatBytes()", () => {
  test("joins parts in order", () => {
    expect([...concatBytes([Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)])]).toEqual([1, 2, 3]);
  });

  test("gives nothing for no parts, and a single part as it is", () => {
    const part = Uint8Array.of(1);
    expect(concatBytes([])).toHaveLength(0);
    expect(concatBytes([part])).toBe(part);
  });
});

describe("decodeLatin1()", () => {
  test("gives one character for each octet, and back (RFC 9110 §5.5)", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = decodeLatin1(bytes);
        expect(text).toHaveLength(bytes.length);
        expect([...encodeLatin1(text)]).toEqual([...bytes]);
      }),
    );
  });

  test("decodes a part, its end exclusive", () => {
    expect(decodeLatin1(Uint8Array.of(0x61, 0x62, 0x63), 1, 2)).toBe("b");
  });
});

describe("decodeUtf8()", () => {
  test.each([
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a cut sequence", [0xe2, 0x82]],
    ["a lone continuation", [0x80]],
    ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ])("refuses %s (RFC 3629 §3)", (_name, octets) => {
    expect(decodeUtf8(Uint8Array.from(octets))).toBeUndefined();
  });

  test("reads what encodeUtf8() wrote, a byte order mark too", () => {
    expect(decodeUtf8(encodeUtf8("\ufeffä🙂"))).toBe("\ufeffä🙂");
  });
});

describe("asBuffer()", () => {
  test("shares the memory of a view", () => {
    const whole = Uint8Array.of(1, 2, 3);
    asBuffer(whole.subarray(1))[0] = 9;
    expect([...whole]).toEqual([1, 9, 3]);
  });
});

describe("decodeFieldText()", () => {
  test.each([
    ["plain", "plain"],
    ["B\u00c3\u00a4r", "Bär"],
    ["B\u00e4r", "B\u00e4r"],
    ["\u{1f43b}\u00c3\u00a4", "\u{1f43b}\u00c3\u00a4"],
  ])("reads %j", (value, text) => {
    expect(decodeFieldText(value)).toBe(text);
  });
});

describe("randomHex()", () => {
  test("gives two digits for each byte, and others each time", () => {
    expect(randomHex(8)).toMatch(/^[0-9a-f]{16}$/);
    expect(randomHex(8)).not.toBe(randomHex(8));
  });
});
