import { describe, expect, test } from "bun:test";
import { decodeBase64, encodeBase64 } from "../../src/semantics/base64.ts";

describe("decodeBase64()", () => {
  test.each([
    ["", ""],
    ["Zg==", "f"],
    ["Zg", "f"],
    ["Zm8=", "fo"],
    ["Zm8", "fo"],
    ["Zm9v", "foo"],
    ["Zm9vYmFy", "foobar"],
    ["iZ==", "\u0089"],
    ["+/+/", "\u00fb\u00ff\u00bf"],
  ])("decodes %p (RFC 4648 §10)", (text, decoded) => {
    expect(decodeBase64(text)).toEqual(Buffer.from(decoded, "latin1"));
  });

  test.each([
    "Z",
    "Zg=",
    "Zg===",
    "=Zg",
    "Z=g=",
    "Zm9v=",
    "Zm9vZ",
    "=",
    "====",
    "Zm 9v",
    "Zm9v\n",
    "-_-_",
    "Zm9ä",
  ])("refuses %p", (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});

describe("encodeBase64()", () => {
  test("pads, and reads only the view it is given", () => {
    const bytes = new Uint8Array([0, 102, 111, 0]).subarray(1, 3);
    expect(encodeBase64(bytes)).toBe("Zm8=");
  });
});
