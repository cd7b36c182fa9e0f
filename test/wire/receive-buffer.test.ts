import { describe, expect, test } from "bun:test";
import { decodeLatin1, encodeLatin1 } from "../../src/base/bytes.ts";
import { ReceiveBuffer } from "../../src/wire/receive-buffer.ts";

function takeAll(buffer: ReceiveBuffer): readonly string[] {
  const taken: string[] = [];
  for (let bytes = buffer.take(1000); bytes !== undefined; bytes = buffer.take(1000))
    taken.push(decodeLatin1(bytes));
  return taken;
}

describe("ReceiveBuffer", () => {
  test("gives the bytes in the chunks they came in, without copying", () => {
    const buffer = new ReceiveBuffer();
    const chunk = encodeLatin1("abc");
    buffer.push(chunk);
    buffer.push(encodeLatin1(""));
    buffer.push(encodeLatin1("de"));
    expect(buffer.length).toBe(5);
    expect(buffer.take(1000)).toBe(chunk);
    expect(takeAll(buffer)).toEqual(["de"]);
    expect(buffer.length).toBe(0);
  });

  test("takes no more than is asked for, and goes on there", () => {
    const buffer = new ReceiveBuffer();
    buffer.push(encodeLatin1("abcdef"));
    expect(decodeLatin1(buffer.take(2) ?? encodeLatin1(""))).toBe("ab");
    buffer.skip(1);
    expect(buffer.offset).toBe(3);
    expect(takeAll(buffer)).toEqual(["def"]);
  });

  test("joins many chunks, without those bytes that were read", () => {
    const buffer = new ReceiveBuffer();
    buffer.push(encodeLatin1("abc"));
    buffer.skip(2);
    for (let count = 0; count < 100; count += 1) buffer.push(encodeLatin1("x"));
    expect(buffer.length).toBe(101);
    const taken = takeAll(buffer);
    expect(taken.join("")).toBe(`c${"x".repeat(100)}`);
    expect(taken.length).toBeLessThan(40);
  });

  test("forgets what it is told to", () => {
    const buffer = new ReceiveBuffer();
    buffer.push(encodeLatin1("abc"));
    buffer.skip(1);
    buffer.clear();
    buffer.push(encodeLatin1("d"));
    expect(takeAll(buffer)).toEqual(["d"]);
  });
});
