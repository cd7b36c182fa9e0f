import { describe, expect, test } from "bun:test";
import { measureInRounds } from "./rounds.ts";

describe("measureInRounds()", () => {
  test("measures all in each round, in turns, and gives medians", async () => {
    const order: string[] = [];
    const values = new Map([
      ["a", [1, 9, 2]],
      ["b", [4, 4, 7]],
    ]);
    const samples = await measureInRounds({
      row: "row",
      subjects: [{ name: "a" }, { name: "b" }],
      rounds: 3,
      tell: () => undefined,
      measure: ({ name }) => {
        order.push(name);
        return Promise.resolve({ value: values.get(name)?.shift() ?? NaN });
      },
    });
    expect(order.join("")).toBe("abbaab");
    expect(samples.medians()).toEqual([
      { subject: "a", values: { value: 2 } },
      { subject: "b", values: { value: 4 } },
    ]);
  });
});
