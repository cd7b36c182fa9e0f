import { describe, expect, test } from "bun:test";
import { runPool } from "../../src/client/job-pool.ts";

describe("runPool()", () => {
  test.each([1, 3, 20])("runs at most %d at once, all of them, in order", async (jobs) => {
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    await runPool(
      Array.from({ length: 10 }, (_, index) => index),
      { jobs },
      async (item) => {
        begun.push(item);
        running += 1;
        most = Math.max(most, running);
        await Bun.sleep(1);
        running -= 1;
      },
    );
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(most).toBe(Math.min(jobs, 10));
  });

  test("begins nothing after an error, waits for what runs, and throws the first", async () => {
    const ended: number[] = [];
    const running = runPool([0, 1, 2, 3], { jobs: 2 }, async (item) => {
      if (item === 0) throw new Error("first");
      await Bun.sleep(1);
      ended.push(item);
    });
    expect(await running.catch(String)).toBe("Error: first");
    expect(ended).toEqual([1]);
  });

  test("asks before each whether it may go on", async () => {
    const done: number[] = [];
    await runPool([0, 1, 2], { jobs: 1, mayGoOn: () => done.length < 2 }, async (item) => {
      done.push(item);
    });
    expect(done).toEqual([0, 1]);
  });
});
