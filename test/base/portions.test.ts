import { describe, expect, test } from "bun:test";
import { type Asker, EVERYBODY, GivenUpError, Portions } from "../../src/base/portions.ts";
import { nextTurn } from "../../src/base/turn.ts";

/** Does `count` portions, and notes `name` for each. */
async function work(name: string, count: number, notes: string[], asker: Asker = EVERYBODY): Promise<void> {
  const portions = new Portions(asker);
  for (let index = 0; index < count; index += 1) {
    await portions.next();
    notes.push(name);
  }
}

/** Notes how many portions were done in each turn, until `jobs` are. */
async function portionsOfTurns(notes: readonly string[], jobs: Promise<unknown>): Promise<number[]> {
  const counts: number[] = [];
  const state = { isDone: false };
  const done = jobs.finally(() => (state.isDone = true));
  for (let before = 0; !state.isDone; before = notes.length) {
    await nextTurn();
    counts.push(notes.length - before);
  }
  await done;
  return counts;
}

describe("Portions", () => {
  test("of all jobs together are done one in a turn", async () => {
    const notes: string[] = [];
    const jobs = Promise.all(["a", "b", "c", "d"].map((name) => work(name, 5, notes)));
    const counts = await portionsOfTurns(notes, jobs);
    expect(notes).toHaveLength(20);
    expect(Math.max(...counts)).toBe(1);
  });

  test("go round among the jobs", async () => {
    const notes: string[] = [];
    await Promise.all(["a", "b", "c"].map((name) => work(name, 3, notes)));
    expect(notes.join("")).toBe("abcabcabc");
  });

  test("of a short job do not wait for all of the long ones, and those go on meanwhile", async () => {
    const notes: string[] = [];
    const long = Array.from({ length: 50 }, () => work("long", 20, notes));
    while (notes.length < 500) await nextTurn();
    const before = notes.length;
    await work("short", 4, notes);
    const meanwhile = notes.slice(before);
    expect(meanwhile.length).toBeLessThanOrEqual(12);
    expect(meanwhile).toContain("long");
    await Promise.all(long);
  });

  test("of an asker that says nothing more come after the others', but come", async () => {
    const notes: string[] = [];
    const silent = work("silent", 10, notes, { isGone: false, isSilent: true });
    const others = Array.from({ length: 10 }, () => work("other", 10, notes));
    await Promise.all(others);
    const silentBefore = notes.filter((name) => name === "silent").length;
    expect(silentBefore).toBeGreaterThan(5);
    expect(silentBefore).toBeLessThanOrEqual(10);
    expect(notes.slice(0, 7).filter((name) => name === "silent").length).toBeLessThanOrEqual(1);
    await silent;
    expect(notes).toHaveLength(110);
  });

  test("are refused when the asker has gone, all in one turn", async () => {
    const asker = { isGone: false, isSilent: false };
    const notes: string[] = [];
    const jobs = Array.from({ length: 100 }, () => work("gone", 3, notes, asker));
    const outcomes = Promise.allSettled(jobs);
    const other = work("other", 1, notes);
    asker.isGone = true;
    await nextTurn();
    await other;
    expect(notes).toEqual(["other"]);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(GivenUpError) });
    }
  });
});
