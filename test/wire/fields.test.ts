import { describe, expect, test } from "bun:test";
import { Fields } from "../../src/wire/fields.ts";

describe("Fields", () => {
  const fields = new Fields([
    ["A", "1"],
    ["b", "2"],
    ["a", "3"],
  ]);

  test("looks a name up without regard to case, lines joined (RFC 9110 §5.3)", () => {
    expect(fields.get("a")).toBe("1, 3");
    expect(fields.get("b")).toBe("2");
    expect(fields.get("c")).toBeUndefined();
    expect(fields.all("a")).toEqual(["1", "3"]);
    expect(fields.all("c")).toEqual([]);
    expect([fields.has("a"), fields.has("c")]).toEqual([true, false]);
  });

  test("keeps the lines in order, as they were written", () => {
    expect([...fields]).toEqual([
      ["A", "1"],
      ["b", "2"],
      ["a", "3"],
    ]);
    expect(fields.size).toBe(3);
    expect(Fields.NONE.size).toBe(0);
  });
});
