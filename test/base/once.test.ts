import { describe, expect, test } from "bun:test";

import { once, oncePer } from "../../src/base/once.ts";

describe("once()", () => {
  test("makes nothing before it is asked, and then once, also when that is undefined", () => {
    let count = 0;
    const value = once(() => {
      count += 1;
      return undefined;
    });
    expect(count).toBe(0);
    expect([value(), value()]).toEqual([undefined, undefined]);
    expect(count).toBe(1);
  });
});

describe("oncePer()", () => {
  test("makes one for each key, when it is asked for first", () => {
    let made = 0;
    const valueOf = oncePer<object, { readonly number: number }>(() => ({ number: (made += 1) }));
    const [one, other] = [{}, {}];
    expect(made).toBe(0);
    expect([valueOf(one).number, valueOf(other).number, valueOf(one).number]).toEqual([1, 2, 1]);
    expect(valueOf(one)).toBe(valueOf(one));
  });
});
