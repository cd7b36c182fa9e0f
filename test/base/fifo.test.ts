import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fifo } from "../../src/base/fifo.ts";

test("Fifo lets values go in the order in which they came", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(), { nil: undefined }), { maxLength: 60 }), (steps) => {
      const fifo = new Fifo<number>();
      const expected: number[] = [];
      for (const value of steps) {
        if (value === undefined) expect(fifo.shift()).toBe(expected.shift());
        else {
          fifo.push(value);
          expected.push(value);
        }
      }
      while (expected.length > 0) expect(fifo.shift()).toBe(expected.shift());
      expect(fifo.shift()).toBeUndefined();
    }),
  );
});
