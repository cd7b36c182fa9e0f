import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LineUp, Place } from "../../src/base/line-up.ts";

function fill(count: number) {
  const lineUp = new LineUp<number>();
  const places = Array.from({ length: count }, (_, index) => new Place(index));
  for (const place of places) lineUp.moveToEnd(place);
  return { lineUp, places };
}

describe("LineUp", () => {
  test("does what a Set does with delete and add", () => {
    const step = fc.record({ isLeaving: fc.boolean(), index: fc.nat({ max: 7 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { lineUp, places } = fill(8);
        const set = new Set(places.keys());
        for (const { isLeaving, index } of steps) {
          const place = places[index]!;
          const wasIn = set.delete(index);
          if (isLeaving) expect(lineUp.leave(place)).toBe(wasIn);
          else {
            set.add(index);
            lineUp.moveToEnd(place);
          }
          expect(place.isTaken).toBe(set.has(index));
        }
        expect([...lineUp]).toEqual([...set]);
        expect(lineUp.first).toBe([...set][0]);
        expect(lineUp.size).toBe(set.size);
      }),
    );
  });

  test("is gone through to its end, whoever leaves meanwhile", () => {
    const { lineUp, places } = fill(6);
    const seen: number[] = [];
    for (const member of lineUp) {
      seen.push(member);
      if (member === 1) for (const index of [1, 2, 3]) lineUp.leave(places[index]!);
    }
    expect(seen).toEqual([0, 1, 4, 5]);
    for (const member of lineUp) lineUp.leave(places[member]!);
    expect([...lineUp]).toEqual([]);
  });

  test("what has left holds on to nobody: a collection of garbage would take it for a reason to keep them all", () => {
    const { lineUp, places } = fill(3);
    const [first, second] = [places[0]!, places[1]!];
    lineUp.leave(first);
    expect([first.before, first.after]).toEqual([first, first]);
    for (const member of lineUp) if (member === 2) break;
    lineUp.leave(second);
    expect([second.before, second.after]).toEqual([second, second]);
  });

  test("and who leaves in a walk, holds on to nobody when the last walk has ended", () => {
    const { lineUp, places } = fill(4);
    const [first, second] = [places[0]!, places[1]!];
    for (const member of lineUp) {
      if (member !== 1) continue;
      lineUp.leave(second);
      lineUp.leave(first);
      lineUp.moveToEnd(first);
      for (const inner of lineUp) expect(inner).toBeGreaterThan(-1);
      expect(second.after).toBe(places[2]!);
    }
    expect([second.before, second.after]).toEqual([second, second]);
    expect([...lineUp]).toEqual([2, 3, 0]);
  });
});
