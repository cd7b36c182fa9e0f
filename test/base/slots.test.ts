import { describe, expect, test } from "bun:test";
import { Slots } from "../../src/base/slots.ts";

describe("Slots", () => {
  test("gives as many places as there are, and again what is given back", () => {
    const slots = new Slots(2);
    expect([slots.tryTake(), slots.tryTake(), slots.tryTake(), slots.hasFree]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    slots.giveBack();
    expect([slots.hasFree, slots.tryTake()]).toEqual([true, true]);
  });

  test("gives a place that is given back to the one who has waited longest", async () => {
    const slots = new Slots(1);
    const order: string[] = [];
    await slots.take();
    const waiting = ["first", "second"].map(async (name) => {
      await slots.take();
      order.push(name);
    });
    slots.giveBack();
    await waiting[0];
    expect([order, slots.hasFree]).toEqual([["first"], false]);
    slots.giveBack();
    await waiting[1];
    slots.giveBack();
    expect([order, slots.hasFree]).toEqual([["first", "second"], true]);
  });
});
