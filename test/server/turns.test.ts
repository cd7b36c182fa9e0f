import { describe, expect, test } from "bun:test";
import { TurnQueue, type TurnTaker } from "../../src/server/turns.ts";
import { ManualClock } from "../support/manual-clock.ts";

/** Takers that note their turns; each turn takes `turnMs`. */
function setUp(turnMs: number) {
  const clock = new ManualClock();
  const queue = new TurnQueue(clock);
  const turns: string[] = [];
  const taker = (name: string, again = 0): TurnTaker => {
    let left = again;
    const self = {
      takeTurn(): void {
        turns.push(name);
        clock.advance(turnMs);
        if (left-- > 0) queue.add(self);
      },
    };
    return self;
  };
  return { queue, turns, taker };
}

/** Resolves after the immediates that are planned now. */
function nextImmediate(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}

describe("TurnQueue", () => {
  test("gives turns in the order of asking, never at once", async () => {
    const { queue, turns, taker } = setUp(0);
    for (const name of ["a", "b", "c"]) queue.add(taker(name));
    expect(turns).toEqual([]);
    await nextImmediate();
    expect(turns).toEqual(["a", "b", "c"]);
  });

  test("one that asks twice before its turn gets one", async () => {
    const { queue, turns, taker } = setUp(0);
    const a = taker("a");
    queue.add(a);
    queue.add(a);
    await nextImmediate();
    expect(turns).toEqual(["a"]);
  });

  test("one that always wants more does not keep the others waiting", async () => {
    const { queue, turns, taker } = setUp(0);
    queue.add(taker("greedy", 2));
    queue.add(taker("b"));
    await nextImmediate();
    expect(turns).toEqual(["greedy", "b"]);
    await nextImmediate();
    await nextImmediate();
    expect(turns).toEqual(["greedy", "b", "greedy", "greedy"]);
  });

  test("stops after a portion, so that sockets are looked at between two", async () => {
    const { queue, turns, taker } = setUp(1);
    for (const name of ["a", "b", "c", "d", "e"]) queue.add(taker(name));
    await nextImmediate();
    expect(turns).toEqual(["a", "b"]);
    await nextImmediate();
    expect(turns).toEqual(["a", "b", "c", "d"]);
  });

  test("one that has ended gets no turn", async () => {
    const { queue, turns, taker } = setUp(0);
    const gone = taker("gone");
    queue.add(gone);
    queue.add(taker("b"));
    queue.delete(gone);
    await nextImmediate();
    expect(turns).toEqual(["b"]);
  });
});
