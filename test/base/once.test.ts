import { describe, expect, test } from "bun:test";

import { once } from "../../src/base/once.ts";

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
